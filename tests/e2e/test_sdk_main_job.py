# SPDX-License-Identifier: MIT
"""What most applications do with an SDK, and that it is not disturbed by the network."""

import threading

from rig import tokens
from rig.config import main as main_config
from rig.relay import Relay


def test_main_job(main, sdk, channel):
    """Connect with a JWT, subscribe, receive, publish, read history and presence,
    drop, reconnect and recover what was missed."""
    name, api = channel("all"), main.api
    with Relay(main.address) as relay:
        client = sdk.client(relay, tokens.conn("u1", info={"sdk": 1}))
        sub = client.subscription(name, recoverable=True, positioned=True)
        assert sub.subscribed()["recoverable"]
        api.publish(name, {"from": "backend"})
        assert sub.next() == ("publication", {"data": {"from": "backend"}, "offset": 1})
        sub.publish(data={"from": "client"})
        pub = sub.wait("publication")
        assert (pub["data"], pub["offset"], pub["info"]["user"]) == ({"from": "client"}, 2, "u1")

        history = sub.history(limit=10)
        assert [p["offset"] for p in history["publications"]] == [1, 2] and history["offset"] == 2
        (info,) = sub.presence().values()
        assert (info["user"], info["conn_info"]) == ("u1", {"sdk": 1})
        assert sub.presence_stats() == {"num_clients": 1, "num_users": 1}

        relay.cut(accepts=False)
        client.wait("connecting")
        for i in range(3):
            api.publish(name, {"missed": i})
        relay.accepts = True
        again = sub.wait("subscribed")
        assert again["was_recovering"] and again["recovered"]
        assert sub.data(3) == [{"missed": i} for i in range(3)]
        api.publish(name, "live again")
        assert sub.wait("publication") == {"data": "live again", "offset": 6}


def test_nothing_is_lost_or_doubled(main, sdk, channel):
    """While another publishes, the connection is cut again and again."""
    name, n = channel("big"), 400
    with Relay(main.address) as relay:
        client = sdk.client(relay)
        sub = client.subscribe(name)
        publisher = threading.Thread(target=publish_range, args=(main.client(), name, n))
        publisher.start()
        offsets = []
        for i in range(n):
            offsets.append(sub.wait("publication")["offset"])
            if i % 80 == 40:
                relay.cut()
        publisher.join()
    assert offsets == list(range(1, n + 1))


def publish_range(client, name, n):
    for i in range(n):
        client.publish(name, i)


def test_daemon_restarts(start, sdk, channel):
    """Shutdown sends clients away with a code that makes them come back."""
    first, name = start(), channel("all")
    client = sdk.client(first)
    sub = client.subscribe(name)
    first.stop()
    assert client.wait("connecting")["code"] == 3001
    second = start(main_config(http_server={"port": first.port}))
    sub.wait("subscribed")
    second.api.publish(name, "after")
    assert sub.data(1) == ["after"]
