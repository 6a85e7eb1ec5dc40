# SPDX-License-Identifier: MIT
"""SDKs: tokens, their expiry and their refresh.  quick: 0.2 s of grace."""

import queue

import pytest

from rig import tokens
from rig.ws import DEADLINE


class Asked:
    """A source of tokens that tells how often it was asked."""

    def __init__(self, make):
        self.make = make
        self.times = queue.SimpleQueue()

    def __call__(self):
        self.times.put(1)
        return self.make()

    def wait(self, n):
        for _ in range(n):
            self.times.get(timeout=DEADLINE)


def test_expired_tokens_are_replaced(main, sdk, channel):
    """An expired token makes the SDK ask for a new one, for both kinds."""
    name = "$" + channel("closed")
    client = sdk.client(main, tokens.conn("u1", exp=1), get_token=lambda: tokens.conn("u1"))
    sub = client.subscribe(name, token=tokens.sub("u1", name, exp=1),
                           get_token=lambda: tokens.sub("u1", name, data={"of": "token"}))
    assert "disconnected" not in dict(client.drain()) and sub.drain() == []


def test_expired_and_no_other(main, sdk):
    client = sdk.new(main, tokens.conn("u1", exp=1)).connect()
    assert client.wait("disconnected")["code"] == 1


def test_nobody_gives_a_token(main, sdk, channel):
    client = sdk.new(main, get_token=lambda: None).connect()
    assert client.wait("disconnected")["code"] == 1
    client = sdk.client(main, tokens.conn("u1"))
    sub = client.subscription(channel("closed"), get_token=lambda: None).subscribe()
    assert sub.wait("unsubscribed")["code"] == 1


def test_subscription_token(main, sdk, channel):
    """It opens what is closed, and brings data and info."""
    name = "$" + channel("closed")
    client = sdk.client(main, tokens.conn("u1"))
    sub = client.subscription(name, token=tokens.sub(
        "u1", name, data={"d": 1}, override={"force_recovery": {"value": True}}))
    ctx = sub.subscribed()
    assert ctx["data"] == {"d": 1} and ctx["recoverable"] and ctx["position"]["epoch"]


def test_garbage_for_a_subscription(main, sdk, channel):
    client = sdk.client(main, tokens.conn("u1"))
    sub = client.subscription(channel("plain"), token="garbage").subscribe()
    assert sub.wait("unsubscribed")["code"] == 103


@pytest.mark.parametrize("wrong", [
    {"channel": "other"}, {"user": "u2"}, {"client": "0" * 36}], ids=lambda w: next(iter(w)))
def test_token_of_another(main, sdk, channel, wrong):
    name = channel("closed")
    client = sdk.client(main, tokens.conn("u1"))
    token = tokens.sub(**{"user": "u1", "channel": name, **wrong})
    client.subscription(name, token=token).subscribe()
    assert client.wait("disconnected") == {"code": 3500, "reason": "invalid token"}


def test_both_are_refreshed(timed, together, channel):
    """Each for itself, and neither the connection nor the subscription ends."""
    def scenario(sdk):
        name = channel("closed")
        conn = Asked(lambda: tokens.conn("u1", ttl=4))
        sub = Asked(lambda: tokens.sub("u1", name, ttl=4))
        client = sdk.client(timed, get_token=conn)
        subscription = client.subscribe(name, get_token=sub)
        conn.wait(2)
        sub.wait(2)
        timed.api.publish(name, 1)
        assert subscription.next() == ("publication", {"data": 1, "offset": 1})
        assert client.drain() == []
    together(scenario)


def test_connection_expires(timed, together):
    """Without a way to refresh, the server ends it with a code to come back with, and the
    old token is then refused."""
    def scenario(sdk):
        client = sdk.client(timed, tokens.conn("u1", ttl=4))
        codes = set()
        while (event := client.next())[0] != "disconnected":
            if event[0] == "connecting":
                codes.add(event[1]["code"])
        # 1: Go may fail to write before it has read why.
        assert event[1]["code"] == 1 and codes <= {3005, 1}
    together(scenario)


def test_refresh_is_refused(timed, together):
    """A token of another user ends the connection for good."""
    def scenario(sdk):
        fresh = iter([tokens.conn("u1", ttl=4)])
        client = sdk.client(timed, get_token=lambda: next(fresh, tokens.conn("u2", ttl=50)))
        assert client.wait("disconnected") == {"code": 3500, "reason": "invalid token"}
    together(scenario)


def test_subscription_expires(timed, together, channel):
    """2501: it is subscribed again, with a new token; without one it ends."""
    def scenario(sdk):
        name = channel("closed")
        client = sdk.client(timed, tokens.conn("u1"))
        sub = client.subscribe(name, token=tokens.sub("u1", name, ttl=4))
        events = []
        while not events or events[-1][0] != "unsubscribed":
            events.append(sub.next())
        assert events[-1][1]["code"] in (1, 103)    # Go tries without a token first
        assert {ctx["code"] for name, ctx in events if name == "subscribing"} <= {2501}
    together(scenario)


def test_subscription_refresh_of_another(timed, together, channel):
    def scenario(sdk):
        name = channel("closed")
        client = sdk.client(timed, tokens.conn("u1"))
        fresh = iter([tokens.sub("u1", name, ttl=4)])
        client.subscribe(name, get_token=lambda: next(fresh, tokens.sub("u2", name, ttl=50)))
        assert client.wait("disconnected") == {"code": 3500, "reason": "invalid token"}
    together(scenario)


def test_api_refresh(main, sdk, channel):
    """The backend ends a connection, or lets it live."""
    user = channel()
    client = sdk.client(main, get_token=lambda: tokens.conn(user, ttl=50))
    main.api.call("refresh", user=user, expire_at=0)
    client.rpc("ping", {})
    main.api.call("refresh", user=user, expired=True)
    assert client.wait("connecting") == {"code": 3005, "reason": "connection expired"}
    client.wait("connected")
