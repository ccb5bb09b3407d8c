"""The SQL of docs/consuming/, run as it stands on DuckDB."""

import json
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import duckdb
import pytest

from schemas.examples import encode
from schemas.registry import load
from tests.bad_order import GREATEST, Sent, calls_of_greatest, records, revision, value_of

EXAMPLES = Path(__file__).parents[2] / "docs/examples"


def sql(name: str) -> str:
    return (EXAMPLES / name).read_text(encoding="utf-8")


@pytest.fixture
def warehouse() -> Iterator[duckdb.DuckDBPyConnection]:
    """An empty warehouse whose clock is UTC."""
    with duckdb.connect() as connection:
        connection.execute("set timezone = 'UTC'")
        yield connection


def arrive(warehouse: duckdb.DuckDBPyConnection, *sent: Sent) -> None:
    """One load: records into the landing table, and from there over what is older."""
    warehouse.execute("delete from arrived")
    rows = [(one.key, None if one.value is None else one.value.decode()) for one in sent]
    warehouse.executemany("insert into arrived values (?, ?)", rows)
    warehouse.execute(sql("upsert.sql"))


def held(warehouse: duckdb.DuckDBPyConnection) -> dict[str, tuple[str, int]]:
    rows = warehouse.execute("select key, revision, record from operator_hour").fetchall()
    return {key: (at, json.loads(record)["counts"]["calls"]) for key, at, record in rows}


def right() -> dict[str, tuple[str, int]]:
    calls = calls_of_greatest()
    return {key: (wanted, calls[key]) for key, wanted in GREATEST.items()}


def test_a_warehouse_ends_right_when_records_come_one_by_one(warehouse: duckdb.DuckDBPyConnection) -> None:
    """The upsert writes over lesser revisions only."""
    warehouse.execute(sql("table.sql"))
    for one in records(4):
        arrive(warehouse, one)
    assert held(warehouse) == right()


@pytest.mark.parametrize("size", [2, 5, 100])
def test_a_warehouse_ends_right_when_records_come_in_loads(warehouse: duckdb.DuckDBPyConnection, size: int) -> None:
    """A load with several records of one key, and a load that comes twice, end the same."""
    warehouse.execute(sql("table.sql"))
    everything = records(4)
    for first in range(0, len(everything), size):
        for _ in range(2):
            arrive(warehouse, *everything[first : first + size])
    assert {key: at for key, (at, _) in held(warehouse).items()} == GREATEST


def test_what_a_connector_landed_ends_right(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Rows by topic, partition and offset, in any order, become the table by the same upsert."""
    tables = sql("table.sql").split(";")
    warehouse.execute(next(statement for statement in tables if "operator_hour" in statement))
    warehouse.execute(sql("landed.sql"))
    for offset, one in enumerate(reversed(records(4))):
        if one.value is not None:
            warehouse.execute("insert into landed values ('kpi', 0, ?, ?)", [offset, one.value.decode()])
    warehouse.execute(sql("upsert.sql"))
    assert {key: at for key, (at, _) in held(warehouse).items()} == GREATEST


def hour(owner: str, start: str, calls: list[int], numerator: int) -> Sent:
    """An operator-hour with these calls by slot, and so many conversations, all in the first slot."""
    key = f"{owner}|{start}"
    value = value_of(key, revision(1, 1), sum(calls))
    rate = value["rates"]["contact_rate"] | {"numerator": numerator, "denominator": sum(calls)}
    slots = value["slots"] | {"calls": calls, "conversations": [numerator, *[0] * (len(calls) - 1)]}
    return Sent(key, encode(value | {"rates": {"contact_rate": rate}, "slots": slots}), 0)


def test_rates_add_up_before_they_are_divided(warehouse: duckdb.DuckDBPyConnection) -> None:
    """1 of 1 and 2 of 9 are 3 of 10, not the mean of 100 % and 22 %; nothing of nothing is null."""
    warehouse.execute(sql("table.sql"))
    arrive(
        warehouse,
        hour("o1", "2026-11-23T12:00:00Z", [1] + [0] * 11, 1),
        hour("o1", "2026-11-23T13:00:00Z", [9] + [0] * 11, 2),
        hour("o2", "2026-11-23T13:00:00Z", [0] * 12, 0),
        hour("o2", "2026-11-24T13:00:00Z", [5] * 12, 5),
    )
    day = [datetime.fromisoformat(f"2026-11-{number}T00:00:00+00:00") for number in (23, 24)]
    assert warehouse.execute(sql("rate.sql"), day).fetchall() == [("o1", 0.3), ("o2", None)]


@pytest.mark.parametrize(
    ("now", "calls", "conversations"),
    [("13:42:00", 33 + 300, 3), ("13:40:00", 33 + 300, 3), ("13:39:59", 41 + 300, 3), ("14:54:59", 0, 0)],
)
def test_the_rolling_hour_is_the_twelve_latest_slots(
    warehouse: duckdb.DuckDBPyConnection, now: str, calls: int, conversations: int
) -> None:
    """Slots that began within the last sixty minutes, the running one included; a short hour has six."""
    warehouse.execute(sql("table.sql"))
    arrive(
        warehouse,
        hour("o1", "2026-11-23T12:00:00Z", [1, 1, 1, 1, 1, 1, 1, 1, 8, 11, 11, 11], 7),
        hour("o1", "2026-11-23T13:00:00Z", [100] + [0] * 11, 1),
        hour("o2", "2026-11-23T13:00:00Z", [200, 0, 0, 0, 0, 0], 2),
    )
    at = datetime.fromisoformat(f"2026-11-23T{now}+00:00")
    [(found, spoken)] = warehouse.execute(sql("rolling.sql"), [at]).fetchall()
    assert (found or 0, spoken or 0) == (calls, conversations)


def test_the_connector_lands_records_where_the_view_looks(warehouse: duckdb.DuckDBPyConnection) -> None:
    """Topic, table and columns of the configuration are those of the registry and of the SQL beside it."""
    config = json.loads((EXAMPLES / "connect.json").read_text())["config"]
    assert load()[config["topics"]].kind == "kpi"
    warehouse.execute(sql("landed.sql"))
    columns = warehouse.execute(f"select column_name from (describe {config['table.name.format']})").fetchall()
    assert [name for (name,) in columns] == [*config["pk.fields"].split(","), config["transforms.wrap.field"]]
