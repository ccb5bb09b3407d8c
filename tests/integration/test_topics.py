"""Topics on a real broker: made from the registry, compared with it, never shrunk."""

import time

import pytest
from click.testing import CliRunner, Result
from kafka.admin import ConfigResource, KafkaAdminClient

from schemas import registry
from streams import topics
from streams.commands import main
from streams.errors import UserError
from streams.settings import Settings, load_settings
from tests.floors import produce
from tests.integration.pipeline_rig import ago, call, log


def run(settings: Settings, *words: str, **other: str) -> Result:
    env = {
        "DIALPULSE_KAFKA": settings.kafka,
        "DIALPULSE_PREFIX": settings.prefix,
        "DIALPULSE_PARTITIONS": str(settings.partitions),
    }
    return CliRunner().invoke(main, ["topics", *words], env={**env, **other})


def change(settings: Settings, topic: str, key: str, value: str) -> None:
    admin = KafkaAdminClient(**settings.kafka_python())
    name = settings.topic(topic)
    admin.alter_configs([ConfigResource("topic", name, {key: value})])
    # The broker that is asked may learn of a change a moment after the controller has taken it.
    deadline = time.monotonic() + 10
    while admin.describe_configs([ConfigResource("topic", name)])["topic"][name].get(key, {}).get("value") != value:
        assert time.monotonic() < deadline
        time.sleep(0.05)
    admin.close()


def test_every_topic_of_the_registry_is_made_as_it_says(settings: Settings) -> None:
    """After apply, check finds nothing, and a second apply does nothing."""
    assert {line.split()[0] for line in topics.apply(settings)} == {settings.topic(name) for name in registry.load()}
    assert topics.check(settings) == []
    assert topics.apply(settings) == []


def test_partitions_follow_the_setting_where_owners_meet(settings: Settings) -> None:
    """Fact topics have the set number of partitions; the definition topic has one."""
    topics.apply(settings)
    admin = KafkaAdminClient(**settings.kafka_python())
    wanted = {settings.topic("dialer.calls.v1"): 4, settings.topic("dialpulse.definition.v1"): 1}
    found = {topic["name"]: len(topic["partitions"]) for topic in admin.describe_topics(list(wanted))}
    admin.close()
    assert found == wanted


def test_a_changed_setting_is_named_and_put_right(settings: Settings) -> None:
    """A setting that throws nothing away when it is changed back is changed back."""
    topics.apply(settings)
    change(settings, "dialer.calls.v1", "retention.ms", "1000000")
    [difference] = topics.check(settings)
    assert (difference.topic, difference.setting) == (settings.topic("dialer.calls.v1"), "retention.ms")
    assert difference.found == "1000000"
    assert len(topics.apply(settings)) == 1
    assert topics.check(settings) == []


@pytest.mark.parametrize(("key", "value"), [("retention.ms", "-1"), ("max.message.bytes", "9000000")])
def test_what_would_throw_facts_away_is_left_to_a_person(settings: Settings, key: str, value: str) -> None:
    """A longer retention and a greater record than the registry's are reported and never shortened."""
    topics.apply(settings)
    change(settings, "dialer.sales.v1", key, value)
    assert topics.apply(settings) == []
    [difference] = topics.check(settings)
    assert not difference.can_be_applied
    assert difference.found == value


def test_another_partition_count_is_reported_and_never_changed(settings: Settings) -> None:
    """Growing a keyed topic would send owners to other partitions than their earlier facts."""
    topics.apply(settings)
    larger = settings.model_copy(update={"partitions": 6})
    assert topics.apply(larger) == []
    assert {difference.setting for difference in topics.check(larger)} == {"partitions"}
    assert topics.check(settings) == []


def test_apply_deletes_and_shrinks_nothing(settings: Settings) -> None:
    """Under settings that ask for less of everything: topics of others, facts and sizes all stay as they are."""
    topics.apply(settings)
    calls, foreign = settings.topic("dialer.calls.v1"), settings.prefix + "somebody.else.v1"
    change(settings, "dialer.calls.v1", "retention.ms", str(500 * 24 * 3600 * 1000))
    admin = KafkaAdminClient(**settings.kafka_python())
    admin.create_topics({foreign: {"num_partitions": 3, "replication_factor": 1}})
    produce(settings, [call(f"c{number}", ago(60)) for number in range(20)])
    before = shapes(admin, [calls, foreign])
    less = settings.model_copy(update={"partitions": 1, "session_timeout": 6})
    done = topics.apply(less)
    assert {line.split(": ")[1].split()[0] for line in done} == {"message.timestamp.before.max.ms"}
    assert shapes(admin, [calls, foreign]) == before
    admin.close()
    assert len(log(settings, "dialer.calls.v1")) == 20
    left = {difference.setting for difference in topics.check(less)}
    assert left == {"partitions", "retention.ms"}


def shapes(admin: KafkaAdminClient, names: list[str]) -> dict[str, tuple[int, str]]:
    """Of each topic its number of partitions and how long it keeps records."""
    configs = admin.describe_configs([ConfigResource("topic", name) for name in names], config_filter="all")["topic"]
    found = admin.describe_topics(names)
    return {
        topic["name"]: (len(topic["partitions"]), configs[topic["name"]]["retention.ms"]["value"]) for topic in found
    }


def test_the_lease_follows_the_session_timeout(settings: Settings) -> None:
    """Another session timeout asks for another limit on what a broker takes from a frozen worker."""
    topics.apply(settings)
    longer = settings.model_copy(update={"session_timeout": 20})
    leased = {settings.topic(topic.name) for topic in registry.load().values() if topic.lease}
    assert {difference.topic for difference in topics.check(longer)} == leased
    topics.apply(longer)
    assert topics.check(longer) == []


def test_the_command_says_what_it_did_and_ends_as_it_found(settings: Settings) -> None:
    """Exit 1 where topics differ, 0 once they are made."""
    before = run(settings, "check")
    assert before.exit_code == 1
    assert f"{settings.topic('dialer.calls.v1')} is missing (run dialpulse topics apply)" in before.output
    assert run(settings, "apply").exit_code == 0
    after = run(settings, "check")
    assert (after.exit_code, after.output) == (0, "all topics are as the registry says\n")


def test_an_absent_broker_is_one_line(settings: Settings) -> None:
    """No traceback where nothing listens: the address, and what to do."""
    result = run(settings, "check", DIALPULSE_KAFKA="127.0.0.1:1")
    assert result.exit_code == 1
    assert result.stderr.count("\n") == 1
    assert "127.0.0.1:1 does not answer" in result.stderr
    with pytest.raises(UserError):
        topics.check(load_settings(kafka="127.0.0.1:1"))
