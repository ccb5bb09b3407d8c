"""Settings: names, defaults, and one clear line for every wrong value."""

from pathlib import Path

import pytest

from streams.errors import UserError
from streams.settings import Settings, accepts, env_name, load_settings

WRONG = {
    "kafka": ["", "broker", "broker:0", "broker:70000", "a:1,,b:2", "a b:9092"],
    "redis_url": ["localhost:6379", "redis://", "redis://h:99999/0", "redis://h/x", "http://h/0", "redis://h/0?db=x"],
    "time_zone": ["", "Paris", "Europe", "../etc/passwd", "/etc/localtime"],
    "site_time_zones": ["{", "[]", '{"lyon": 1}', '{"lyon": "Paris"}', '{" ": "UTC"}'],
    "calendar": ["/nowhere/calendar.yaml", "/"],
    "conversation_rule": ["", "talk", "talk-20", "talk--1s", "outcome-or-talk-s", "Outcome"],
    "generation": ["0", "10000", "1.5", "x"],
    "prefix": ["a b", "é.", "x" * 101, "a/b"],
    "partitions": ["0", "-1", "many"],
    "replication": ["0", "10"],
    "flush_interval": ["0", "-1", "nan", "inf", "fast"],
    "final_grace": ["-1", "nan", "86401"],
    "session_timeout": ["5", "301", "6.5"],
    "instance_id": ["", "a b", "x" * 101],
    "worker_http": ["9464", "127.0.0.1:", "127.0.0.1:0", "127.0.0.1:65536", ":9464"],
    "board_http": ["localhost", "host:http"],
    "board_wall_token": ["short", "with a blank in it all", "x" * 201],
    "board_user_header": ["", "X User"],
    "board_proxies": ["proxy", "10.0.0.0/33", "10.0.0.1/8"],
    "board_names": ["a b", "http://wall"],
    "board_published_locally": ["perhaps"],
    "operator_metrics": ["maybe"],
    "kafka_security_protocol": ["TLS", "plaintext"],
    "kafka_sasl_mechanism": ["GSSAPI"],
    "kafka_ca_file": ["/nowhere/ca.pem"],
}


@pytest.fixture(autouse=True)
def bare_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for field in Settings.model_fields:
        monkeypatch.delenv(env_name(field), raising=False)
    monkeypatch.chdir(tmp_path)


def test_defaults_are_those_of_the_contract() -> None:
    """Whoever sets nothing gets one machine's Kafka and Redis, UTC, and the contract's times."""
    got = load_settings()
    assert (got.kafka, got.redis_url) == ("127.0.0.1:9092", "redis://127.0.0.1:6379/0")
    assert (got.time_zone, got.site_time_zones, got.conversation_rule) == ("UTC", {}, "outcome-or-talk-20s")
    assert (got.generation, got.prefix, got.partitions, got.replication) == (1, "", 12, 1)
    assert (got.flush_interval, got.final_grace, got.session_timeout, got.instance_id) == (0.2, 900, 10, None)
    assert (got.worker_http, got.board_http, got.operator_metrics) == ("127.0.0.1:9464", "127.0.0.1:8088", True)
    assert (got.kafka_security_protocol, got.kafka_password) == ("PLAINTEXT", None)


