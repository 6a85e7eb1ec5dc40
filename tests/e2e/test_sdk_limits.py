# SPDX-License-Identifier: MIT
"""SDKs: limits, and what an SDK makes of them."""

import pytest

from rig import tokens
from rig.config import main as main_config


@pytest.fixture
def limited(start):
    """A daemon with this option of the client."""
    return lambda **options: start(main_config(client=options))


def test_channel_limit(limited, sdk, channel):
    client = sdk.client(limited(channel_limit=2))
    first = client.subscribe(channel("plain"))
    client.subscribe(channel("plain"))
    third = client.subscription(channel("plain")).subscribe()
    assert third.wait("unsubscribed")["code"] == 106
    first.unsubscribe()
    client.rpc("ping", {})
    third.subscribed()


def test_channel_limit_by_the_backend(limited, sdk, channel):
    server, user = limited(channel_limit=1), channel()
    client = sdk.client(server, tokens.conn(user))
    client.subscribe(channel("plain"))
    server.api.call("subscribe", user=user, channel=channel("plain"))
    assert client.wait("disconnected") == {"code": 3505, "reason": "channel limit"}


def test_user_connection_limit(limited, sdk):
    server = limited(user_connection_limit=1)
    first = sdk.client(server, tokens.conn("u1"))
    second = sdk.new(server, tokens.conn("u1"))
    assert second.connect().wait("disconnected") == {"code": 3504, "reason": "connection limit"}
    sdk.client(server, tokens.conn("u2"))
    first.disconnect()
    server.wait(lambda: "client" in second.connect().wait("connected", "disconnected"), "admission")


def test_connection_limit(limited, sdk):
    """503: the SDK goes on trying."""
    server = limited(connection_limit=1)
    first = sdk.client(server)
    second = sdk.new(server).connect()
    second.wait("error")
    first.disconnect()
    second.wait("connected")


def test_limit_of_recovery(limited, sdk, channel):
    """5 are recovered, 6 are too many; and history gives no more than 3."""
    server = limited(recovery_max_publication_limit=5, history_max_publication_limit=3)
    name, client = channel("rec"), sdk.client(server)
    sub = client.subscribe(name)
    for missed, recovered in (5, True), (6, False):
        client.disconnect()
        client.wait("disconnected")
        for i in range(missed):
            server.api.publish(name, i)
        client.connect()
        assert sub.wait("subscribed")["recovered"] == recovered
    assert len(sub.history(limit=-1)["publications"]) == 3
    assert len(sub.history(limit=10)["publications"]) == 3


def test_concurrency(limited, sdk, channel):
    """With commands at work side by side, each is answered."""
    client, name = sdk.client(limited(concurrency=8)), channel("big")
    sub = client.subscribe(name)
    client.publish_all(name, data=list(range(50)))
    assert sorted(sub.data(50)) == list(range(50))


def test_queue_limit(limited, sdk, channel):
    """3008 for one who cannot keep up: it comes back and recovers."""
    server, name = limited(queue_max_size=20000), channel("rec")
    client = sdk.client(server)
    sub = client.subscribe(name)
    server.api.publish(name, "x" * 30000)
    assert client.wait("connecting") == {"code": 3008, "reason": "slow"}
    server.api.call("history_remove", channel=name)
    sub.wait("subscribed")


def test_message_size(main, sdk, channel):
    """1009, which the SDKs know; JavaScript then stays away."""
    client = sdk.client(main)
    client.error("publish", channel("plain"), data="x" * 70000)
    assert client.wait("connecting", "disconnected")["code"] == 3

