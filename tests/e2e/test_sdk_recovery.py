# SPDX-License-Identifier: MIT
"""SDKs: positions, recovery of what was missed, and what cannot be recovered."""

import contextlib

import pytest

from rig import tokens
from rig.relay import Relay


@contextlib.contextmanager
def away(relay, sub, client):
    """The client has no connection meanwhile; gives a list with its next `subscribed`."""
    relay.cut(accepts=False)
    client.wait("connecting")
    again = []
    yield again
    relay.accepts = True
    again.append(sub.wait("subscribed"))


@pytest.fixture
def relay(main):
    with Relay(main.address) as relay:
        yield relay


@pytest.mark.parametrize("namespace, options, recoverable, positioned", [
    ("rec", {}, True, True), ("pos", {}, False, False), ("pos", {"positioned": True}, False, True),
    ("pos", {"recoverable": True}, True, True), ("bare", {"recoverable": True}, False, False)])
def test_what_is_granted(main, sdk, channel, namespace, options, recoverable, positioned):
    name = channel(namespace)
    ctx = sdk.client(main).subscription(name, **options).subscribed()
    assert (ctx["recoverable"], ctx["positioned"]) == (recoverable, positioned)
    assert bool(ctx.get("position")) == positioned


def test_missed(main, sdk, channel, relay):
    name, client = channel("rec"), sdk.client(relay)
    sub = client.subscribe(name)
    for round_ in range(3):
        with away(relay, sub, client) as again:
            for i in range(round_):
                main.api.publish(name, [round_, i])
        assert again[0]["was_recovering"] and again[0]["recovered"]
        assert sub.data(round_) == [[round_, i] for i in range(round_)]
    main.api.publish(name, "live")
    assert sub.wait("publication") == {"data": "live", "offset": 4}


def test_too_much_was_missed(main, sdk, channel, relay):
    """10 are kept: the SDK is told, and gets what comes from then on."""
    name, client = channel("rec"), sdk.client(relay)
    sub = client.subscribe(name)
    with away(relay, sub, client) as again:
        for i in range(11):
            main.api.publish(name, i)
    assert again[0]["was_recovering"] and not again[0]["recovered"]
    assert again[0]["position"]["offset"] == 11
    main.api.publish(name, "live")
    assert sub.wait("publication") == {"data": "live", "offset": 12}


def test_history_was_removed(main, sdk, channel, relay):
    name, client = channel("rec"), sdk.client(relay)
    sub = client.subscribe(name)
    with away(relay, sub, client) as again:
        main.api.publish(name, 1)
        main.api.call("history_remove", channel=name)
    assert again[0]["was_recovering"] and not again[0]["recovered"]


def test_without_recovery(main, sdk, channel, relay):
    name, client = channel("pos"), sdk.client(relay)
    sub = client.subscribe(name, positioned=True)
    with away(relay, sub, client) as again:
        main.api.publish(name, "missed")
    assert not again[0]["was_recovering"] and not again[0]["recovered"]
    main.api.publish(name, "live")
    assert sub.data(1) == ["live"]


def test_unsubscribed_meanwhile(main, sdk, channel):
    """Subscribing again is recovery too."""
    name = channel("rec")
    sub = sdk.client(main).subscribe(name)
    main.api.publish(name, 1)
    assert sub.data(1) == [1]
    sub.unsubscribe()
    sub.wait("unsubscribed")
    main.api.publish(name, 2)
    ctx = sub.subscribed()
    assert not ctx["was_recovering"] or ctx["recovered"] and sub.data(1) == [2]


def test_cache(main, sdk, channel, relay):
    """The newest one only, however many there were; and none twice."""
    name, client = channel("cache"), sdk.client(relay)
    sub = client.subscribe(name)
    with away(relay, sub, client) as again:
        for i in range(5):
            main.api.publish(name, i)
    assert again[0]["recovered"] and sub.data(1) == [4]
    with away(relay, sub, client) as again:
        pass
    assert again[0]["recovered"]
    main.api.publish(name, "live")
    assert sub.data(1) == ["live"]


def test_cache_that_recovers_unasked(main, sdk, channel):
    name = channel("auto")
    sub = sdk.client(main).subscription(name)
    for i in range(3):
        main.api.publish(name, i)
    ctx = sub.subscribed()
    assert ctx["was_recovering"] and ctx["recovered"]
    assert sub.data(1) == [2]


def test_publications_outside_of_history(main, sdk, channel, relay):
    """They move no position, and are not recovered."""
    name, client = channel("rec"), sdk.client(relay)
    sub = client.subscribe(name)
    main.api.publish(name, "kept")
    main.api.publish(name, "not kept", skip_history=True)
    assert sub.publications(2) == [{"data": "kept", "offset": 1}, {"data": "not kept"}]
    with away(relay, sub, client) as again:
        main.api.publish(name, "not kept", skip_history=True)
        main.api.publish(name, "kept")
    assert again[0]["recovered"]
    assert sub.publications(1) == [{"data": "kept", "offset": 2}]


def test_state_is_asked_for(main, sdk, channel, relay):
    """getState: once at first, not when all is recovered, again when it cannot be."""
    name, client = channel("rec"), sdk.client(relay)
    main.api.publish(name, "old")
    asked = []

    def state():
        asked.append(main.api.call("history", channel=name))
        return {key: asked[-1][key] for key in ("offset", "epoch")}

    sub = client.subscribe(name, get_state=state)
    with away(relay, sub, client) as again:
        main.api.publish(name, "missed")
    assert again[0]["recovered"] and sub.data(1) == ["missed"] and len(asked) == 1
    with away(relay, sub, client) as again:
        for i in range(11):
            main.api.publish(name, i)
    assert again[0]["recovered"] and len(asked) == 2
    main.api.publish(name, "live")
    assert sub.data(1) == ["live"]
