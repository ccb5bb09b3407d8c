"""The security settings in the words of Faust's client."""

import ssl

import pytest
from faust.auth import SASLCredentials, SSLCredentials
from faust.types.auth import AuthProtocol, SASLMechanism

from streams.broker.credentials import faust_credentials
from streams.settings import load_settings

SASL = {"kafka_username": "dialpulse", "kafka_password": "a-long-secret", "kafka_sasl_mechanism": "SCRAM-SHA-512"}


def test_plain_text_needs_no_credentials() -> None:
    """The default of a broker on the same machine."""
    assert faust_credentials(load_settings(kafka_security_protocol="PLAINTEXT")) is None


def test_tls_checks_the_brokers_name_and_certificate() -> None:
    """Encryption to whoever answers would protect nothing."""
    found = faust_credentials(load_settings(kafka_security_protocol="SSL"))
    assert isinstance(found, SSLCredentials)
    assert found.context.check_hostname and found.context.verify_mode is ssl.CERT_REQUIRED


@pytest.mark.parametrize(
    ("protocol", "spoken"),
    [("SASL_PLAINTEXT", AuthProtocol.SASL_PLAINTEXT), ("SASL_SSL", AuthProtocol.SASL_SSL)],
)
def test_sasl_carries_name_password_and_mechanism(protocol: str, spoken: AuthProtocol) -> None:
    """With TLS only where the protocol says so."""
    found = faust_credentials(load_settings(kafka_security_protocol=protocol, **SASL))
    assert isinstance(found, SASLCredentials)
    assert (found.username, found.password) == ("dialpulse", "a-long-secret")
    assert found.mechanism == SASLMechanism.SCRAM_SHA_512
    assert found.protocol == spoken
    assert (found.ssl_context is not None) == (protocol == "SASL_SSL")


def test_the_same_settings_reach_the_plain_client() -> None:
    """Commands and the worker speak to the broker in the same way."""
    given = load_settings(kafka_security_protocol="SASL_SSL", **SASL).kafka_python()
    assert given["security_protocol"] == "SASL_SSL" and given["sasl_mechanism"] == "SCRAM-SHA-512"
    assert given["sasl_plain_password"] == "a-long-secret"
