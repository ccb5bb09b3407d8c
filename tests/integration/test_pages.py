"""The facts behind a number: from a real worker, by its token, through the board and through nobody else."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Any, NamedTuple
from urllib.parse import quote

import msgspec
import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from click.testing import CliRunner

from streams.board.server import make_app
from streams.commands import main
from streams.local import LocalStack
from streams.producing import Outgoing
from streams.recount.reconcile import reconcile
from streams.settings import Settings, load_settings
from streams.worker.heartbeats import reachable
from streams.worker.pages import MOST_STATEMENTS
from tests.floors import produce
from tests.workers import Worker, environment, running_worker

HOUR, NAME = "2025-11-04T09:00:00Z", "20251104T0900Z"
TOKEN = "pages-token-of-20-signs"
ODD = "o/1 <b>%2F"


class Floor(NamedTuple):
    """A running worker and its settings."""

    settings: Settings
    worker: Worker


def fact(owner: str, call_id: str, talk: float) -> Outgoing:
    """A call at ten past nine."""
    value = {
        "operator_id": owner, "campaign_id": "autumn", "stated_at": "2025-11-04T12:00:00Z", "call_id": call_id,
        "started_at": "2025-11-04T09:10:00Z", "talk_seconds": talk,
    }  # fmt: skip
    return Outgoing(0, "dialer.calls.v1", owner.encode(), msgspec.json.encode(value))


@pytest.fixture(scope="module")
def floor(stack: LocalStack, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Floor]:
    """A worker that took two calls of one operator, one of an odd one, and more than it will tell of a third."""
    settings = load_settings(
        kafka=stack.kafka, redis_url=stack.redis_url, prefix="pages.", partitions=4, pages_token=TOKEN
    )
    with running_worker(settings, tmp_path_factory.mktemp("pages")) as worker:
        facts = [fact("o1", "c1", 90), fact("o1", "c2", 3), fact(ODD, "c3", 50)]
        produce(settings, facts + [fact("busy", f"b{n}", 0) for n in range(MOST_STATEMENTS + 1)])
        assert reconcile(settings).agrees
        yield Floor(settings, worker)


def asked(floor: Floor, path: str, token: str | None = TOKEN) -> tuple[int, dict[str, Any]]:
    """What the worker itself answers."""
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    request = urllib.request.Request(f"http://{floor.worker.address}{path}", headers=headers)
    try:
        with urllib.request.urlopen(request, timeout=10) as answer:  # noqa: S310 - our own worker
            return answer.status, json.loads(answer.read())
    except urllib.error.HTTPError as error:
        return error.code, json.loads(error.read())


def test_a_page_is_told_as_explain_tells_it(floor: Floor) -> None:
    """The same content to the letter: one rulebook, whichever way it is asked."""
    status, told = asked(floor, f"/pages/o1/{NAME}")
    said = CliRunner().invoke(main, ["explain", "o1", HOUR, "--json"], env=environment(floor.settings))
    assert status == 200
    assert told == json.loads(said.stdout)
    assert [statement["adds"].get("conversations", 0) for statement in told["statements"]] == [1, 0]
    assert asked(floor, f"/pages/o1/{quote(HOUR)}")[1] == told


@pytest.mark.parametrize(
    ("path", "token", "status"),
    [
        (f"/pages/o1/{NAME}", None, 401),
        (f"/pages/o1/{NAME}", TOKEN + "x", 401),
        (f"/pages/o1/{NAME}", "", 401),
        ("/pages/o1/yesterday", TOKEN, 400),
        (f"/pages/nobody/{NAME}", TOKEN, 404),
        (f"/pages/busy/{NAME}", TOKEN, 413),
    ],
)
def test_what_is_refused_says_why_and_what_to_do(floor: Floor, path: str, token: str | None, status: int) -> None:
    """Without the token, nothing; a page that would hold up the worker is left to `dialpulse explain`."""
    got, answer = asked(floor, path, token)
    assert got == status
    assert answer["error"]
    assert answer["do"]


async def through_board(floor: Floor, path: str, **given: Any) -> tuple[int, dict[str, Any]]:
    """What a board over the same Redis answers."""
    changes: dict[str, Any] = {"pages_token": TOKEN} | given
    settings = load_settings(
        redis_url=floor.settings.redis_url,
        prefix=floor.settings.prefix,
        **{name: value for name, value in changes.items() if value is not None},
    )
    client: TestClient[web.Request, web.Application]
    async with TestClient(TestServer(make_app(settings))) as client:
        answer = await client.session.get(client.make_url("/").with_path(path, encoded=True))
        return answer.status, await answer.json()


async def test_the_board_finds_the_worker_by_its_heartbeat(floor: Floor) -> None:
    """Any operator, whatever the id is made of."""
    path = f"/api/operators/{quote(ODD, safe='')}/hours/{NAME}/facts"
    status, told = await through_board(floor, path)
    assert (status, told["owner"], told["counts"]["calls"]) == (200, ODD, 1)


@pytest.mark.parametrize(
    ("operator", "given", "status", "word"),
    [
        ("o1", {"pages_token": None}, 503, "PAGES_TOKEN"),
        ("o1", {"pages_token": "another-token-of-20"}, 502, "PAGES_TOKEN"),
        ("nobody", {}, 404, "nobody"),
    ],
)
async def test_a_board_that_cannot_tell_says_why(
    floor: Floor, operator: str, given: dict[str, Any], status: int, word: str
) -> None:
    """Its own sign-in is another matter: no 401 of the worker reaches the browser, and no token either."""
    got, answer = await through_board(floor, f"/api/operators/{operator}/hours/{NAME}/facts", **given)
    assert got == status
    assert word in answer["error"] + answer["do"]
    assert TOKEN not in json.dumps(answer)


def test_an_address_for_everybody_is_told_as_a_name() -> None:
    """A worker in a container listens to all; others reach it by its host's name."""
    assert reachable("127.0.0.1:9464") == "127.0.0.1:9464"
    assert not reachable("0.0.0.0:9464").startswith("0.0.0.0")  # noqa: S104 - told, not listened at
    assert reachable("[::]:9464").endswith(":9464")
