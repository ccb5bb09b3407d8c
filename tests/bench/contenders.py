"""Who runs, in the order of the table."""

from tests.bench import ours, reference
from tests.bench.measured import Contender
from tests.bench.peers import faust_tutorial
from tests.bench.peers.kafka_streams import KafkaStreams
from tests.bench.peers.python_peers import Bytewax, Quix

ALL = [
    Contender("reference", "librdkafka + msgspec: consume and decode only (reference)", reference.run),
    Contender("ours", "Dialpulse: the whole main job", ours.run),
    Contender("kafka-streams-expert", "Kafka Streams, expert: live objects", KafkaStreams("expert").run),
    Contender("kafka-streams", "Kafka Streams, idiomatic: cached page store", KafkaStreams("idiomatic").run),
    Contender("bytewax", "Bytewax", Bytewax().run),
    Contender("quix", "Quix Streams", Quix().run),
    Contender("faust", "Faust as its tutorial has it (counts repeats too)", faust_tutorial.run, most=100_000),
]
