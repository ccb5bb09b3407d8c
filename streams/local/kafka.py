"""One Kafka node, broker and controller in one, on this machine."""

import base64
import subprocess
import uuid
from pathlib import Path

from streams.errors import UserError
from streams.local.server import Progress, Server

_LOGGING = Path(__file__).with_name("log4j2.properties")
_READY = b"Kafka Server started"
_RECORD_BYTES = 2 * 1024 * 1024 + 64 * 1024


class KafkaServer(Server):
    """The broker; its data in `folder/log`."""

    name = "Kafka"

    def __init__(
        self, folder: Path, ports: tuple[int, int], held_fd: int, progress: Progress, java: Path, jars: list[Path]
    ) -> None:
        super().__init__(folder, ports[0], held_fd, progress)
        self._controller_port = ports[1]
        self._java = [str(java), "-Xms128m", "-Xmx512m", "-XX:+UseSerialGC", f"-Dlog4j2.configurationFile={_LOGGING}"]
        self._java += ["-cp", ":".join(map(str, jars))]

    def command(self) -> list[str]:
        settings = self.folder / "server.properties"
        settings.write_text(self._settings())
        if not (self.folder / "log" / "meta.properties").exists():
            self._format(settings)
        return [*self._java, "kafka.Kafka", str(settings)]

    def is_ready(self) -> bool:
        # It says so once it is registered and unfenced, which an open port alone does not mean.
        return _READY in self.log_path.read_bytes()

    def _format(self, settings: Path) -> None:
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        # The tool reads a leading dash as an option.
        cluster = cluster.replace("-", "_")
        tool = [*self._java, "kafka.tools.StorageTool", "format", "-t", cluster, "-c", str(settings)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"Kafka could not prepare {self.folder}: {done.stderr or done.stdout}", exit_code=1)

    def _settings(self) -> str:
        values = {
            "process.roles": "broker,controller",
            "node.id": 1,
            # Named here at every start, not written into the data: the next start may have other ports.
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "advertised.listeners": f"PLAINTEXT://127.0.0.1:{self.port}",
            "controller.listener.names": "CONTROLLER",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
            "inter.broker.listener.name": "PLAINTEXT",
            "log.dirs": self.folder / "log",
            # A killed broker is let in again once its old session is over: 9 s by default.
            "broker.session.timeout.ms": 3000,
            "broker.heartbeat.interval.ms": 500,
            # Topics come from the registry alone; a misspelt one is an error.
            "auto.create.topics.enable": "false",
            # Facts of old logs are kept as long as their topic says; what names no time is kept.
            "log.retention.ms": -1,
            "message.max.bytes": _RECORD_BYTES,
            "replica.fetch.max.bytes": _RECORD_BYTES,
            "group.min.session.timeout.ms": 6000,
            "group.initial.rebalance.delay.ms": 0,
            "offsets.topic.num.partitions": 4,
            "offsets.topic.replication.factor": 1,
            "transaction.state.log.num.partitions": 1,
            "transaction.state.log.replication.factor": 1,
            "transaction.state.log.min.isr": 1,
            "share.coordinator.state.topic.num.partitions": 1,
            "share.coordinator.state.topic.replication.factor": 1,
            "share.coordinator.state.topic.min.isr": 1,
            # Small for a small machine: the default would take a quarter of the heap.
            "log.cleaner.dedupe.buffer.size": 16 * 1024 * 1024,
            "log.index.size.max.bytes": 1024 * 1024,
            "num.network.threads": 2,
            "num.io.threads": 4,
        }
        return "".join(f"{name}={value}\n" for name, value in values.items())
