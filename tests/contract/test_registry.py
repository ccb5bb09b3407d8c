"""The registry of topics."""

from importlib.resources import files
from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

from schemas.facts import FACT_TYPES
from schemas.json_schemas import schemas
from schemas.kpis import KPI_TYPES
from schemas.registry import DAY_MS, Topic, lease_config, load
from schemas.rejections import RESERVED, Reason

TOPICS = load()
every_topic = pytest.mark.parametrize("topic", TOPICS.values(), ids=list(TOPICS))


def test_every_file_of_the_folder_is_a_known_topic() -> None:
    """A file that the registry does not load would be a promise that nobody keeps."""
    assert {entry.name for entry in files("schemas").joinpath("topics").iterdir()} == {
        f"{name}.yaml" for name in TOPICS
    }


def test_facts_come_first_in_the_order_of_the_contract() -> None:
    """Whoever walks the registry meets inputs before outputs."""
    assert list(TOPICS)[:5] == list(FACT_TYPES)
    assert [name for name, topic in TOPICS.items() if topic.kind == "fact"] == list(FACT_TYPES)
    assert [name for name, topic in TOPICS.items() if topic.kind == "kpi"] == list(KPI_TYPES)


def test_every_schema_belongs_to_a_topic_and_every_topics_schema_exists() -> None:
    """No schema is left unreferenced, in the code or in the folder."""
    named = {version.schema for topic in TOPICS.values() for version in topic.versions if version.schema}
    assert named == set(schemas())
    assert named == {entry.name.removesuffix(".json") for entry in files("schemas").joinpath("json").iterdir()}


@every_topic
def test_versions_have_no_gap_and_end_with_the_topics_own(topic: Topic) -> None:
    """A topic's name carries its version; those before it are listed, one by one."""
    numbers = [version.version for version in topic.versions]
    assert numbers == list(range(1, int(topic.name.rpartition(".v")[2]) + 1))


def test_a_topic_of_several_versions_has_them_all() -> None:
    """Version 2 of a topic comes beside version 1, whose readers are still there."""
    families = groupby(sorted(name.rpartition(".v")[::2] for name in TOPICS), key=lambda parts: parts[0])
    for family, parts in families:
        assert [int(number) for _, number in parts] == list(range(1, len(TOPICS[f"{family}.v1"].versions) + 1))


@every_topic
def test_what_may_be_wrong_is_listed_in_order_of_precedence(topic: Topic) -> None:
    """Facts are judged, nothing else is, and no reserved reason is given yet."""
    assert bool(topic.rejects) == (topic.kind == "fact")
    assert topic.rejects == [reason for reason in Reason if reason in topic.rejects]
    assert not RESERVED & set(topic.rejects)


def test_every_reason_that_is_not_reserved_applies_somewhere() -> None:
    """A reason that no topic lists could be dropped."""
    assert {reason for topic in TOPICS.values() for reason in topic.rejects} == set(Reason) - RESERVED


@every_topic
def test_leased_topics_are_the_compacted_ones_whose_last_record_must_be_the_greatest(topic: Topic) -> None:
    """Compaction keeps the last of a key: without a lease a frozen writer's record could be it."""
    written_once = topic.name == "dialpulse.definition.v1"
    assert topic.lease == (topic.is_compacted and not written_once)
    settings = topic.config(10)
    if topic.lease:
        assert topic.timestamp == "CreateTime"
        assert settings["message.timestamp.before.max.ms"] == "8000"
        assert settings["message.timestamp.after.max.ms"] == "1000"
        assert int(settings["min.compaction.lag.ms"]) > 10_000
    else:
        assert not any(name.startswith("message.timestamp.before") for name in settings)


@every_topic
def test_the_brokers_settings_say_what_the_entry_says(topic: Topic) -> None:
    """All settings are text, as the broker wants them, and segments are small enough for the retention to mean it."""
    settings = topic.config(10)
    assert settings["cleanup.policy"] == ",".join(topic.cleanup)
    assert settings["message.timestamp.type"] == topic.timestamp
    assert int(settings["max.message.bytes"]) >= 2**20
    if topic.retention_days is None:
        assert settings["retention.ms"] == "-1"
    else:
        assert int(settings["retention.ms"]) == topic.retention_days * DAY_MS
        assert int(settings["segment.ms"]) * 8 <= topic.retention_days * DAY_MS
    assert all(isinstance(value, str) for value in settings.values())


@pytest.mark.parametrize(
    ("name", "days"),
    [
        ("dialer.calls.v1", 14),
        ("dialer.conversations.v1", 14),
        ("dialer.appointments.v1", 400),
        ("dialer.sales.v1", 400),
        ("dialer.presence.v1", 14),
        ("dialer.rejected.v1", 30),
        ("kpi.operator-hour.v1", 400),
        ("kpi.site-hour.v1", 400),
        ("dialpulse.pages-changelog.v1", 200),
        ("dialpulse.contributions.v1", 200),
        ("dialpulse.rollups-changelog.v1", 200),
        ("dialpulse.definition.v1", None),
    ],
)
def test_records_are_kept_as_long_as_promised(name: str, days: int | None) -> None:
    """Retentions are part of the contract."""
    assert TOPICS[name].retention_days == days


def test_facts_are_stamped_on_arrival_and_take_more_than_is_accepted() -> None:
    """Lateness goes by arrival where a source says nothing; what is too large is rejected, so it must fit."""
    for name in FACT_TYPES:
        assert TOPICS[name].timestamp == "LogAppendTime"
        assert TOPICS[name].cleanup == ["delete"]
    rejected = TOPICS["dialer.rejected.v1"].max_message_bytes
    assert rejected == 2 * 2**20
    assert all(rejected > TOPICS[name].max_message_bytes > 2**20 for name in FACT_TYPES)


@every_topic
def test_partitions_follow_the_setting_or_are_a_number(topic: Topic) -> None:
    """All fact topics have the same count, or an owner's facts would not meet."""
    expected = 1 if topic.name == "dialpulse.definition.v1" else 12
    assert topic.partition_count(12) == expected


@given(session=st.floats(2.001, 3600))
def test_a_lease_ends_two_seconds_before_the_session(session: float) -> None:
    """No record of an old owner can land after one of the new."""
    before = int(lease_config(session)["message.timestamp.before.max.ms"])
    assert abs(before - (session - 2) * 1000) <= 0.5


@pytest.mark.parametrize("session", [0, 1, 2])
def test_a_session_without_room_for_a_lease_is_refused(session: float) -> None:
    """A lease of no length would refuse every record."""
    with pytest.raises(ValueError, match="leaves no lease"):
        TOPICS["kpi.operator-hour.v1"].config(session)
