"""A real chromium before a real board: what the browser tests share."""

import contextlib
import json
import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, sync_playwright
from redis import Redis

from streams.board.server import clock_us
from streams.settings import Settings
from tests.board_floor import Floor, Made, believable

CHROMIUM = "/usr/bin/chromium"
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
RUN = (sys.executable, "-c", "from streams.commands import main; main()")


class Pipeline:
    """Stands where a worker would: writes a floor's records, and a sign of life every second until told otherwise."""

    def __init__(self, settings: Settings, floor: Floor) -> None:
        self.floor = floor
        self.prefix = settings.prefix
        self.redis = Redis.from_url(settings.redis_url)
        self.living: tuple[int, ...] = tuple(range(floor.marker.partitions))
        self._ending = threading.Event()
        self._beating = threading.Thread(target=self._beat, daemon=True)

    def start(self) -> None:
        """Writes everything and begins to beat."""
        self.write()
        self._beating.start()

    def write(self, hint: bool = True) -> None:
        """Writes the floor's records as they are now."""
        self.floor.write(self.redis, self.prefix, hint=hint)
        self.floor.beat(self.redis, self.prefix, clock_us(), self.living)

    def end(self) -> None:
        """No more signs of life."""
        self._ending.set()
        if self._beating.is_alive():
            self._beating.join()
        self.redis.close()

    def _beat(self) -> None:
        while not self._ending.wait(0.5):
            self.floor.beat(self.redis, self.prefix, clock_us(), self.living)


_ON_PURPOSE = re.compile(r"net::ERR_|responded with a status of 40[13]")

Start = Callable[..., Pipeline]


Answering = Callable[[str, object], str]


class Board:
    """`dialpulse board` as a process of its own."""

    def __init__(self, settings: Settings, **more: str) -> None:
        mine = {"DIALPULSE_REDIS_URL": settings.redis_url, "DIALPULSE_PREFIX": settings.prefix}
        mine |= {f"DIALPULSE_{name.upper()}": value for name, value in more.items()}
        self._environment = {**os.environ, **mine}
        self._start()

    def _start(self, *options: str) -> None:
        self.process = subprocess.Popen(
            [*RUN, "board", *options], env=self._environment, stdout=subprocess.PIPE, text=True, bufsize=1
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        self.address = next(word for word in line.split() if word.startswith("http://"))

    def restart(self) -> None:
        """Ends it and starts it at the same address."""
        self.end()
        self._start("--port", self.address.rstrip("/").rpartition(":")[2])

    def end(self) -> None:
        """Ends the process at once, as a crash would."""
        self.process.kill()
        self.process.wait()


@pytest.fixture
def board(settings: Settings) -> Iterator[Board]:
    """A board over the test's prefix."""
    running = Board(settings)
    yield running
    running.end()


@pytest.fixture(scope="module")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """The system's chromium with a fresh profile.

    For one module: playwright's loop must have ended before tests that run loops of their own.
    """
    if not Path(CHROMIUM).exists():
        pytest.fail(f"{CHROMIUM} is missing: apt-get install chromium")
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            tmp_path_factory.mktemp("profile"), executable_path=CHROMIUM, args=ARGUMENTS
        )
        yield context
        context.close()


@pytest.fixture
def page(chromium: BrowserContext) -> Iterator[Page]:
    """A page that fails its test if the browser had anything to complain of."""
    opened = chromium.new_page()
    complaints: list[str] = []
    opened.on("pageerror", lambda error: complaints.append(str(error)))
    opened.on(
        "console", lambda message: complaints.append(message.text) if message.type in ("error", "warning") else None
    )
    opened.on("dialog", lambda dialog: complaints.append(f"dialog: {dialog.message}"))
    yield opened
    opened.close()
    # A board that was ended, or that shut somebody out, on purpose is reported by the network, not by the page.
    assert [text for text in complaints if not _ON_PURPOSE.search(text)] == []


Boards = Callable[..., Board]


@pytest.fixture
def answering() -> Iterator[Answering]:
    """Starts a small HTTP server that answers a path with JSON; gives its address."""
    with contextlib.ExitStack() as stack:

        def begin(path: str, content: object) -> str:
            class Handler(BaseHTTPRequestHandler):
                def do_GET(self) -> None:
                    body = json.dumps(content).encode()
                    self.send_response(200 if self.path.partition("?")[0] == path else 404)
                    self.send_header("Content-Length", str(len(body)))
                    self.end_headers()
                    self.wfile.write(body)

                def log_message(self, *told: object) -> None:
                    """Says nothing."""

            server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
            threading.Thread(target=server.serve_forever, daemon=True).start()
            stack.callback(server.server_close)
            stack.callback(server.shutdown)
            return f"http://127.0.0.1:{server.server_address[1]}"

        yield begin


@pytest.fixture
def boards(settings: Settings) -> Iterator[Boards]:
    """Starts boards with further settings, and ends them."""
    with contextlib.ExitStack() as stack:

        def begin(**more: str) -> Board:
            running = Board(settings, **more)
            stack.callback(running.end)
            return running

        yield begin


@pytest.fixture
def start(settings: Settings, pipelines: contextlib.ExitStack) -> Start:
    """Starts a pipeline over these calls, or over a believable day."""

    def begin(*made: Made, zones: dict[str, str] | None = None, operators: int = 12, hours: int = 9) -> Pipeline:
        floor = Floor({"lyon": "Europe/Paris"} if zones is None else zones, default="Europe/Paris")
        floor.made = list(made) or believable("lyon", "Europe/Paris", clock_us(), operators=operators, hours=hours)
        pipeline = Pipeline(settings, floor)
        pipelines.callback(pipeline.end)
        pipeline.start()
        return pipeline

    return begin


@pytest.fixture
def pipelines() -> Iterator[contextlib.ExitStack]:
    """Ends every pipeline that a test started."""
    with contextlib.ExitStack() as stack:
        yield stack
