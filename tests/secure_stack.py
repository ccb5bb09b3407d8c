"""A Kafka as companies run it, made by the test: TLS, SASL and the authorizer on; the local stack's Redis beside it.

The certificates are made when it starts, and live in its folder. Its listener of the usual kind is the tests' own way
in: whoever comes by it may do everything. Whoever comes by another may do what the test's rules allow.
"""

import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from confluent_kafka.admin import (
    AclBinding,
    AclBindingFilter,
    AclOperation,
    AclPermissionType,
    AdminClient,
    ResourcePatternType,
    ResourceType,
    ScramCredentialInfo,
    ScramMechanism,
    UserScramCredentialUpsertion,
)

from schemas.rights import Right
from streams import ports
from streams.local.kafka import KafkaServer
from streams.local.server import Server
from streams.local.stack import HOST, LocalStack
from streams.settings import Settings, load_settings

_STORE_PASSWORD = "opens-the-store-of-a-test"
_FAST = ("-J-XX:TieredStopAtLevel=1", "-J-XX:+UseSerialGC")
_MODULES = "org.apache.kafka.common.security"
PLAIN_USER, PLAIN_PASSWORD = "plain-user", "said-as-it-is"
"""Whom the broker knows by PLAIN; those of SCRAM are made by the tests."""


class SecureKafka(KafkaServer):
    """One node with a listener of every protocol, the address of each by its name."""

    listeners: dict[str, int]
    start_seconds = 180.0

    def command(self) -> list[str]:
        if not (self.folder / "broker.p12").exists():
            self._certify("broker", f"san=ip:{HOST}")
            self._certify("misnamed", "san=dns:elsewhere.example")
        return super().command()

    def certificate(self, name: str = "broker") -> Path:
        """What a client has to trust."""
        return self.folder / f"{name}.pem"

    def _certify(self, name: str, *extensions: str) -> None:
        """A key and a certificate that vouches for itself."""
        keytool = str(Path(self._java[0]).resolve().with_name("keytool"))
        store = ["-alias", name, "-keystore", str(self.folder / f"{name}.p12"), "-storepass", _STORE_PASSWORD]
        asked = [word for extension in (*extensions, "bc:c=ca:true") for word in ("-ext", extension)]
        pair = ["-genkeypair", "-keyalg", "EC", "-groupname", "secp256r1", "-validity", "2", "-dname", f"CN={name}"]
        for words in ([*pair, *asked, "-storetype", "PKCS12"], ["-exportcert", "-rfc", "-file", f"{name}.pem"]):
            subprocess.run([keytool, *_FAST, *words, *store], cwd=self.folder, check=True, capture_output=True)

    def _settings(self) -> str:
        heard = "".join(f",{name}://{HOST}:{port}" for name, port in self.listeners.items())
        spoken = {name: "SSL" if name == "MISNAMED" else name for name in self.listeners}
        values: dict[str, object] = {
            "listeners": f"PLAINTEXT://{HOST}:{self.port},CONTROLLER://{HOST}:{self._controller_port}{heard}",
            "advertised.listeners": f"PLAINTEXT://{HOST}:{self.port}{heard}",
            "listener.security.protocol.map": "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT"
            + "".join(f",{name}:{protocol}" for name, protocol in spoken.items()),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,PLAIN",
        }
        for name, store in {"": "broker", "listener.name.misnamed.": "misnamed"}.items():
            values |= {
                f"{name}ssl.keystore.type": "PKCS12",
                f"{name}ssl.keystore.location": self.folder / f"{store}.p12",
                f"{name}ssl.keystore.password": _STORE_PASSWORD,
                f"{name}ssl.key.password": _STORE_PASSWORD,
            }
        for name in ("sasl_ssl", "sasl_plaintext"):
            known = f'{_MODULES}.plain.PlainLoginModule required user_{PLAIN_USER}="{PLAIN_PASSWORD}";'
            values[f"listener.name.{name}.plain.sasl.jaas.config"] = known
            scram = f"{_MODULES}.scram.ScramLoginModule required;"
            values[f"listener.name.{name}.scram-sha-512.sasl.jaas.config"] = scram
        return super()._settings() + "".join(f"{name}={value}\n" for name, value in values.items())


