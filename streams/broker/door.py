"""Kafka's door: each step by which a client comes in is tried once, so that what stops it is told in one line."""

import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager

from kafka.net.sasl import get_sasl_mechanism
from kafka.protocol.broker_version_data import infer_broker_version_from_api_versions

from streams.broker.credentials import tls_context
from streams.broker.wire import NoKafka, Wire
from streams.errors import UserError
from streams.setting_values import host_and_port
from streams.settings import Settings, env_name

ANSWER_WITHIN_S, STEP_WITHIN_S, PAUSE_S = 5.0, 5.0, 0.25
OLDEST = (3, 6)
"""The first Kafka that refuses records by their age, without which a frozen worker's outputs could land late."""
SPOKEN: dict[str, tuple[int, int]] = {
    "Produce": (0, 8),
    "Fetch": (1, 11),
    "Metadata": (3, 5),
    "OffsetCommit": (8, 3),
    "JoinGroup": (11, 5),
}
"""Requests without which nothing goes: Kafka's number of each, and the newest version that a worker speaks."""

NEVER = 1 << 15
_WRONG_MECHANISM, _NO_SASL_HERE, _WRONG_NAME_OR_PASSWORD = 33, 34, 58


def knock(settings: Settings) -> None:
    """Returns once one of the bootstrap servers lets this user in.

    Raises UserError otherwise: with exit code 2 at once where a setting is wrong, which waiting will not mend, and with
    1 where nobody has answered for some seconds, in which a broker may have been started again.
    """
    give_up = time.monotonic() + ANSWER_WITHIN_S
    while True:
        try:
            return _try_each(settings)
        except UserError as error:
            if error.exit_code == 2 or time.monotonic() > give_up:
                raise
        time.sleep(PAUSE_S)


def _try_each(settings: Settings) -> None:
    closed: list[UserError] = []
    for address in settings.kafka.split(","):
        try:
            return _enter(settings, address)
        except UserError as error:
            closed.append(error)
    raise max(closed, key=lambda error: error.exit_code)


def _enter(settings: Settings, address: str) -> None:
    has_tls = "SSL" in settings.kafka_security_protocol
    try:
        with _connected(address, _context(settings) if has_tls else None) as wire:
            insist_on_versions(address, wire.api_versions())
            if settings.kafka_security_protocol.startswith("SASL"):
                _prove(settings, address, wire)
            else:
                _insist_on_no_sasl(address, wire)
    except ssl.SSLCertVerificationError as error:
        raise UserError(_untrusted(settings, address, error)) from None
    except (OSError, NoKafka) as error:
        if has_tls and _speaks_plainly(address):
            raise UserError(_other_protocol(settings, address, "plain text")) from None
        if not has_tls and _speaks_tls(address):
            raise UserError(_other_protocol(settings, address, "TLS")) from None
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise UserError(
            f"Kafka at {address} does not answer ({why}): start it, with dialpulse local for instance, or set "
            f"{env_name('kafka')}",
            exit_code=1,
        ) from None


@contextmanager
def _connected(address: str, context: ssl.SSLContext | None) -> Iterator[Wire]:
    host, port = host_and_port(address)
    with socket.create_connection((host, port), STEP_WITHIN_S) as sock:
        # Wrapping takes the socket over: the one that is left behind then has nothing to close.
        wire = Wire(context.wrap_socket(sock, server_hostname=host) if context else sock)
        with wire:
            yield wire


def _context(settings: Settings) -> ssl.SSLContext:
    try:
        return tls_context(settings)
    except (ssl.SSLError, OSError) as error:
        why = getattr(error, "reason", None) or error
        raise UserError(
            f"{env_name('kafka_ca_file')}={settings.kafka_ca_file} holds no certificates ({why}): name a file in PEM"
        ) from None


def _speaks_plainly(address: str) -> bool:
    try:
        with _connected(address, None) as wire:
            return bool(wire.api_versions())
    except (OSError, NoKafka):
        return False


def _speaks_tls(address: str) -> bool:
    # Nothing is told to whoever this is; it only shows its certificate.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    try:
        with _connected(address, context):
            return True
    except OSError:
        return False


