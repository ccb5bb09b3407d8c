"""How Kafka is spoken to, in the words of Faust's client."""

import ssl

from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import CredentialsT

from streams.settings import Settings


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Checks the broker's certificate and its name; OSError or SSLError where the file to trust is none."""
    return ssl.create_default_context(cafile=settings.kafka_ca_file)


def faust_credentials(settings: Settings) -> CredentialsT | None:
    """TLS and SASL of the settings as Faust's credential objects; None for plain text."""
    protocol = settings.kafka_security_protocol
    if protocol == "PLAINTEXT":
        return None
    context = tls_context(settings) if "SSL" in protocol else None
    if protocol == "SSL":
        return SSLCredentials(context=context)
    password = settings.kafka_password
    return SASLCredentials(
        username=settings.kafka_username,
        password=None if password is None else password.get_secret_value(),
        mechanism=settings.kafka_sasl_mechanism,
        ssl_context=context,
    )
