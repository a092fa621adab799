import socket
from collections.abc import Iterator

import pytest
import requests

from perf_matrix.load.control import ControlServer


@pytest.fixture
def control() -> Iterator[ControlServer]:
    server = ControlServer()
    yield server
    server.close()


def test_commands_are_handed_out_once_and_in_order(control: ControlServer) -> None:
    for number in (1, 2):
        control.put({"verb": "probe", "id": number})
    assert [requests.get(control.url, timeout=5).json()["id"] for _ in range(2)] == [1, 2]


@pytest.mark.parametrize("path", ["/", "/next", "/wrong/next", "/%ff/next"])
def test_without_the_token_there_is_no_command(control: ControlServer, path: str) -> None:
    control.put({"verb": "probe", "id": 1})
    origin = control.url.rsplit("/", 2)[0]
    answer = requests.get(origin + path, timeout=5)
    assert (answer.status_code, answer.json()) == (404, {})
    assert requests.get(control.url, timeout=5).json()["id"] == 1


def test_a_body_is_refused_unread(control: ControlServer) -> None:
    assert requests.get(control.url, data=b"x" * 100_000, timeout=5).status_code == 413
    assert requests.post(control.url, timeout=5).status_code == 501


def test_each_server_has_a_secret_of_its_own(control: ControlServer) -> None:
    other = ControlServer()
    other.close()
    assert other.url.split("/")[3] != control.url.split("/")[3]
    assert len(control.url.split("/")[3]) >= 32


def test_it_listens_on_this_machine_only_and_not_after_its_end() -> None:
    control = ControlServer()
    host, port = control.url.split("/")[2].split(":")
    assert host == "127.0.0.1"
    control.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((host, int(port)), timeout=5)


def test_closing_does_not_wait_for_a_caller_who_says_nothing() -> None:
    control = ControlServer()
    host, port = control.url.split("/")[2].split(":")
    with socket.create_connection((host, int(port)), timeout=5):
        control.close()
