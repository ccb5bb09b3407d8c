"""One Redis on this machine."""

import socket
from pathlib import Path

from streams.local.server import Progress, Server


class RedisServer(Server):
    """The server; its data in `folder/data`.

    Every write is appended to a file, which a restart reads: what was written survives a kill of the process.
    """

    name = "Redis"

    def __init__(self, folder: Path, port: int, held_fd: int, progress: Progress, program: Path) -> None:
        super().__init__(folder, port, held_fd, progress)
        self._program = program

    def command(self) -> list[str]:
        files = self.folder / "data"
        files.mkdir(exist_ok=True)
        options = {"port": str(self.port), "bind": "127.0.0.1", "dir": str(files), "appendonly": "yes", "save": ""}
        words = [word for name, value in options.items() for word in (f"--{name}", value)]
        return [str(self._program), *words]

    def is_ready(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), 1) as sock:
                sock.sendall(b"PING\r\n")
                # While it still reads its file it answers -LOADING.
                return sock.recv(16).startswith(b"+PONG")
        except OSError:
            return False
