"""The board's JSON. Errors are `{"error": what is wrong, "do": what to do}`."""

from aiohttp import web
from redis import RedisError

from processors.owners import partition_of
from processors.rollup import MAIN_SITE
from processors.times import parse_time
from schemas.kpis import OperatorHour
from schemas.redis_keys import hour_name, parse_hour_name
from streams.board.freshness import silent_partitions
from streams.board.keys import ANSWERS, PAGES, READER
from streams.board.replies import failed, json_reply
from streams.settings import env_name


async def board(request: web.Request) -> web.Response:
    """`/api/board?site=`: the wall's numbers; its shape is `streams.board.wall.Wall`."""
    await request.app[ANSWERS].watch.first()
    answer = request.app[ANSWERS].answer(request.query.get("site"))
    return web.Response(body=answer.body, content_type="application/json", charset="utf-8")


async def operators(request: web.Request) -> web.Response:
    """`/api/hours/<hour>/operators?site=`: every operator-hour record of an hour, in order of owner."""
    hour_us = hour_of(request)
    reader = request.app[READER]
    try:
        owners = await reader.owners(hour_us)
        records = await reader.operator_hours(owners, hour_us)
    except (RedisError, OSError) as error:
        raise _away(error) from error
    if not records:
        raise failed(
            404,
            f"no record in the hour {hour_name(hour_us)}",
            "take an hour of the last 48, by its start in UTC",
        )
    site = request.query.get("site")
    chosen = [record for record in records if site is None or (record.site_id or MAIN_SITE) == site]
    return json_reply({"hour": hour_name(hour_us), "site": site, "operators": chosen})


async def operator_hour(request: web.Request) -> web.Response:
    """`/api/operators/<id>/hours/<hour>`: one operator-hour record; `<id>` is the owner, percent-encoded."""
    hour_us, owner = hour_of(request), request.match_info["owner"]
    try:
        found: list[OperatorHour] = await request.app[READER].operator_hours([owner], hour_us)
    except (RedisError, OSError) as error:
        raise _away(error) from error
    if not found:
        raise failed(
            404,
            f"no record of {owner!r} in the hour {hour_name(hour_us)}",
            f"see who has one at /api/hours/{hour_name(hour_us)}/operators",
        )
    return json_reply(found[0])


async def facts(request: web.Request) -> web.Response:
    """`/api/operators/<id>/hours/<hour>/facts`: the operator-hour explained, as `dialpulse explain --json` does it."""
    owner, hour_us = request.match_info["owner"], hour_of(request)
    rounds = request.app[ANSWERS].watch.rounds
    holdings = rounds.holdings
    await request.app[ANSWERS].watch.first()
    marker = holdings.marker
    partition = partition_of(owner, marker.partitions) if marker else 0
    beat = holdings.beats.get(partition)
    if beat is None or partition in silent_partitions(holdings, rounds.now_us()):
        raise failed(503, f"no worker serves partition {partition} now", "start one, or wait for its recovery")
    status, body = await request.app[PAGES].page(beat.worker, owner, hour_us)
    # A refusal is between the board and the worker: the browser's own sign-in is good.
    if status in (401, 403):
        raise failed(502, "the worker does not take the board's token", f"set one {env_name('pages_token')} for both")
    return web.Response(body=body, status=status, content_type="application/json", charset="utf-8")


async def alive(request: web.Request) -> web.Response:
    """`/healthz`: the process answers."""
    return json_reply({"status": "alive"})


async def ready(request: web.Request) -> web.Response:
    """`/readyz`: 200 while Redis answers, else 503."""
    try:
        await request.app[READER].redis.ping()
    except (RedisError, OSError) as error:
        raise _away(error) from error
    return json_reply({"status": "ready"})


def hour_of(request: web.Request) -> int:
    """The start (us) of the hour in a path; HTTPException 400 where it is none."""
    text = request.match_info["hour"]
    hour_us = parse_hour_name(text)
    if hour_us is None:
        try:
            hour_us = parse_time(text)
            hour_name(hour_us)
        except ValueError:
            raise failed(
                400,
                f"{text!r} is no hour",
                "write its start in UTC: 20261123T1300Z or 2026-11-23T13:00:00Z",
            ) from None
    return hour_us


def _away(error: Exception) -> web.HTTPException:
    return failed(
        503,
        f"Redis does not answer: {type(error).__name__}",
        "start Redis, or correct DIALPULSE_REDIS_URL",
    )
