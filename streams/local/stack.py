"""Kafka and Redis together, as one thing that is started and stopped."""

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Self

from streams import ports
from streams.errors import UserError
from streams.local import jars, programs
from streams.local.folders import HeldFile, is_alive, state_folder
from streams.local.kafka import KafkaServer
from streams.local.redis import RedisServer
from streams.local.server import Progress, Server

HOST = "127.0.0.1"
USUAL_KAFKA, USUAL_REDIS = 9092, 6379
# Seconds between two looks at whether a server still runs.
_PAUSE = 0.2


def default_folder() -> Path:
    """Where `dialpulse local` and `dialpulse demo` keep their data."""
    return state_folder() / "local"


class LocalStack:
    """A real Kafka and a real Redis on loopback, which live no longer than the process that started them.

    `folder` holds their data and a lock: one stack per folder. `fresh` empties it first. `usual_ports` prefers 9092
    and 6379 where they are free; without it ports far from the usual ones are taken. One that dies is started again
    on its data, which `progress` is told.
    """

    def __init__(
        self, folder: Path, *, fresh: bool = False, progress: Progress = lambda _: None, usual_ports: bool = True
    ) -> None:
        self.folder = Path(folder).absolute()
        self._fresh = fresh
        self._progress = progress
        self._usual_ports = usual_ports
        self._lock = HeldFile(self.folder / "lock")
        self._ending = threading.Event()
        self._watches: list[threading.Thread] = []
        self._servers: list[Server] = []
        self._kafka: KafkaServer
        self._redis: RedisServer

    def __enter__(self) -> Self:
        self._take_folder()
        try:
            self._make_servers()
            self._start_servers()
        except BaseException:
            self._stop()
            raise
        for server in self._servers:
            watch = threading.Thread(target=self._watch_over, args=(server,), name=f"watch-{server.name}", daemon=True)
            self._watches.append(watch)
            watch.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._stop()

    @property
    def kafka(self) -> str:
        """The bootstrap address, `127.0.0.1:port`."""
        return f"{HOST}:{self._kafka.port}"

    @property
    def redis_url(self) -> str:
        """The address for clients, with database 0."""
        return f"redis://{HOST}:{self._redis.port}/0"

    @property
    def kafka_pid(self) -> int:
        """The process id of Kafka's Java machine."""
        return self._kafka.pid

    @property
    def redis_pid(self) -> int:
        """The process id of Redis."""
        return self._redis.pid

    def start_kafka(self) -> None:
        """Starts Kafka on its data, on its port; returns once it answers, also where it is coming back by itself."""
        self._kafka.start()

    def kill_kafka(self) -> None:
        """Kills Kafka as a crash would; it comes back by itself within seconds."""
        self._kafka.kill()

    def stop_redis(self) -> None:
        """Stops Redis in order; it stays down until `start_redis`."""
        self._redis.stop()

    def start_redis(self) -> None:
        """Starts Redis on its data, on its port."""
        self._redis.start()

    def kill_redis(self) -> None:
        """Kills Redis as a crash would; it comes back by itself within seconds."""
        self._redis.kill()

    def _take_folder(self) -> None:
        if self._lock.take():
            return
        holder = self._lock.holder()
        # The lock outlives a killed starter by the moment in which its servers are ended.
        if holder is not None and not is_alive(holder) and self._lock.take_within(10):
            return
        raise UserError(
            f"the local stack in {self.folder} runs already, as process {holder}: use its addresses, or end it first",
            exit_code=1,
        )

    def _make_servers(self) -> None:
        redis_program, java = programs.find_redis(), programs.find_java()
        class_path = jars.class_path(self._progress)
        if self._fresh:
            for name in ("kafka", "redis"):
                shutil.rmtree(self.folder / name, ignore_errors=True)
        if self._usual_ports:
            kafka_port, redis_port = ports.next_free(HOST, USUAL_KAFKA), ports.next_free(HOST, USUAL_REDIS)
        else:
            kafka_port = ports.any_free(HOST)
            redis_port = ports.next_free(HOST, kafka_port + 2)
        controller_port = ports.next_free(HOST, kafka_port + 1)
        held = self._lock.fd
        self._kafka = KafkaServer(
            self.folder / "kafka", (kafka_port, controller_port), held, self._progress, java, class_path
        )
        self._redis = RedisServer(self.folder / "redis", redis_port, held, self._progress, redis_program)
        self._servers = [self._redis, self._kafka]

    def _start_servers(self) -> None:
        self._progress("starting Kafka (about five seconds) and Redis")
        with ThreadPoolExecutor(len(self._servers)) as pool:
            starts = [pool.submit(server.start) for server in self._servers]
        for start in starts:
            start.result()

    def _stop(self) -> None:
        self._ending.set()
        for watch in self._watches:
            watch.join()
        for server in self._servers:
            server.stop()
        self._lock.drop()

    def _watch_over(self, server: Server) -> None:
        pause = _PAUSE
        while not self._ending.wait(pause):
            try:
                server.start_again_if_dead()
                pause = _PAUSE
            except UserError as error:
                pause = min(pause * 2, 10.0)
                self._progress(f"{error}; trying again in {pause:.1f} s")
