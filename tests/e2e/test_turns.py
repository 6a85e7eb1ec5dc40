# SPDX-License-Identifier: MIT
"""Whatever one client asks for, another one of the same worker is served meanwhile."""

import select

import pytest

from rig import tokens
from rig.config import main as main_config

OPEN = {"allow_subscribe_for_client": True, "allow_publish_for_client": True,
        "allow_history_for_client": True, "allow_presence_for_client": True}


def config():
    # Nobody answers pings while bytes are looked through, however long that takes.
    extra = main_config(client={"channel_limit": 100000, "queue_max_size": 64 << 20,
                                "ping_interval": "600s"},
                        websocket={"message_size_limit": 8 << 20})
    extra["channel"]["namespaces"] += [
        {"name": "kept", "history_size": 300, "history_ttl": "600s", **OPEN},
        {"name": "seen", "presence": True, "join_leave": True, **OPEN}]
    return extra


def many_channels(client):
    return [{"id": 1, "connect": {"token": tokens.conn("u1"), "subs": {f"seen:{i}": {} for i in range(20000)}}}]


def history_pages(client):
    client.connect(token=tokens.conn("u1"))
    for _ in range(200):
        client.publish("kept:x", "x" * 100)
    return [{"id": 1000 + i, "history": {"channel": "kept:x", "limit": 200}} for i in range(500)]


def subscribes(client):
    client.connect(token=tokens.conn("u1"))
    return [{"id": 1000 + i, "subscribe": {"channel": f"seen:{i}"}} for i in range(20000)]


class Replies:
    """Bytes as they come, looked through for the last reply without being parsed."""

    def __init__(self, client, last):
        self.sock, self.wanted, self.tail, self.came = client.ws.sock, b'"id":%d,' % last, b"", False

    def look(self):
        if not select.select([self.sock], [], [], 0)[0]:
            return self.came
        data = self.sock.recv(1 << 20)
        assert data, "the connection was closed"
        self.came |= self.wanted in self.tail + data
        self.tail = data[-len(self.wanted):]
        return self.came


@pytest.mark.parametrize("commands", [many_channels, history_pages, subscribes])
def test_others_are_served_meanwhile(start, commands):
    """A loop that did it in one go would serve the other one once, or twice."""
    server = start(config(), env={"ROTOR_WORKERS": 1})
    other, client = server.client(), server.open()
    asked = commands(client)
    client.send(*asked)
    replies, served = Replies(client, asked[-1]["id"]), 0
    while not replies.look():
        other.call("unsubscribe", channel="nothing")
        served += 1
    assert served >= 10
