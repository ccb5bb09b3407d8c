"""A worker's name in its group: one process only, or the two would throw each other out for ever."""

import socket
import string

from streams.errors import UserError
from streams.local.folders import HeldFile, state_folder
from streams.settings import Settings

SLOTS = 1000
_ALLOWED = frozenset(string.ascii_letters + string.digits + "._-")


def take_instance_id(settings: Settings) -> tuple[str, HeldFile]:
    """The setting's name, or host name and first free slot of this machine, with the lock that keeps it.

    The lock lasts as long as the process. Raises UserError where the name is taken, and says by which process.
    """
    if settings.instance_id is not None:
        lock = _lock(settings, settings.instance_id)
        if not lock.take():
            raise UserError(
                f"DIALPULSE_INSTANCE_ID={settings.instance_id} is in use by process {lock.holder()} of this machine; "
                "end it, or set another name"
            )
        return settings.instance_id, lock
    host = "".join(sign if sign in _ALLOWED else "-" for sign in socket.gethostname())[:80] or "worker"
    for slot in range(1, SLOTS + 1):
        lock = _lock(settings, f"{host}-{slot}")
        if lock.take():
            return f"{host}-{slot}", lock
    raise UserError(f"{SLOTS} workers of group {settings.group} run on this machine; set DIALPULSE_INSTANCE_ID")


def _lock(settings: Settings, name: str) -> HeldFile:
    # Names are unique per group and cluster; the cluster's address stands for it.
    cluster = "".join(sign if sign in _ALLOWED else "_" for sign in settings.kafka)[:100]
    return HeldFile(state_folder() / "instances" / cluster / f"{settings.group}.{name}.lock")
