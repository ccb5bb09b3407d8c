"""A second recount of a call log, in SQL over the raw file: it shares nothing with the program but the definitions."""

from pathlib import Path

import duckdb

Counted = dict[tuple[str, str], tuple[int, int]]
"""(owner, hour as `2026-11-23T13:00:00Z`) -> (calls, conversations by the rule `outcome-or-talk-20s`)."""

_ROWS = r"""
with cells as (
    select * from read_csv($path, delim = '\t', header = true, all_varchar = true, quote = '', escape = '',
                           compression = $compression, encoding = 'latin-1', strict_mode = false)
), seconds as (
    select *,
        epoch(vru_entry::time) as began,
        case when ser_start = '0:00:00' and ser_exit = '0:00:00' then null else epoch(ser_start::time) end as answered,
        case when ser_start <> '0:00:00' or ser_exit <> '0:00:00' then epoch(ser_exit::time)
             when q_start <> '0:00:00' or q_exit <> '0:00:00' then epoch(q_exit::time)
             else epoch(vru_exit::time) end as ended
    from cells
), near as (
    -- A time of day lies within twelve hours of the row's start.
    select * exclude (answered, ended),
        answered + 86400 * (case when answered - began < -43200 then 1 when answered - began > 43200 then -1 else 0 end)
            as answered,
        ended + 86400 * (case when ended - began < -43200 then 1 when ended - began > 43200 then -1 else 0 end) as ended
    from seconds
), judged as (
    select *,
        case when outcome = 'PHANTOM' then 'phantom'
             when least(vru_time::int, q_time::int, ser_time::int) < 0 then 'negative'
             when coalesce(answered < began - 5, false) or ended < greatest(began, coalesce(answered, began)) - 5
                 then 'out of order'
             else 'good' end as verdict
    from near
)
"""

_COUNTED = """
select case when server = 'NO_SERVER' then '@' || type else server end as owner,
    strftime(date_trunc('hour', timezone('UTC', timezone($zone, strptime(date || vru_entry, '%y%m%d%H:%M:%S')))),
             '%Y-%m-%dT%H:%M:%SZ') as hour,
    count(distinct ("vru+line", call_id)) as calls,
    count(distinct ("vru+line", call_id)) filter (outcome = 'AGENT' and ser_time::int >= 20) as conversations
from judged where verdict = 'good' group by all
"""


def recount(path: Path, zone: str = "Asia/Jerusalem") -> Counted:
    """Calls and conversations per owner and hour; `zone` is the log's (whole hours from UTC, like its sites')."""
    found = duckdb.execute(_ROWS + _COUNTED, _parameters(path) | {"zone": zone}).fetchall()
    return {(owner, hour): (calls, conversations) for owner, hour, calls, conversations in found}


def verdicts(path: Path) -> dict[str, int]:
    """How many rows are good, phantom, negative, out of order."""
    return dict(
        duckdb.execute(_ROWS + "select verdict, count(*) from judged group by all", _parameters(path)).fetchall()
    )


def _parameters(path: Path) -> dict[str, str]:
    packed = path.read_bytes()[:2] == b"\x1f\x8b"
    return {"path": str(path), "compression": "gzip" if packed else "none"}
