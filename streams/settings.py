"""Every setting, read from the environment (`DIALPULSE_...`) and `.env`, checked once at the start."""

import json
from collections.abc import Iterable
from typing import Annotated, Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from schemas.rights import GROUP
from streams import setting_values as values
from streams.errors import UserError

ENV_PREFIX = "DIALPULSE_"


class Accepts(str):
    """Marks a field with the words that say which values it takes; errors and the README's table quote them."""

    __slots__ = ()


Address = Annotated[str, AfterValidator(values.address), Accepts("host:port, such as 127.0.0.1:8000 or [::1]:8000")]
Token = Annotated[
    SecretStr | None, AfterValidator(values.token), Accepts("16 to 200 letters, digits and signs, without blanks")
]


class Settings(BaseSettings):
    """All settings of all commands; frozen, so that a running process cannot change its mind.

    Durations are seconds. `model_fields_set` holds the fields that were set, defaults left out.
    """

    model_config = SettingsConfigDict(env_prefix=ENV_PREFIX, env_file=".env", extra="ignore", frozen=True)

    kafka: Annotated[str, AfterValidator(values.addresses), Accepts("host:port, or several with commas between")] = (
        Field("127.0.0.1:9092", description="Kafka's bootstrap servers")
    )
    redis_url: Annotated[
        str, AfterValidator(values.redis_url), Accepts("redis://[user:password@]host:port/number, rediss:// or unix://")
    ] = Field("redis://127.0.0.1:6379/0", description="Where the snapshots for boards are written")
    time_zone: Annotated[str, AfterValidator(values.zone), Accepts("an IANA zone, such as Europe/Paris")] = Field(
        "UTC", description="Zone of every site that has none of its own"
    )
    site_time_zones: Annotated[
        dict[str, str],
        NoDecode,
        BeforeValidator(values.zones_by_site),
        Accepts('a JSON map of sites to IANA zones, such as {"lyon": "Europe/Paris"}'),
    ] = Field({}, description="Zones of sites, as a JSON map")
    calendar: Annotated[str | None, AfterValidator(values.readable_file), Accepts("a file that can be read")] = Field(
        None, description="Working hours of the sites, for alerts (docs/calendar.md); without it all are always open"
    )
    conversation_rule: Annotated[
        str,
        AfterValidator(values.conversation_rule),
        Accepts("outcome, human-answered, talk-<seconds>s or outcome-or-talk-<seconds>s"),
    ] = Field("outcome-or-talk-20s", description="Which calls are conversations")
    generation: Annotated[int, Field(ge=1, le=9999), Accepts("a whole number from 1 to 9999")] = Field(
        1, description="Raised when the rule or the meaning of a count changes; every record is then written anew"
    )
    prefix: Annotated[
        str, AfterValidator(values.kafka_name), Accepts("letters, digits, '.', '_' and '-', at most 100")
    ] = Field("", description="Put before topic, group and Redis names, so that two systems share a cluster")
    partitions: Annotated[int, Field(ge=1, le=1000), Accepts("a whole number from 1 to 1000")] = Field(
        12, description="Partitions of the fact topics and of what follows them; never changed once there are facts"
    )
    replication: Annotated[int, Field(ge=1, le=9), Accepts("a whole number from 1 to 9")] = Field(
        1,
        description="Copies of each partition in the cluster; from 3 on, two must hold a record before it counts",
    )
    flush_interval: Annotated[float, Field(ge=0.01, le=10, allow_inf_nan=False), Accepts("seconds from 0.01 to 10")] = (
        Field(0.2, description="Seconds between two flushes of a worker that keeps up")
    )
    final_grace: Annotated[float, Field(ge=0, le=86_400, allow_inf_nan=False), Accepts("seconds from 0 to 86400")] = (
        Field(900.0, description="Seconds after an hour's end before its records are final")
    )
    session_timeout: Annotated[int, Field(ge=6, le=300), Accepts("whole seconds from 6 to 300")] = Field(
        10, description="Seconds of silence after which a worker's partitions go to another"
    )
    instance_id: Annotated[
        str | None, AfterValidator(values.instance_id), Accepts("letters, digits, '.', '_' and '-', 1 to 100")
    ] = Field(None, description="Name of this worker in its group; default: host name and first free slot")
    worker_http: Address = Field("127.0.0.1:9464", description="Where the worker serves metrics and health")
    board_http: Address = Field("127.0.0.1:8088", description="Where the board listens")
    board_wall_token: Token = Field(None, description="Opens the board's wall; without one, see docs/board.md")
    board_floor_token: Token = Field(None, description="Opens wall and floor view, which has the people")
    board_user_header: Annotated[
        str | None, AfterValidator(values.header_name), Accepts("the name of an HTTP header, such as X-Forwarded-User")
    ] = Field(None, description="Header in which a reverse proxy names the user it let in, who then sees everything")
    board_proxies: Annotated[
        str, AfterValidator(values.networks), Accepts("addresses or networks with commas between, such as 10.0.0.0/8")
    ] = Field("", description="Proxies whose user header is believed; nobody else's is")
    board_floor_users: Annotated[str, Accepts("names with commas between")] = Field(
        "", description="Users of the proxy that may see the people; empty: all that it lets in"
    )
    board_names: Annotated[str, AfterValidator(values.host_names), Accepts("host names with commas between")] = Field(
        "", description="Names beside localhost under which an open board may be asked for"
    )
    board_published_locally: Annotated[bool, Accepts("true or false")] = Field(
        False, description="The board's port is published on loopback only, by a container engine; it is then open"
    )
    roster: Annotated[str | None, AfterValidator(values.readable_file), Accepts("a file that can be read")] = Field(
        None, description="CSV or YAML file with names, teams and sites of operators, for floor view and metrics"
    )
    alertmanager_url: Annotated[
        str | None, AfterValidator(values.http_url), Accepts("an address such as http://127.0.0.1:9093")
    ] = Field(None, description="Alertmanager whose firing alerts the board shows")
    pages_token: Token = Field(
        None, description="Opens the facts behind a number: asked by the board, answered by the workers"
    )
    operator_metrics: Annotated[bool, Accepts("true or false")] = Field(
        True, description="Metrics per operator, which are personal data"
    )
    kafka_security_protocol: Annotated[
        Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"],
        Accepts("PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL"),
    ] = Field("PLAINTEXT", description="How Kafka is spoken to")
    kafka_sasl_mechanism: Annotated[
        Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] | None, Accepts("PLAIN, SCRAM-SHA-256 or SCRAM-SHA-512")
    ] = Field(None, description="How the name and password are proved; needed with SASL")
    kafka_username: Annotated[str | None, Accepts("any text")] = Field(None, description="Needed with SASL")
    kafka_password: Annotated[SecretStr | None, Accepts("any text")] = Field(None, description="Needed with SASL")
    kafka_ca_file: Annotated[str | None, AfterValidator(values.readable_file), Accepts("a file that can be read")] = (
        Field(None, description="Certificates to trust; default: the system's")
    )

    @model_validator(mode="after")
    def _sasl_is_whole(self) -> Self:
        if self.kafka_security_protocol.startswith("SASL"):
            for name in ("kafka_sasl_mechanism", "kafka_username", "kafka_password"):
                if not getattr(self, name):
                    raise UserError(f"{env_name(name)} is not set, and {self.kafka_security_protocol} needs it: set it")
        return self

    @model_validator(mode="after")
    def _board_is_guarded_soundly(self) -> Self:
        wall, floor, header = env_name("board_wall_token"), env_name("board_floor_token"), env_name("board_user_header")
        if self.board_wall_token and self.board_wall_token == self.board_floor_token:
            raise UserError(f"{wall} and {floor} are the same, so the wall's would open the floor: set two")
        if bool(self.board_user_header) != bool(self.board_proxies):
            raise UserError(f"{header} and {env_name('board_proxies')} only make sense together: set both, or none")
        return self

    @property
    def group(self) -> str:
        """The consumer group."""
        return f"{self.prefix}{GROUP}"

    def topic(self, name: str) -> str:
        """The real name of a topic of the registry."""
        return self.prefix + name

    def zone_of(self, site_id: str | None) -> ZoneInfo:
        """The zone in which a site's hours are cut; `None` and unknown sites have the default one."""
        return ZoneInfo(self.site_time_zones.get(site_id or "", self.time_zone))

    def kafka_python(self) -> dict[str, Any]:
        """Keyword arguments that connect any kafka-python client."""
        password = self.kafka_password.get_secret_value() if self.kafka_password else None
        return {
            "bootstrap_servers": self.kafka.split(","),
            "security_protocol": self.kafka_security_protocol,
            "sasl_mechanism": self.kafka_sasl_mechanism,
            "sasl_plain_username": self.kafka_username,
            "sasl_plain_password": password,
            "ssl_cafile": self.kafka_ca_file,
        }


