# SPDX-License-Identifier: MIT
"""rpc, send and the ping command."""

import pytest

from rig.config import main as main_config


def test_ping_extension(main):
    assert main.client().call("rpc", method="ping", data={}) == {}


@pytest.mark.parametrize("method", ["nosuch", "", "ns:m", "PING"])
def test_unknown_method(main, method):
    assert main.client().error("rpc", method=method, data={}) == 104


@pytest.mark.parametrize("method", ["ping", "x", ""])
def test_no_handler_at_all(start, encoding, method):
    server = start(main_config(rpc={"ping": {"enabled": False}}))
    assert server.client(encoding=encoding).error("rpc", method=method, data={}) == 108


def test_ping_method_has_the_configured_name(start):
    server = start(main_config(rpc={"ping": {"enabled": True, "method": "are_you_there"}}))
    client = server.client()
    assert client.call("rpc", method="are_you_there") == {}
    assert client.error("rpc", method="ping") == 104


@pytest.mark.parametrize("number", [0, 5])
def test_send_is_not_available(main, number):
    client = main.client()
    client.send({"id": number, "send": {"data": {"a": 1}}} if number else {"send": {"data": 1}})
    assert client.ended() == (3508, "not available")


def test_ping_command(main):
    client = main.client()
    client.ask("ping")
    assert client.ended() == (3501, "bad request")
