"""Ports: a default that is taken moves on, one that was set does not."""

import pytest

from streams import ports
from streams.errors import UserError
from streams.settings import Settings, load_settings

HOST = "127.0.0.1"


def test_a_default_port_that_is_taken_gives_the_next_free_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The address that comes back is the one that was taken, a little further on."""
    port = ports.any_free(HOST)
    # As if the usual port were this one: the setting itself stays unset.
    settings = Settings.model_construct(board_http=f"{HOST}:{port}", _fields_set=set())
    first, first_address = ports.listening_socket(settings, "board_http")
    second, second_address = ports.listening_socket(settings, "board_http")
    with first, second:
        assert first_address == f"{HOST}:{port}"
        assert second.getsockname()[1] > port
        assert second_address == f"{HOST}:{second.getsockname()[1]}"


def test_a_set_port_that_is_taken_is_an_error() -> None:
    """Whoever names a port has others point at it: no silent move."""
    port = ports.any_free(HOST)
    with ports.listening(HOST, port), pytest.raises(UserError, match=f"DIALPULSE_WORKER_HTTP={HOST}:{port} "):
        ports.listening_socket(load_settings(worker_http=f"{HOST}:{port}"), "worker_http")


def test_a_set_port_that_is_free_is_taken() -> None:
    """And only that one."""
    port = ports.any_free(HOST)
    sock, address = ports.listening_socket(load_settings(worker_http=f"{HOST}:{port}"), "worker_http")
    with sock:
        assert address == f"{HOST}:{port}"
        assert not ports.is_free(HOST, port)
    assert ports.is_free(HOST, port)


def test_an_address_of_another_machine_cannot_be_had() -> None:
    """The system's reason is in the line."""
    with pytest.raises(UserError, match="cannot be had"):
        ports.listening_socket(load_settings(worker_http="192.0.2.1:9464"), "worker_http")