def load_settings(**overrides: Any) -> Settings:
    """Settings of environment, `.env` and `overrides` (which win); UserError names the first wrong value."""
    try:
        return Settings(**overrides)
    except ValidationError as error:
        wrong = error.errors()[0]
        raise UserError(_what_is_wrong(str(wrong["loc"][0]), wrong["input"])) from None


def env_name(field: str) -> str:
    """The environment variable of a field."""
    return ENV_PREFIX + field.upper()


def variables(settings: Settings, fields: Iterable[str]) -> dict[str, str]:
    """Variables by which another process has the same values of these fields, secrets too; None is left out."""
    found = {}
    for field in fields:
        value = getattr(settings, field)
        if isinstance(value, SecretStr):
            value = value.get_secret_value()
        if value is not None:
            found[env_name(field)] = json.dumps(value) if isinstance(value, dict) else str(value)
    return found


def accepts(field: str) -> str:
    """The words that say which values a field takes."""
    marks = (mark for mark in Settings.model_fields[field].metadata if isinstance(mark, Accepts))
    return next(marks)


def _what_is_wrong(field: str, value: object) -> str:
    secret = SecretStr in get_args(Settings.model_fields[field].annotation)
    shown = "***" if secret else values.masked(str(value))
    return f"{env_name(field)}={shown} is not accepted: it takes {accepts(field)}"
