"""The four KPI records on the wire."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from processors.kpis import COUNTS, KPIS
from schemas.examples import load_examples
from schemas.kpis import COUNT_NAMES, KPI_TYPES, Counts, KpiRecord, Part, PartCounts

HEAD = ["hour_start", "hour_end", "time_zone", "revision", "is_final", "emitted_at", "conversation_rule"]
BODY = ["counts", "talk_seconds", "amounts", "rates", "slots"]


def test_operator_records_have_the_fields_of_the_contract_in_its_order() -> None:
    """People read these records, and the order is how they find their way."""
    value = load_examples("kpi.operator-hour.v1")[0].value_bytes()
    record = msgspec.json.decode(value, type=KPI_TYPES["kpi.operator-hour.v1"])
    who = ["schema", "owner", "operator_id", "team_id", "site_id"]
    assert list(json.loads(msgspec.json.encode(record))) == [*who, *HEAD, *BODY, "campaigns"]


@pytest.mark.parametrize("level", ["campaign", "team", "site"])
def test_rolled_up_records_name_their_own_id_and_their_operators(level: str) -> None:
    """A roll-up has the same body, its own id for owner, operator, team and site, and no campaigns."""
    example = load_examples(f"kpi.{level}-hour.v1")[0]
    record = msgspec.json.decode(example.value_bytes(), type=KPI_TYPES[f"kpi.{level}-hour.v1"])
    assert list(json.loads(msgspec.json.encode(record))) == ["schema", f"{level}_id", *HEAD, "operators", *BODY]


@pytest.mark.parametrize("topic", KPI_TYPES)
def test_records_are_told_apart_by_their_schema(topic: str) -> None:
    """One decoder reads all four; a record under a foreign name is refused."""
    value = load_examples(topic)[0].value_bytes()
    record = msgspec.json.decode(value, type=KpiRecord)
    assert type(record) is KPI_TYPES[topic]
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(value.replace(topic.encode(), b"kpi.moon-hour.v1"), type=KpiRecord)


def test_there_are_24_counts_and_the_registry_knows_them_in_the_same_order() -> None:
    """Records and formulas name the same counts."""
    assert len(COUNT_NAMES) == 24
    assert tuple(count.name for count in COUNTS) == COUNT_NAMES


counts = st.lists(st.integers(0, 2**40) | st.just(0), min_size=24, max_size=24)


@given(numbers=counts)
def test_a_part_leaves_zeros_out_and_gives_them_back(numbers: list[int]) -> None:
    """What is left out on the wire is zero to whoever decodes it."""
    part = Part(PartCounts(*numbers))
    wire = msgspec.json.encode(part)
    assert json.loads(wire)["counts"] == {n: v for n, v in zip(COUNT_NAMES, numbers, strict=True) if v}
    assert msgspec.json.decode(wire, type=Part) == part


@given(numbers=counts)
def test_a_records_counts_are_all_written(numbers: list[int]) -> None:
    """A reader of a record need not know which counts there are to find a zero."""
    assert json.loads(msgspec.json.encode(Counts(*numbers))) == dict(zip(COUNT_NAMES, numbers, strict=True))


@pytest.mark.parametrize("topic", KPI_TYPES)
def test_examples_hold_every_rate_of_the_registry(topic: str) -> None:
    """An example without a rate would tell its reader that the record has none."""
    for example in load_examples(topic):
        record = msgspec.json.decode(example.value_bytes(), type=KpiRecord)
        assert list(record.rates) == [kpi.name for kpi in KPIS]
