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
    """While another publishes, the connection is cut again and again.  However far ahead
    it is then, client.recovery_max_publication_limit (300) holds what was missed."""
    name, n = channel("big"), 300
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


def test_nothing_is_lost_or_doubled_by_subscribing_again(main, sdk, channel):
    """Whether the SDK recovers then or not, the offsets leave no gap.  Never while it is
    still subscribing: centrifuge-go then takes the reply to the first subscribe command for
    that to the second, which it leaves out, and stays without what it has unsubscribed."""
    name, n, expected, subscribing = channel("big"), 400, 1, False
    sub = sdk.client(main).subscribe(name)
    publisher = threading.Thread(target=publish_range, args=(main.client(), name, n))
    publisher.start()
    while expected <= n:
        event, ctx = sub.next()
        if event == "publication":
            assert ctx["offset"] == expected
            expected += 1
            if expected % 80 == 40 and not subscribing:
                sub.unsubscribe()
                sub.subscribe()
                subscribing = True
        elif event == "subscribed":
            subscribing = False
            if not ctx["recovered"]:
                assert ctx["position"]["offset"] >= expected - 1
                expected = ctx["position"]["offset"] + 1
    publisher.join()


def test_all_sdks_in_one_channel(main, everyone, channel):
    """Everybody gets everything, in one order."""
    name, n = channel("big"), 20
    subs = [sdk.client(main, tokens.conn(str(sdk))).subscribe(name) for sdk in everyone]
    for sub in subs:
        sub.publish_all(data=list(range(n)))
    got = [[(p["offset"], p["info"]["user"], p["data"]) for p in sub.publications(n * len(subs))]
           for sub in subs]
    assert [offset for offset, _, _ in got[0]] == list(range(1, n * len(subs) + 1))
    assert all(one == got[0] for one in got)
    assert sorted(entry[1:] for entry in got[0]) == sorted(
        (str(sdk), i) for sdk in everyone for i in range(n))


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
