"""`dialpulse worker`."""

import logging
import os
import sys

import click

from streams.errors import UserError
from streams.ports import listening_socket
from streams.settings import Settings, load_settings
from streams.topics import check
from streams.worker.body import Worker
from streams.worker.instance import take_instance_id
from streams.worker.supervisor import Supervisor, end_with, supervised_by, worker_command


@click.command(
    short_help="One pipeline worker; more of them share the load.",
    epilog="Example: DIALPULSE_KAFKA=127.0.0.1:9092 dialpulse worker",
)
@click.option(
    "--unsupervised", is_flag=True, help="Do not start again when it ends: for use under systemd and the like."
)
@supervised_by
@click.option("--verbose", is_flag=True, help="Log what the parts below say, too.")
def command(unsupervised: bool, supervised_by: int | None, verbose: bool) -> int:
    """Runs one pipeline worker: facts in, KPI topics, Redis and metrics out. Start more of them to share the load.

    A worker stops rather than write a wrong number; it is then started again, with growing pauses, except after a
    wrong setting. Ctrl-C or SIGTERM stops it: everything is written and committed, and others take over at once.
    """
    _log_to_stderr(verbose)
    if not (unsupervised or supervised_by):
        options = ["--verbose"] if verbose else []
        supervisor = Supervisor([*worker_command(os.getpid()), *options], {})
        supervisor.stop_on_signals()
        return supervisor.run()
    if supervised_by:
        end_with(supervised_by)
    settings = load_settings()
    _insist_on_topics(settings)
    instance_id, _lock = take_instance_id(settings)
    sock, address = listening_socket(settings, "worker_http")
    return Worker(settings, instance_id, sock, address).run()


def _insist_on_topics(settings: Settings) -> None:
    """A worker on topics unlike the registry would write numbers that nobody may trust."""
    differences = [one for one in check(settings, role="worker") if not one.is_harmless]
    if differences:
        more = f" (and {len(differences) - 1} more, see dialpulse topics check)" if len(differences) > 1 else ""
        raise UserError(f"topic {differences[0]}{more}: {differences[0].remedy}")


def _log_to_stderr(verbose: bool) -> None:
    logging.basicConfig(
        level=logging.INFO if verbose else logging.WARNING,
        format="%(asctime)s %(levelname)s %(name)s: %(message)s",
        stream=sys.stderr,
    )
    logging.getLogger("dialpulse").setLevel(logging.INFO)
    if not verbose:
        # They call every answer "try again" an error; what cannot be mended we say ourselves, in one line.
        for client in ("aiokafka", "kafka"):
            logging.getLogger(client).setLevel(logging.CRITICAL)