@pytest.mark.parametrize(("field", "value"), [(field, value) for field in WRONG for value in WRONG[field]])
def test_a_wrong_value_is_named_with_what_is_accepted(field: str, value: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The line holds the variable's name and which values it takes, and the exit code says: used wrongly."""
    monkeypatch.setenv(env_name(field), value)
    with pytest.raises(UserError) as caught:
        load_settings()
    assert str(caught.value).startswith(f"{env_name(field)}=")
    assert accepts(field) in str(caught.value)
    assert caught.value.exit_code == 2


def test_every_setting_says_what_it_is_and_what_it_takes() -> None:
    """The README's table and the errors have their words from the field itself."""
    assert all(field.description and accepts(name) for name, field in Settings.model_fields.items())


@pytest.mark.parametrize(
    "url", ["redis://me:geheim@host:99999/0", "me:geheim@host", "redis://host:x/0?password=geheim"]
)
def test_a_secret_in_a_wrong_address_is_not_shown(url: str) -> None:
    """A password is masked also where the address around it makes no sense."""
    with pytest.raises(UserError) as caught:
        load_settings(redis_url=url)
    assert "geheim" not in str(caught.value)
    assert "***" in str(caught.value)


def test_a_password_never_shows_in_the_settings_text() -> None:
    """Logging the settings gives no secret away."""
    assert "geheim" not in repr(load_settings(kafka_password="geheim"))


def test_a_refused_token_is_not_shown() -> None:
    """It may be a good one with a slip of the hand."""
    with pytest.raises(UserError) as caught:
        load_settings(board_floor_token="geheim geheim geheim")
    assert "geheim" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"board_wall_token": "w" * 20, "board_floor_token": "w" * 20}, "BOARD_FLOOR_TOKEN"),
        ({"board_user_header": "X-User"}, "BOARD_PROXIES"),
        ({"board_proxies": "10.0.0.1"}, "BOARD_USER_HEADER"),
    ],
)
def test_a_guard_that_guards_nothing_is_refused(given: dict[str, str], named: str) -> None:
    """One token for both views, a header believed from nobody, proxies without a header: each a slip, and named."""
    with pytest.raises(UserError, match=named):
        load_settings(**given)


@pytest.mark.parametrize("missing", ["kafka_sasl_mechanism", "kafka_username", "kafka_password"])
def test_sasl_names_what_it_still_needs(missing: str) -> None:
    """Name, password and mechanism are needed together."""
    whole = {"kafka_sasl_mechanism": "PLAIN", "kafka_username": "me", "kafka_password": "geheim"}
    del whole[missing]
    with pytest.raises(UserError, match=env_name(missing)):
        load_settings(kafka_security_protocol="SASL_SSL", **whole)


def test_the_clients_get_the_security_that_was_set() -> None:
    """What kafka-python is given is what was set, the password in clear."""
    got = load_settings(
        kafka="a:1, b:2",
        kafka_security_protocol="SASL_SSL",
        kafka_sasl_mechanism="SCRAM-SHA-512",
        kafka_username="me",
        kafka_password="geheim",
    ).kafka_python()
    assert got["bootstrap_servers"] == ["a:1", "b:2"]
    assert (got["security_protocol"], got["sasl_mechanism"]) == ("SASL_SSL", "SCRAM-SHA-512")
    assert (got["sasl_plain_username"], got["sasl_plain_password"]) == ("me", "geheim")


def test_settings_are_read_from_the_environment_and_then_from_the_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """`.env` in the working folder serves, and the environment outranks it."""
    Path(".env").write_text("DIALPULSE_PARTITIONS=5\nDIALPULSE_GENERATION=7\nOTHER=1\n")
    monkeypatch.setenv("DIALPULSE_GENERATION", "8")
    got = load_settings()
    assert (got.partitions, got.generation) == (5, 8)
    assert got.model_fields_set == {"partitions", "generation"}


def test_a_site_has_its_own_zone_or_the_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """The map is JSON; sites that are not in it, and facts without a site, have the default zone."""
    monkeypatch.setenv("DIALPULSE_SITE_TIME_ZONES", '{"pune": "Asia/Kolkata"}')
    got = load_settings(time_zone="Europe/Paris")
    assert [got.zone_of(site).key for site in ("pune", "lyon", None)] == [
        "Asia/Kolkata",
        "Europe/Paris",
        "Europe/Paris",
    ]


def test_the_prefix_stands_before_every_name() -> None:
    """Two systems share a cluster by their prefixes."""
    got = load_settings(prefix="east.")
    assert (got.group, got.topic("dialer.calls.v1")) == ("east.dialpulse", "east.dialer.calls.v1")
