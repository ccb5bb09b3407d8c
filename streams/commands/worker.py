"""`dialpulse worker`."""

import gc
import logging
import sys
from functools import partial

import click

from streams.errors import UserError
from streams.ports import listening_socket
from streams.settings import Settings, load_settings
from streams.topics import check
from streams.worker.body import Worker
from streams.worker.instance import take_instance_id
from streams.worker.supervisor import Begun, Child, Supervisor, end_with, fork, supervised_by

MOST_WORKERS = 64


@click.command(
    short_help="Pipeline workers; more of them share the load.",
    epilog="Example: DIALPULSE_KAFKA=127.0.0.1:9092 dialpulse worker --workers 2",
)
@click.option(
    "--workers",
    type=click.IntRange(1, MOST_WORKERS),
    default=1,
    show_default=True,
    help="So many processes, which share the load: one for each core that Kafka leaves.",
)
@click.option(
    "--unsupervised", is_flag=True, help="Do not start again when it ends: for use under systemd and the like."
)
@supervised_by
@click.option("--verbose", is_flag=True, help="Log what the parts below say, too.")
def command(workers: int, unsupervised: bool, supervised_by: int | None, verbose: bool) -> int:
    """Runs pipeline workers: facts in, KPI topics, Redis and metrics out. Start more of them to share the load.

    A worker stops rather than write a wrong number; it is then started again, with growing pauses, except after a
    wrong setting. Ctrl-C or SIGTERM stops it: everything is written and committed, and others take over at once.

    With --workers each has a port of its own, from that of DIALPULSE_WORKER_HTTP upwards, and a name of its own in the
    group: DIALPULSE_INSTANCE_ID with -1, -2 and so on. One that crashes is started again by itself.
    """
    _log_to_stderr(verbose)
    if workers > 1 and (unsupervised or supervised_by):
        raise UserError("--unsupervised goes with one worker: start several of them, or leave --workers out")
    if unsupervised or supervised_by:
        if supervised_by:
            end_with(supervised_by)
        return _work(load_settings())
    settings = load_settings()
    supervisor = Supervisor([partial(_begin, number) for number in range(1, workers + 1)])
    supervisor.stop_on_signals()
    gc.freeze()  # what is imported by now is shared by all
    try:
        return supervisor.run()
    except _Begun as begun:
        number = begun.number
    if workers == 1:
        return _work(settings)
    _log_to_stderr(verbose, f"worker {number} ")
    named = settings.instance_id
    own = settings if named is None else settings.model_copy(update={"instance_id": f"{named}-{number}"})
    return _work(own, number - 1)


class _Begun(BaseException):
    """This process is the worker of this number."""

    def __init__(self, number: int) -> None:
        self.number = number


def _begin(number: int) -> Child:
    try:
        return fork()
    except Begun:
        raise _Begun(number) from None


def _work(settings: Settings, place: int = 0) -> int:
    """One worker, ``place`` ports above the first one's; the exit code."""
    _insist_on_topics(settings)
    instance_id, _lock = take_instance_id(settings)
    sock, address = listening_socket(settings, "worker_http", place)
    return Worker(settings, instance_id, sock, address).run()


def _insist_on_topics(settings: Settings) -> None:
    """A worker on topics unlike the registry would write numbers that nobody may trust."""
    differences = [one for one in check(settings, role="worker") if not one.is_harmless]
    if differences:
        more = f" (and {len(differences) - 1} more, see dialpulse topics check)" if len(differences) > 1 else ""
        raise UserError(f"topic {differences[0]}{more}: {differences[0].remedy}")


def _log_to_stderr(verbose: bool, who: str = "") -> None:
    logging.basicConfig(
        force=True,
        level=logging.INFO if verbose else logging.WARNING,
        format=f"%(asctime)s {who}%(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("dialpulse").setLevel(logging.INFO)
    if not verbose:
        # They call every answer "try again" an error; what cannot be mended we say ourselves, in one line.
        for client in ("aiokafka", "kafka"):
            logging.getLogger(client).setLevel(logging.CRITICAL)
