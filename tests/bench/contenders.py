"""Who runs, in the order of the table."""

from tests.bench import ours, reference
from tests.bench.measured import Contender

ALL = [
    Contender("reference", "librdkafka + msgspec: consume and decode only (reference)", reference.run),
    Contender("ours", "Dialpulse: the whole main job", ours.run),
]
