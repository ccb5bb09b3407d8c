"""Versions of brokers, as a broker itself lists them: which are let in, and what is said of others."""

import pytest
from aiokafka.protocol import commit, fetch, group, metadata, produce
from kafka.protocol.broker_version_data import BROKER_API_VERSIONS

from streams.broker.door import SPOKEN, insist_on_versions
from streams.errors import UserError

HERE = "kafka:9092"


def refused(offered: dict[int, tuple[int, int]]) -> str:
    """What is said of a broker that lists these versions."""
    with pytest.raises(UserError) as error:
        insist_on_versions(HERE, offered)
    assert error.value.exit_code == 2
    return str(error.value)


@pytest.mark.parametrize("version", [version for version in BROKER_API_VERSIONS if version >= (3, 6)])
def test_every_kafka_that_knows_leases_is_let_in(version: tuple[int, ...]) -> None:
    """From 3.6 on a broker refuses records by their age."""
    insist_on_versions(HERE, BROKER_API_VERSIONS[version])


@pytest.mark.parametrize("version", [(0, 10, 2), (2, 8), (3, 5)])
def test_an_older_one_is_named_with_what_is_needed(version: tuple[int, ...]) -> None:
    """Its lists are those that real brokers gave."""
    said = refused(BROKER_API_VERSIONS[version])
    assert said.startswith(f"Kafka at {HERE} is version {'.'.join(map(str, version))}, and 3.6 or later is needed")
    assert said.endswith("update it")


def test_one_that_has_dropped_all_that_we_speak_is_of_an_unknown_version() -> None:
    """A Kafka of years to come: which request it is, what the broker speaks of it, and what a worker does."""
    newest = max(BROKER_API_VERSIONS)
    coming = {request: (greatest + 10, greatest + 20) for request, (_, greatest) in BROKER_API_VERSIONS[newest].items()}
    said = refused(coming)
    assert said.startswith(f"Kafka at {HERE} is of an unknown version (of Produce it speaks versions ")
    assert "and a worker 8 at most): use Kafka 3.6 to 4.3, or a later dialpulse" in said


def test_one_that_lacks_a_request_is_of_an_unknown_version() -> None:
    """A controller, or something that only looks like Kafka."""
    offered = {
        request: versions for request, versions in BROKER_API_VERSIONS[4, 0].items() if request != SPOKEN["Fetch"][0]
    }
    assert "is of an unknown version (of Fetch it has no such request" in refused(offered)


def test_what_a_worker_speaks_is_what_its_client_speaks() -> None:
    """A new aiokafka that speaks more has to be told here."""
    kinds = {
        "Produce": [getattr(produce, name) for name in vars(produce) if name.startswith("ProduceRequest_v")],
        "Fetch": [getattr(fetch, name) for name in vars(fetch) if name.startswith("FetchRequest_v")],
        "Metadata": [getattr(metadata, name) for name in vars(metadata) if name.startswith("MetadataRequest_v")],
        "OffsetCommit": [getattr(commit, name) for name in vars(commit) if name.startswith("OffsetCommitRequest_v")],
        "JoinGroup": [getattr(group, name) for name in vars(group) if name.startswith("JoinGroupRequest_v")],
    }
    assert {
        name: (found[0].API_KEY, max(kind.API_VERSION for kind in found)) for name, found in kinds.items()
    } == SPOKEN
