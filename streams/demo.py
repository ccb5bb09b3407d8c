"""The whole system on one machine: Kafka, Redis, topics, a worker, live input and the board, as one thing."""

import os
import secrets
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

from streams import ports, topics
from streams.errors import UserError
from streams.feeding import Fed, FeedThread, Tell
from streams.local import LocalStack
from streams.local.folders import state_folder
from streams.setting_values import host_and_port
from streams.settings import Settings, env_name, load_settings, variables
from streams.worker.supervisor import Supervisor, board_command, program, worker_command

PARTITIONS = 4
OWN = ("kafka", "redis_url", "partitions", "worker_http", "board_http", "pages_token")
"""The settings of the demo's worker and board that are not the user's."""
READY_WITHIN_S = 60.0

Feeding = Callable[[Settings, threading.Event], Fed]


def demo_folder() -> Path:
    """Where the demo keeps its data; emptied at each start."""
    return state_folder() / "demo"


@dataclass(frozen=True, slots=True)
class Addresses:
    """Where to look while a demo runs."""

    board: str
    worker: str
    settings: Settings

    def lines(self) -> list[str]:
        """What to open and what to type, for a person."""
        settings = self.settings
        hour = datetime.now(ZoneInfo(settings.time_zone)).strftime("%Y-%m-%dT%H")
        exported = f"{env_name('kafka')}={settings.kafka} {env_name('redis_url')}={settings.redis_url}"
        return [
            f"the wall:      http://{self.board}/",
            f"the floor:     http://{self.board}/?view=floor",
            f"metrics:       http://{self.worker}/metrics",
            f"other windows: export {exported} {env_name('partitions')}={PARTITIONS}",
            "               .venv/bin/dialpulse top",
            "               .venv/bin/dialpulse doctor",
            f"               .venv/bin/dialpulse explain OPERATOR {hour}",
            "               .venv/bin/dialpulse reconcile",
        ]


@contextmanager
def running_demo(tell: Tell, folder: Path | None = None) -> Iterator[Addresses]:
    """Starts everything but the input, yields where it is, and ends it all, whatever happens in between.

    Raises UserError where a part does not come up.
    """
    with ExitStack() as ending:
        stack = ending.enter_context(LocalStack(folder or demo_folder(), fresh=True, progress=tell))
        settings = _settings(stack)
        topics.apply(settings)
        # What the user set otherwise they read themselves.
        environment = variables(settings, OWN)
        tell("starting the worker and the board")
        worker = ending.enter_context(_supervised(worker_command(os.getpid()), environment))
        ending.enter_context(_supervised(board_command(os.getpid()), environment))
        for name, address in (("worker", settings.worker_http), ("board", settings.board_http)):
            _await_ready(name, address, worker)
        yield Addresses(settings.board_http, settings.worker_http, settings)
        tell("ending the worker, the board, Kafka and Redis")


def feed(feeding: Feeding, settings: Settings) -> FeedThread:
    """Starts the input beside everything else; ``finish`` ends it."""
    thread = FeedThread(lambda stop: feeding(settings, stop))
    thread.start()
    return thread


def _settings(stack: LocalStack) -> Settings:
    """The user's settings on the demo's own Kafka and Redis, with ports that are free."""
    base = load_settings()
    addresses = {}
    for field in ("worker_http", "board_http"):
        address = getattr(base, field)
        if field not in base.model_fields_set:
            host, port = host_and_port(address)
            address = f"{host}:{ports.next_free(host, port)}"
        addresses[field] = address
    # Board and worker are both the demo's own, so they need nobody to tell them a token.
    token = base.pages_token or secrets.token_urlsafe()
    own = {"kafka": stack.kafka, "redis_url": stack.redis_url, "partitions": PARTITIONS, "pages_token": token}
    return load_settings(**own, **addresses)


@contextmanager
def _supervised(command: list[str], environment: dict[str, str]) -> Iterator[Supervisor]:
    supervisor = Supervisor([program(command, environment)])
    thread = threading.Thread(target=supervisor.run, name=command[3], daemon=True)
    thread.start()
    try:
        yield supervisor
    finally:
        supervisor.stop()
        thread.join(30)


def _await_ready(name: str, address: str, worker: Supervisor) -> None:
    deadline = time.monotonic() + READY_WITHIN_S
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(f"http://{address}/readyz", timeout=2):
                return
        except (urllib.error.URLError, OSError):
            if worker.ended is not None:
                raise UserError(
                    f"the worker ended with {worker.ended}; its last lines above say why", exit_code=1
                ) from None
            time.sleep(0.1)
    raise UserError(f"the {name} at {address} was not ready within {READY_WITHIN_S:.0f} s", exit_code=1)
