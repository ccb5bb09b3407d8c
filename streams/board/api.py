"""The board's JSON. Errors are `{"error": what is wrong, "do": what to do}`."""

from aiohttp import web
from redis import RedisError

from processors.times import parse_time
from schemas.kpis import OperatorHour
from schemas.redis_keys import hour_name, parse_hour_name
from streams.board.holdings import MAIN_SITE
from streams.board.keys import ANSWERS, READER
from streams.board.replies import failed, json_reply


async def board(request: web.Request) -> web.Response:
    """`/api/board?site=`: the wall's numbers; its shape is `streams.board.wall.Wall`."""
    await request.app[ANSWERS].watch.first()
    answer = request.app[ANSWERS].answer(request.query.get("site"))
    return web.Response(body=answer.body, content_type="application/json", charset="utf-8")


async def operators(request: web.Request) -> web.Response:
    """`/api/hours/<hour>/operators?site=`: every operator-hour record of an hour, in order of owner."""
    hour_us = _hour(request)
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
    hour_us, owner = _hour(request), request.match_info["owner"]
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


def _hour(request: web.Request) -> int:
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
