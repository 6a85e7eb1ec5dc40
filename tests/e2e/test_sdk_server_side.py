# SPDX-License-Identifier: MIT
"""SDKs: server-side subscriptions."""

import time

import pytest

from rig import tokens
from rig.config import main as main_config
from rig.relay import Relay


@pytest.fixture
def user(channel):
    return channel()


def test_channels_of_the_token(main, sdk, channel, user):
    name, api = channel("plain"), main.api
    client = sdk.new(main, tokens.conn(user, channels=[name])).connect()
    assert client.wait("subscribed")["channel"] == name
    api.publish(name, {"n": 1})
    assert client.wait("publication") == {"channel": name, "data": {"n": 1}}
    api.call("unsubscribe", user=user, channel=name)
    assert client.wait("unsubscribed") == {"channel": name}
    api.publish(name, "not for it")
    client.rpc("ping", {})
    assert client.drain() == []


def test_subs_of_the_token(main, sdk, channel, user):
    name = channel("jl")
    token = tokens.conn(user, info={"c": 1}, subs={name: {
        "data": {"d": 1}, "info": {"s": 1}, "override": {"force_positioning": {"value": False}}}})
    client = sdk.new(main, token).connect()
    assert client.wait("subscribed")["data"] == {"d": 1}
    join = client.wait("join")
    assert join["channel"] == name
    assert (join["info"]["conn_info"], join["info"]["chan_info"]) == ({"c": 1}, {"s": 1})
    other = sdk.client(main, tokens.conn("other"))
    other.subscribe(name)
    assert client.wait("join")["info"]["user"] == "other"
    other.disconnect()
    assert client.wait("leave")["info"]["user"] == "other"


def test_personal_channel(start, sdk, user):
    server = start(main_config(client={"subscribe_to_user_personal_channel": {
        "enabled": True, "personal_channel_namespace": "rec"}}))
    client = sdk.new(server, tokens.conn(user)).connect()
    ctx = client.wait("subscribed")
    assert ctx["channel"] == f"rec:#{user}" and ctx["recoverable"]
    server.api.publish(ctx["channel"], "for you")
    assert client.wait("publication")["data"] == "for you"


def test_single_connection(start, sdk, user):
    """The newest stays, the one before is sent away for good."""
    server = start(main_config(client={"subscribe_to_user_personal_channel": {
        "enabled": True, "personal_channel_namespace": "jl", "single_connection": True}}))
    first = sdk.client(server, tokens.conn(user))
    second = sdk.client(server, tokens.conn(user))
    assert first.wait("disconnected") == {"code": 3504, "reason": "connection limit"}
    second.rpc("ping", {})


def test_subscribed_by_the_backend(main, sdk, channel, user):
    name, api = channel("rec"), main.api
    client = sdk.client(main, tokens.conn(user))
    api.call("subscribe", user=user, channel=name, data={"d": 1})
    ctx = client.wait("subscribed")
    assert (ctx["channel"], ctx["recoverable"], ctx["data"]) == (name, True, {"d": 1})
    api.publish(name, 1)
    assert client.wait("publication") == {"channel": name, "data": 1, "offset": 1}
    api.call("unsubscribe", user=user, channel=name)
    assert client.wait("unsubscribed") == {"channel": name}


def test_recovery(main, sdk, channel, user):
    """In the connect command: what was missed comes once and in order."""
    name, api = channel("rec"), main.api
    with Relay(main.address) as relay:
        client = sdk.client(relay, tokens.conn(user, channels=[name]))
        api.publish(name, 1)
        assert client.data(1) == [1]
        relay.cut(accepts=False)
        client.wait("connecting")
        for i in (2, 3):
            api.publish(name, i)
        relay.accepts = True
        ctx = client.wait("subscribed")
        assert ctx["was_recovering"] and ctx["recovered"]
        assert client.data(2) == [2, 3]
        api.publish(name, 4)
        assert client.data(1) == [4]


def test_too_much_was_missed(main, sdk, channel, user):
    name, api = channel("rec"), main.api
    with Relay(main.address) as relay:
        client = sdk.client(relay, tokens.conn(user, channels=[name]))
        api.publish(name, 0)
        assert client.data(1) == [0]
        relay.cut(accepts=False)
        client.wait("connecting")
        for i in range(12):
            api.publish(name, i)
        relay.accepts = True
        ctx = client.wait("subscribed")
        assert ctx["was_recovering"] and not ctx["recovered"]
        api.publish(name, "live")
        assert client.wait("publication") == {"channel": name, "data": "live", "offset": 14}


def test_recovery_of_a_cache(main, sdk, channel, user):
    name, api = channel("cache"), main.api
    with Relay(main.address) as relay:
        client = sdk.client(relay, tokens.conn(user, channels=[name]))
        relay.cut(accepts=False)
        client.wait("connecting")
        for i in range(3):
            api.publish(name, i)
        relay.accepts = True
        assert client.wait("subscribed")["recovered"]
        assert client.data(1) == [2]


def test_it_expires(timed, together, channel):
    """3006, a code to come back with: by then the backend gives no such subscription."""
    def scenario(sdk):
        user, name = channel(), channel("plain")
        client = sdk.client(timed, tokens.conn(user))
        timed.api.call("subscribe", user=user, channel=name, expire_at=int(time.time()) + 2)
        assert client.wait("connecting") == {"code": 3006, "reason": "subscription expired"}
        client.wait("connected")
    together(scenario)


def test_a_token_with_other_channels(timed, together, channel):
    """A refresh that changes them makes the client connect anew, with 3010."""
    def scenario(sdk):
        a, b = channel("plain"), channel("plain")
        fresh = iter([tokens.conn("u1", ttl=2, channels=[a])])
        client = sdk.client(timed, get_token=lambda: next(
            fresh, tokens.conn("u1", ttl=50, channels=[b])))
        assert client.wait("connecting") == {"code": 3010, "reason": "insufficient state"}
        while client.wait("subscribed")["channel"] != b:
            pass
    together(scenario)