def insist_on_versions(address: str, offered: dict[int, tuple[int, int]]) -> None:
    """Raises UserError for a broker whose list of versions, least and greatest by request, is not for us."""
    needed = ".".join(map(str, OLDEST))
    for name, (request, newest) in SPOKEN.items():
        least, greatest = offered.get(request, (NEVER, NEVER))
        if least > newest:
            has = "it has no such request" if least == NEVER else f"it speaks versions {least} to {greatest}"
            raise UserError(
                f"Kafka at {address} is of an unknown version (of {name} {has}, and a worker {newest} at most): use "
                f"Kafka {needed} to 4.3, or a later dialpulse"
            )
    found = infer_broker_version_from_api_versions(offered)
    if found < OLDEST:
        raise UserError(
            f"Kafka at {address} is version {'.'.join(map(str, found))}, and {needed} or later is needed (an older one "
            "takes what a frozen worker writes too late): update it"
        )


def _prove(settings: Settings, address: str, wire: Wire) -> None:
    """Who we are, as the settings have it."""
    name = settings.kafka_sasl_mechanism or ""
    answer = wire.handshake(name)
    if answer.error == _NO_SASL_HERE:
        instead = "SSL" if settings.kafka_security_protocol == "SASL_SSL" else "PLAINTEXT"
        raise UserError(
            f"Kafka at {address} asks for no name and password: set {env_name('kafka_security_protocol')}={instead}, "
            "or the address of a listener that does"
        )
    if answer.error == _WRONG_MECHANISM:
        raise UserError(
            f"Kafka at {address} does not take {env_name('kafka_sasl_mechanism')}={name}: it takes "
            f"{' and '.join(answer.mechanisms)}"
        )
    words = settings.kafka_python()
    mechanism = get_sasl_mechanism(name)(host=address, **words)
    while not mechanism.is_done():
        error, token = wire.authenticate(mechanism.auth_bytes())
        if error:
            break
        mechanism.receive(token)
    if not mechanism.is_authenticated():
        raise UserError(
            f"Kafka at {address} does not know the user {settings.kafka_username!r} by this password ({name}): correct "
            f"{env_name('kafka_username')} or {env_name('kafka_password')}"
        )


def _insist_on_no_sasl(address: str, wire: Wire) -> None:
    try:
        answer = wire.handshake("PLAIN")
    except NoKafka:
        return
    if answer.error in (0, _WRONG_MECHANISM):
        raise UserError(
            f"Kafka at {address} asks for a name and password ({', '.join(answer.mechanisms)}): set "
            f"{env_name('kafka_security_protocol')}=SASL_SSL or SASL_PLAINTEXT, and what docs/security.md tells beside"
        )


def _other_protocol(settings: Settings, address: str, spoken: str) -> str:
    name, value = env_name("kafka_security_protocol"), settings.kafka_security_protocol
    instead = value.replace("PLAINTEXT", "SSL") if spoken == "TLS" else value.replace("SSL", "PLAINTEXT")
    if not value.startswith("SASL"):
        instead = f"{instead} or SASL_{instead}"
    return f"Kafka at {address} speaks {spoken}, unlike {name}={value}: set {instead}, or the port of another listener"


def _untrusted(settings: Settings, address: str, error: ssl.SSLCertVerificationError) -> str:
    why = error.verify_message.rstrip(".")
    if "mismatch" in why:
        return f"Kafka at {address} shows another host's certificate ({why}): set {env_name('kafka')} to its name"
    if "expired" in why or "not yet valid" in why:
        return f"Kafka at {address} shows a certificate whose time it is not ({why}): renew it, or set the clock right"
    file = env_name("kafka_ca_file")
    trusted = f"{file}={settings.kafka_ca_file}" if settings.kafka_ca_file else f"the system's, as {file} is not set"
    return (
        f"Kafka at {address} shows a certificate that is not trusted ({why}; trusted are {trusted}): name in {file} "
        "the certificate of whoever signed it"
    )
