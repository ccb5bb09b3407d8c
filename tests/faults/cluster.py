"""Three Kafka nodes on this machine, each broker and controller, with the local stack's Redis beside them."""

import base64
import subprocess
import uuid
from pathlib import Path
from random import Random
from typing import Any

from confluent_kafka.admin import AdminClient

from streams import ports
from streams.errors import UserError
from streams.local import jars, programs
from streams.local.kafka import KafkaServer
from streams.local.redis import RedisServer
from streams.local.stack import HOST, LocalStack

NODES = 3


class Node(KafkaServer):
    """One of the nodes. ``controllers``: the controller ports of all."""

    def __init__(self, number: int, controllers: list[int], cluster: str, *rest: Any) -> None:
        super().__init__(*rest)
        self.name = f"Kafka {number}"
        self._number = number
        self._controllers = controllers
        self._cluster = cluster

    def _settings(self) -> str:
        voters = ",".join(f"{place}@{HOST}:{port}" for place, port in enumerate(self._controllers, 1))
        values = {
            "node.id": self._number,
            "controller.quorum.voters": voters,
            "default.replication.factor": NODES,
            "min.insync.replicas": 2,
            "offsets.topic.replication.factor": NODES,
            "transaction.state.log.replication.factor": NODES,
            "share.coordinator.state.topic.replication.factor": NODES,
            "unclean.leader.election.enable": "false",
            "replica.lag.time.max.ms": 10_000,
        }
        # Of two lines with one name, Java takes the later.
        return super()._settings() + "".join(f"{name}={value}\n" for name, value in values.items())

    def _format(self, settings: Path) -> None:
        tool = [*self._java, "kafka.tools.StorageTool", "format", "-t", self._cluster, "-c", str(settings)]
        done = subprocess.run(tool, capture_output=True, text=True, check=False)
        if done.returncode:
            raise UserError(f"Kafka could not prepare {self.folder}: {done.stderr or done.stdout}", exit_code=1)


class ClusterStack(LocalStack):
    """A local stack of three Kafka nodes; one that dies is started again, like the one of the usual stack."""

    @property
    def kafka(self) -> str:
        """The bootstrap addresses of all nodes."""
        return ",".join(f"{HOST}:{node.port}" for node in self._nodes)

    def kill_leader(self, topic: str, dice: Random) -> None:
        """Kills the node that leads one of the topic's partitions."""
        found = AdminClient({"bootstrap.servers": self.kafka, "log_level": 0}).list_topics(topic, timeout=10)
        leader = dice.choice(list(found.topics[topic].partitions.values())).leader
        self._nodes[leader - 1].kill()

    def _make_servers(self) -> None:
        redis_program, java = programs.find_redis(), programs.find_java()
        class_path = jars.class_path(self._progress)
        first = ports.any_free(HOST)
        places: list[int] = []
        for _ in range(2 * NODES + 1):
            places.append(ports.next_free(HOST, places[-1] + 1 if places else first))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=").replace("-", "_")
        held, controllers = self._lock.fd, places[NODES : 2 * NODES]
        self._nodes = [
            Node(
                number + 1,
                controllers,
                cluster,
                self.folder / "kafka" / f"node-{number + 1}",
                (places[number], controllers[number]),
                held,
                self._progress,
                java,
                class_path,
            )
            for number in range(NODES)
        ]
        self._kafka = self._nodes[0]
        self._redis = RedisServer(self.folder / "redis", places[-1], held, self._progress, redis_program)
        self._servers = [self._redis, *self._nodes]
