"""A reader of Redis that never looks away: what a board has seen must not be taken back."""

import re
import threading
import time

from redis import Redis
from redis.exceptions import RedisError

_REVISION = re.compile(rb'"revision":"([^"]*)"')


class Watcher:
    """Reads every key that Redis says has changed; ``falls`` are keys whose revision fell."""

    def __init__(self, url: str, prefix: str) -> None:
        self._url = url
        self._root = f"{prefix}dialpulse:v1:"
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="watcher", daemon=True)
        self._seen: dict[bytes, bytes] = {}
        self.falls: list[str] = []

    def start(self) -> None:
        """Begins."""
        self._thread.start()

    def stop(self) -> None:
        """Ends."""
        self._ending.set()
        self._thread.join()

    def forget(self) -> None:
        """Redis is about to be emptied: what was seen may be gone."""
        self._seen = {}

    def _watch(self) -> None:
        while not self._ending.is_set():
            try:
                self._listen()
            except RedisError:
                time.sleep(0.2)

    def _listen(self) -> None:
        client = Redis.from_url(self._url, socket_timeout=5)
        with client.pubsub(ignore_subscribe_messages=True) as heard:
            heard.subscribe(f"{self._root}updates")
            changed: set[bytes] = set()
            while not self._ending.is_set():
                message = heard.get_message(timeout=0.1)
                if message is not None:
                    changed.add(message["data"])
                if changed and (message is None or len(changed) > 500):
                    self._look(client, list(changed))
                    changed.clear()

    def _look(self, client: "Redis[bytes]", keys: list[bytes]) -> None:
        seen = self._seen
        for key, value in zip(keys, client.mget(keys), strict=True):
            match = _REVISION.search(value or b"")
            if match is None:
                continue
            if match[1] < seen.get(key, b""):
                self.falls.append(f"{key.decode()} fell from {seen[key].decode()} to {match[1].decode()}")
            seen[key] = match[1]
