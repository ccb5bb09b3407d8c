"""What each generation means, written down once in Kafka: a worker with other settings refuses to start."""

import msgspec
from kafka import TopicPartition

from streams.broker.clients import open_consumer, open_producer, told
from streams.errors import UserError
from streams.settings import Settings

DEFINITION = "dialpulse.definition.v1"
READ_WITHIN_MS = 10_000


class Definition(msgspec.Struct, frozen=True):
    """One generation's meaning. Kept for ever under the generation's four digits."""

    generation: int
    conversation_rule: str
    time_zone: str
    partitions: int
    site_time_zones: dict[str, str] = {}


def agree_on_definition(settings: Settings) -> None:
    """Writes this generation's entry if there is none, else compares it with the settings.

    Raises UserError that names the setting which differs, and what to raise or set back.
    """
    written = read_definitions(settings)
    mine = Definition(
        settings.generation,
        settings.conversation_rule,
        settings.time_zone,
        settings.partitions,
        settings.site_time_zones,
    )
    newest = max(written, default=0)
    if newest > mine.generation:
        raise UserError(
            f"DIALPULSE_GENERATION={mine.generation} is over: generation {newest} has begun, and its records outrank "
            f"yours; set DIALPULSE_GENERATION={newest}"
        )
    zone = next((entry.time_zone for entry in written.values() if entry.time_zone != mine.time_zone), None)
    if zone is not None:
        raise UserError(
            f"DIALPULSE_TIME_ZONE={mine.time_zone} differs from {zone}, in whose hours this system counts, and a zone "
            f"with facts never changes; set {zone}, or set a new DIALPULSE_PREFIX and replay the facts"
        )
    for entry in written.values():
        _insist_on_sites(entry, mine)
    if mine.generation not in written:
        _write(settings, mine)
        written = read_definitions(settings)  # another worker may have been first
    standing = written[mine.generation]
    if standing.conversation_rule != mine.conversation_rule:
        raise UserError(
            f"DIALPULSE_CONVERSATION_RULE={mine.conversation_rule} differs from generation {mine.generation}'s "
            f"{standing.conversation_rule}; set that one, or raise DIALPULSE_GENERATION to {newest + 1} so that every "
            "record is written anew"
        )
    if standing.partitions != mine.partitions:
        raise UserError(
            f"DIALPULSE_PARTITIONS={mine.partitions} differs from the {standing.partitions} that this system began "
            "with, and facts would be looked for in the wrong place; set it back"
        )


def _insist_on_sites(entry: Definition, mine: Definition) -> None:
    """A site's zone stands once it is written, also where the new one has the same hours: records name it."""
    for site, zone in entry.site_time_zones.items():
        if mine.site_time_zones.get(site, mine.time_zone) != zone:
            raise UserError(
                f"DIALPULSE_SITE_TIME_ZONES: site {site!r} goes by {zone}, and a zone with facts never changes; set "
                "that one, or set a new DIALPULSE_PREFIX and replay the facts"
            )


def read_definitions(settings: Settings) -> dict[int, Definition]:
    """Every generation's entry; the first written of a generation stands."""
    partition = TopicPartition(settings.topic(DEFINITION), 0)
    found: dict[int, Definition] = {}
    consumer = open_consumer(settings)
    try:
        with told(settings):
            consumer.assign([partition])
            end = consumer.end_offsets([partition])[partition]
            while consumer.position(partition) < end:
                for records in consumer.poll(timeout_ms=READ_WITHIN_MS).values():
                    for record in records:
                        entry = msgspec.json.decode(record.value, type=Definition)
                        found.setdefault(entry.generation, entry)
    finally:
        consumer.close()
    return found


def _write(settings: Settings, definition: Definition) -> None:
    producer = open_producer(settings)
    try:
        key = f"{definition.generation:04d}".encode()
        with told(settings):
            producer.send(settings.topic(DEFINITION), msgspec.json.encode(definition), key, partition=0).get(30)
    finally:
        producer.close()
