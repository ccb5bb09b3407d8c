"""Runs a worker to its end, without Faust's command line and what comes with it."""

import asyncio
import gc
import logging
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, nullcontext

from streams.engine.app import EngineApp
from streams.engine.table import RestoreError
from streams.errors import UserError

log = logging.getLogger(__name__)

STOPPED, FAILED = 0, 1
CANCEL_WITHIN = 2.0


Surroundings = Callable[[], AbstractAsyncContextManager[None]]


def run_worker(
    app: EngineApp, *, leave: bool = True, stop_within: float = 20.0, around: Surroundings = nullcontext
) -> int:
    """Runs until SIGTERM or SIGINT, or until something fails; returns the exit code.

    0: stopped as asked: flushed, committed, and (with `leave`) gone from its group, so that others take over at
    once; a worker that is about to be started again stays a member instead. 1: failed, and nothing was committed
    past the failure. 2: a UserError, which starting again will not mend. A stop that takes longer than
    `stop_within` seconds, or a second signal, ends the process itself with 1.

    `around` gives what lives in the same event loop: entered before the app starts, left after the last flush.
    """
    code = asyncio.run(_run_within(app, leave, stop_within, around))
    failure = app.engine.failure
    return failure.exit_code if isinstance(failure, UserError) else code


async def _run_within(app: EngineApp, leave: bool, stop_within: float, around: Surroundings) -> int:
    async with around():
        code = await _run(app, leave, stop_within)
    await _cancel_rest()
    return code


async def _run(app: EngineApp, leave: bool, stop_within: float) -> int:
    app.loop = asyncio.get_running_loop()
    app.in_worker = True
    asked = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        app.loop.add_signal_handler(number, lambda: os._exit(FAILED) if asked.is_set() else asked.set())
    starting = asyncio.create_task(_start(app))
    await _first(asked.wait(), app._crashed.wait(), app.engine.failed.wait(), _failure_of(starting))
    _note_failure(app, starting)
    app.engine.leaving = leave and app.engine.failure is None
    await _stop(app, starting, stop_within)
    return STOPPED if app.engine.failure is None else FAILED


async def _start(app: EngineApp) -> None:
    await app.start()
    # What was made for the start stays, and what is restored does: the table sees to that.
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


async def _failure_of(starting: asyncio.Task[None]) -> None:
    """Returns only if the start fails."""
    await asyncio.wait([starting])
    if starting.cancelled() or starting.exception() is None:
        await asyncio.Event().wait()


async def _first(*conditions: object) -> None:
    tasks = [asyncio.ensure_future(condition) for condition in conditions]  # type: ignore[call-overload]
    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    for task in tasks:
        task.cancel()


def _note_failure(app: EngineApp, starting: asyncio.Task[None]) -> None:
    """A crash that Faust noticed is a failure of the engine: nothing may be committed after it."""
    if starting.done() and not starting.cancelled() and (exc := starting.exception()) is not None:
        app.engine.fail(exc)
    if app.crashed:
        app.engine.fail(app.crash_reason or RuntimeError("a part of the worker crashed"))


async def _stop(app: EngineApp, starting: asyncio.Task[None], within: float) -> None:
    """Flushes, commits, leaves. A broker that is away must not keep a worker that is to end."""
    try:
        await asyncio.wait_for(app.stop(), within)
    except TimeoutError:
        log.critical("the worker did not stop within %.0f s; it ends here", within)
        logging.shutdown()
        os._exit(FAILED)
    except (Exception, RestoreError) as exc:  # noqa: BLE001 - whatever it is, it is the reason of the exit code
        app.engine.fail(exc)
    if app.crashed:
        app.engine.fail(app.crash_reason or RuntimeError("a part of the worker crashed while it stopped"))
    starting.cancel()


async def _cancel_rest() -> None:
    """What Faust left running would be reported as destroyed."""
    rest = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
    for task in rest:
        task.cancel()
    if rest:
        await asyncio.wait(rest, timeout=CANCEL_WITHIN)
