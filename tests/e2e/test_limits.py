# SPDX-License-Identifier: MIT
"""Slow consumers and the limits on connections and subscriptions."""

import socket

import pytest

from rig import tokens
from rig.client import Client
from rig.config import main as main_config
from rig.ws import Closed, Refused, WebSocket


def slow_client(server, name):
    """A subscriber with a small receive buffer who never reads."""
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    sock.connect(server.address)
    client = server.keep(Client(server.address, sock=sock))
    client.connect()
    client.subscribe(name)
    return client


def test_slow_consumer(start, channel, workers):
    """It goes; readers of the same channel get everything."""
    server = start(main_config(client={"queue_max_size": 65536}),
                   env={"ROTOR_WORKERS": workers})
    name = channel("plain")
    slow, reader, api = slow_client(server, name), server.client(), server.api
    reader.subscribe(name)
    for i in range(1000):
        api.publish(name, [i, "x" * 20000])
        assert reader.pub()["data"][0] == i
    assert server.api.call("channels")["channels"][name]["num_clients"] == 1
    assert slow.ended()[0] in (3008, None)


def test_one_message_over_the_queue_limit(start, channel):
    server = start(main_config(client={"queue_max_size": 1000}))
    client, name = server.client(), channel("plain")
    client.subscribe(name)
    server.api.publish(name, "x" * 2000)
    assert client.ended() == (3008, "slow")


def test_connection_limit(start):
    server = start(main_config(client={"connection_limit": 3}))
    clients = [server.client() for _ in range(3)]
    with pytest.raises(Refused) as refused:
        server.client()
    assert refused.value.status == 503 and refused.value.body == b""
    clients[0].close()

    def admitted():
        try:
            return bool(server.client())
        except Refused:
            return False
    server.wait(admitted, "admission after a client left")


def test_connection_rate_limit(start):
    """A bucket of the given size, refilled with one token a second."""
    server = start(main_config(client={"connection_rate_limit": 5}))
    taken = refused = 0
    for _ in range(12):
        try:
            server.client()
            taken += 1
        except Refused as e:
            assert e.status == 503
            refused += 1
    assert 5 <= taken <= 7 and refused == 12 - taken


def test_user_connection_limit(start, encoding):
    server = start(main_config(client={"user_connection_limit": 2}))
    first = server.client(tokens.conn("u1"), encoding)
    server.client(tokens.conn("u1"), encoding)
    third = server.open(encoding)
    third.ask("connect", token=tokens.conn("u1"))
    assert third.ended() == (3504, "connection limit")
    server.client(tokens.conn("u2"), encoding)
    for _ in range(4):
        server.client(encoding=encoding)        # anonymous users are not counted
    first.close()

    def admitted():
        try:
            return bool(server.client(tokens.conn("u1"), encoding))
        except Closed:
            return False
    server.wait(admitted, "admission after a client left")


def test_channel_limit_is_configured(start, channel):
    server = start(main_config(client={"channel_limit": 2}))
    client = server.client(tokens.conn("u1"))
    client.subscribe(channel())
    client.subscribe(channel())
    assert client.error("subscribe", channel=channel()) == 106
    server.api.call("subscribe", user="u1", channel=channel())
    assert client.ended() == (3505, "channel limit")


def test_max_length_is_configured(start):
    server = start(main_config(channel={"max_length": 10}))
    client = server.client()
    assert client.error("subscribe", channel="x" * 11) == 107
    assert client.subscribe("x" * 10) == {}


def test_history_and_recovery_limits(start, channel):
    server = start(main_config(client={"history_max_publication_limit": 3,
                                       "recovery_max_publication_limit": 2}))
    name = channel("rec")
    for i in range(5):
        server.api.publish(name, i)
    client = server.client()
    assert len(client.call("history", channel=name, limit=5)["publications"]) == 3
    assert "recovered" not in client.subscribe(name, recover=True, offset=2)
    assert server.client().subscribe(name, recover=True, offset=3)["recovered"]


def test_other_boundaries(start):
    """Every mark in a channel name is configurable, and an empty one is no mark."""
    server = start(main_config(channel={
        "private_prefix": "%", "namespace_boundary": "/", "user_boundary": "@",
        "user_separator": "+"}))
    client = server.client(tokens.conn("u1"))
    assert client.error("subscribe", channel="nosuch/x") == 102
    assert client.error("subscribe", channel="%x") == 103
    assert client.subscribe("nosuch:x") == {} and client.subscribe("$x") == {}
    assert client.subscribe("users/x@u2+u1") == {}
    assert client.error("subscribe", channel="users/x@u2,u1") == 103


def test_unfinished_input(start):
    """Who begins messages and does not end them is dropped when all of it is too much, the
    oldest first; who ends them is not."""
    server = start(main_config(http_server={"held_max_size": 300000}), env={"ROTOR_WORKERS": "1"})
    frame = WebSocket.frame(1, b"x" * 60000)
    hoarders = [server.open() for _ in range(8)]
    for client in hoarders:
        client.ws.send_raw(frame[:50000])
        server.api.call("info")         # in this order
    assert [client.ended()[0] for client in hoarders[:4]] == [None] * 4
    late = server.open()
    text = WebSocket.frame(1, late.pack([{"id": 1, "connect": {"token": tokens.conn("late")}}]).encode())
    late.ws.send_raw(text[:20])
    server.api.call("info")
    late.ws.send_raw(text[20:])
    assert "connect" in late.reply(1)
    hoarders[7].ws.send_raw(frame[50000:])
    assert hoarders[7].ended()[0] == 3501
