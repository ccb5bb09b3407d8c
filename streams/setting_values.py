"""What a setting's text must look like, and how it is shown without its secrets."""

import json
import re
from ipaddress import IPv6Address, ip_address, ip_network
from pathlib import Path
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

from pydantic import SecretStr

from processors.rules import rule_named

# What Kafka takes in the name of a topic, a group or a static member.
_KAFKA_NAME = re.compile(r"[A-Za-z0-9._-]*")
_TOKEN = re.compile(r"[!-~]{16,200}")
_HOST = re.compile(r"\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9._-]+")


def host_and_port(text: str) -> tuple[str, int]:
    """Splits `host:port` (IPv6 in brackets); ValueError where it is not one, or the port is not 1 to 65535."""
    host, colon, port = text.rpartition(":")
    if not (colon and _HOST.fullmatch(host) and port.isascii() and port.isdigit() and 1 <= int(port) <= 65535):
        raise ValueError(text)
    return host.strip("[]"), int(port)


def address(text: str) -> str:
    """Checks one `host:port`."""
    host_and_port(text)
    return text


def addresses(text: str) -> str:
    """Checks `host:port,host:port,...`; blanks around commas are dropped."""
    return ",".join(address(part.strip()) for part in text.split(","))


def redis_url(text: str) -> str:
    """Checks `redis://`, `rediss://` (with TLS) or `unix://` and, in the first two, host, port and database number."""
    url = urlsplit(text)
    if url.scheme == "unix" and url.path:
        return text
    database = url.path.strip("/") or "0"
    if url.scheme not in ("redis", "rediss") or not url.hostname or not (database.isascii() and database.isdigit()):
        raise ValueError(text)
    # Reading the port is what makes urlsplit check it.
    if url.port == 0 or any(not database.isdigit() for database in parse_qs(url.query).get("db", [])):
        raise ValueError(text)
    return text


def http_url(text: str | None) -> str | None:
    """Checks `http://` or `https://` with a host; a slash at the end is dropped."""
    if text is not None:
        url = urlsplit(text)
        if url.scheme not in ("http", "https") or not url.hostname or url.query or url.fragment or url.port == 0:
            raise ValueError(text)
        text = text.rstrip("/")
    return text


def zone(text: str) -> str:
    """Checks the IANA name of a zone."""
    try:
        ZoneInfo(text)
    except (KeyError, OSError) as error:  # not there; or a folder of zones, such as "Europe"
        raise ValueError(text) from error
    return text


def zones_by_site(value: object) -> dict[str, str]:
    """Reads `{"site": "zone", ...}`, as JSON text or as a map already."""
    sites = json.loads(value) if isinstance(value, str) else value
    if not isinstance(sites, dict):
        raise ValueError(value)  # noqa: TRY004 - a TypeError would pass through the validation
    if not all(isinstance(site, str) and site.strip() and isinstance(name, str) for site, name in sites.items()):
        raise ValueError(value)
    return {site: zone(name) for site, name in sites.items()}


def conversation_rule(text: str) -> str:
    """Checks that the text can name a conversation rule."""
    return rule_named(text).name


def kafka_name(text: str) -> str:
    """Checks that the text can stand in the name of a topic, group or member; may be empty."""
    if not _KAFKA_NAME.fullmatch(text) or len(text) > 100:
        raise ValueError(text)
    return text


def instance_id(text: str | None) -> str | None:
    """Checks a static member's name; absent is left absent."""
    if text is None:
        return None
    if not text:
        raise ValueError(text)
    return kafka_name(text)


def readable_file(text: str | None) -> str | None:
    """Checks that the file is there and can be read."""
    if text is not None:
        try:
            Path(text).read_bytes()
        except OSError as error:
            raise ValueError(text) from error
    return text


def token(value: SecretStr | None) -> SecretStr | None:
    """Checks that a token is too long to be guessed and can stand in a header."""
    if value is not None and not _TOKEN.fullmatch(value.get_secret_value()):
        raise ValueError
    return value


def header_name(text: str | None) -> str | None:
    """Checks the name of an HTTP header."""
    if text is not None and not re.fullmatch(r"[A-Za-z0-9-]{1,100}", text):
        raise ValueError(text)
    return text


def networks(text: str) -> str:
    """Checks addresses and networks with commas between; blanks around commas are dropped."""
    parts = listed(text)
    for part in parts:
        ip_network(part)
    return ",".join(parts)


def host_names(text: str) -> str:
    """Checks host names, without ports, with commas between."""
    parts = listed(text)
    if not all(_HOST.fullmatch(part) for part in parts):
        raise ValueError(text)
    return ",".join(part.lower() for part in parts)


def listed(text: str) -> list[str]:
    """The parts of a list with commas, without blanks around them; an empty text has none."""
    return [part.strip() for part in text.split(",") if part.strip()]


def is_loopback(host: str) -> bool:
    """Whether a host, by name or address, is this machine alone."""
    name = host.strip("[]").lower()
    try:
        found = ip_address(name)
    except ValueError:
        return name == "localhost" or name.endswith(".localhost")
    if isinstance(found, IPv6Address) and found.ipv4_mapped is not None:
        found = found.ipv4_mapped
    return found.is_loopback


def masked(text: str) -> str:
    """The text without what may be a secret: all before an `@`, and `password=` in a query."""
    return re.sub(r"(?i)(password=)[^&]*", r"\1***", re.sub(r"^.*@", "***@", text, flags=re.DOTALL))
