# SPDX-License-Identifier: MIT
"""Application pings, native pings, and clients that never speak.  quick: 1 s and 0.3 s."""

import time

import pytest

from rig import tokens
from rig.ws import DEADLINE, PONG, Closed


def test_ping_and_pong_go_on(quick):
    client = quick.open()
    assert client.connect(token=tokens.conn("u1"))["ping"] == 1
    for _ in range(3):
        client.wait_ping()
    assert client.call("rpc", method="ping") == {}


def test_first_ping_comes_in_the_second_half_of_the_interval(quick):
    begin = time.monotonic()
    client = quick.client(tokens.conn("u1"))
    client.wait_ping()
    assert time.monotonic() - begin > 0.4


def test_no_pong(quick):
    client = quick.client(tokens.conn("u1"), pong=False)
    client.wait_ping()
    begin = time.monotonic()
    assert client.ended() == (3012, "no pong")
    assert time.monotonic() - begin > 0.2


def test_other_commands_are_no_pong(quick):
    client = quick.client(tokens.conn("u1"), pong=False)
    client.wait_ping()
    client.call("rpc", method="ping")
    assert client.ended() == (3012, "no pong")


def test_unsolicited_pong(main):
    client = main.client()
    client.send({})
    assert client.ended() == (3501, "bad request")


def test_second_pong(quick):
    client = quick.client(tokens.conn("u1"))
    client.wait_ping()
    client.send({})
    assert client.ended() == (3501, "bad request")


def test_command_without_id_is_a_pong(quick, channel):
    client = quick.client(tokens.conn("u1"), pong=False)
    client.wait_ping()
    client.send({"subscribe": {"channel": channel()}})
    client.pong = True
    client.wait_ping()
    assert client.pushes() == []


def test_protobuf_ping(quick):
    client = quick.client(tokens.conn("u1"), encoding="protobuf")
    client.wait_ping()
    client.wait_ping()


def test_stale(quick):
    begin = time.monotonic()
    assert quick.open().ended() == (3502, "stale")
    assert time.monotonic() - begin > 1.5


def test_refused_connect_becomes_stale(quick):
    client = quick.open()
    assert client.error("connect", token=tokens.conn("u1", exp=1)) == 109
    assert client.ended() == (3502, "stale")


@pytest.mark.parametrize("query", ["cf_ws_frame_ping_pong=true"])
def test_native_pings(quick, query):
    client = quick.open(path="/connection/websocket?" + query)
    result = client.connect(token=tokens.conn("u1"))
    assert "ping" not in result and "pong" not in result
    while client.ws.pings < 2:
        with pytest.raises(TimeoutError):
            client.ws.recv(0.05)
    assert client.pings == 0
    assert client.call("rpc", method="ping") == {}


def test_native_pings_unanswered(quick):
    client = quick.open(path="/connection/websocket?cf_ws_frame_ping_pong=true", auto_pong=False)
    client.connect(token=tokens.conn("u1"))
    code, _ = client.ended()
    assert code is None and client.ws.pings == 1


def test_native_pongs_that_nobody_asked_for(main):
    client = main.client()
    client.ws.send(b"hello", PONG)
    try:
        assert client.call("rpc", method="ping") == {}
    except Closed as end:
        raise AssertionError(f"closed {end.code}") from end


def test_peer_pings_are_answered(main):
    client = main.client()
    client.ws.send(b"are you there", 9)
    while True:
        frame = client.ws._take_frame()
        if frame:
            break
        client.ws._fill(time.monotonic() + DEADLINE)
    assert frame[2:] == (PONG, b"are you there")