class SecureStack(LocalStack):
    """A local stack whose Kafka has TLS, SASL and an authorizer."""

    LISTENERS = ("SSL", "SASL_SSL", "SASL_PLAINTEXT", "MISNAMED")

    def address(self, listener: str) -> str:
        """Where the listener of a protocol is; ``MISNAMED`` has TLS with a certificate for another host."""
        return f"{HOST}:{self._secure.listeners[listener]}"

    def certificate(self, name: str = "broker") -> str:
        """The file of a certificate to trust."""
        return str(self._secure.certificate(name))

    @property
    def admin(self) -> Any:
        """A client that may do everything."""
        return AdminClient({"bootstrap.servers": self.kafka, "log_level": 0})

    def settings(self, user: str, password: str, **overrides: Any) -> Settings:
        """A user's settings over TLS and SCRAM."""
        named = {
            "kafka": self.address("SASL_SSL"),
            "redis_url": self.redis_url,
            "partitions": 4,
            "kafka_security_protocol": "SASL_SSL",
            "kafka_sasl_mechanism": "SCRAM-SHA-512",
            "kafka_username": user,
            "kafka_password": password,
            "kafka_ca_file": self.certificate(),
        }
        return load_settings(**(named | overrides))

    def know(self, user: str, password: str) -> None:
        """Makes a SCRAM user, or changes a user's password."""
        told = UserScramCredentialUpsertion(
            user, ScramCredentialInfo(ScramMechanism.SCRAM_SHA_512, 4096), password.encode()
        )
        admin = self.admin  # kept in hand: with the last name of a client its answers go
        for future in admin.alter_user_scram_credentials([told]).values():
            future.result(20)

    def grant(self, user: str, rights: Iterable[Right], prefix: str) -> None:
        """Allows a user these things, on the system of a prefix."""
        admin = self.admin
        for future in admin.create_acls([rule for right in rights for rule in _rules(user, right, prefix)]).values():
            future.result(20)

    def revoke(self, user: str, right: Right, prefix: str) -> None:
        """Takes back what was granted on one thing."""
        admin = self.admin
        for future in admin.delete_acls([_filter(rule) for rule in _rules(user, right, prefix)]).values():
            assert future.result(20), "no such rule"

    def _make_servers(self) -> None:
        super()._make_servers()
        usual, places = self._kafka, [self._redis.port]
        for _ in self.LISTENERS:
            places.append(ports.next_free(HOST, places[-1] + 1))
        class_path = [Path(jar) for jar in usual._java[-1].split(":")]
        pair = (usual.port, usual._controller_port)
        self._secure = SecureKafka(usual.folder, pair, self._lock.fd, self._progress, Path(usual._java[0]), class_path)
        self._secure.listeners = dict(zip(self.LISTENERS, places[1:], strict=True))
        self._kafka = self._secure
        servers: list[Server] = [self._redis, self._kafka]
        self._servers = servers


def _rules(user: str, right: Right, prefix: str) -> list[AclBinding]:
    kind = {"topic": ResourceType.TOPIC, "group": ResourceType.GROUP}[right.kind]
    shape = ResourcePatternType.PREFIXED if right.begins else ResourcePatternType.LITERAL
    words = ("".join(f"_{sign}" if sign.isupper() else sign for sign in name).strip("_") for name in right.operations)
    return [
        AclBinding(
            kind,
            prefix + right.name,
            shape,
            f"User:{user}",
            "*",
            AclOperation[word.upper()],
            AclPermissionType.ALLOW,
        )
        for word in words
    ]


def _filter(rule: AclBinding) -> AclBindingFilter:
    return AclBindingFilter(
        rule.restype,
        rule.name,
        rule.resource_pattern_type,
        rule.principal,
        rule.host,
        rule.operation,
        rule.permission_type,
    )
