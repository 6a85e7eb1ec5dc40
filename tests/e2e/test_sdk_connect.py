# SPDX-License-Identifier: MIT
"""SDKs: how one connects, how it ends, and who comes back."""

import pytest

from rig import tokens
from rig.relay import DOWN, UP, Relay


def test_anonymous(main, sdk):
    ctx = sdk.new(main).connected()
    assert len(ctx["client"]) == 36 and ctx.get("data") is None


def test_user_without_a_name(main, sdk, channel):
    name = channel("jl")
    sub = sdk.client(main, tokens.conn("")).subscribe(name)
    assert sub.wait("join")["info"]["user"] == ""


def test_options_of_the_client(main, sdk, channel):
    """What it says of itself does not disturb."""
    client = sdk.client(main, data={"any": ["thing"]}, name="tester", version="1.2.3")
    client.subscribe(channel("plain"), data={"more": 1})


def test_anonymous_is_refused(quick, sdk):
    client = sdk.new(quick).connect()
    assert client.wait("disconnected")["code"] == 3501


@pytest.mark.parametrize("token", [
    "garbage", tokens.make({"sub": "u1"}, key="another" * 10), tokens.conn("u1", channel="x")],
    ids=["garbage", "signature", "of-a-subscription"])
def test_invalid_token(main, sdk, token):
    client = sdk.new(main, token).connect()
    assert client.wait("disconnected") == {"code": 3500, "reason": "invalid token"}


def test_unknown_channel_in_the_token(main, sdk):
    """An error: Go tries again, the others give up.  With a better token one gets in."""
    client = sdk.new(main, tokens.conn("u1", channels=["nosuch:x"])).connect()
    assert client.wait("error", "disconnected")["code"] == 102
    client.disconnect()
    client.set_token(tokens.conn("u1"))
    client.connected()


def test_too_many_channels_in_the_token(main, sdk, channel):
    prefix = channel("plain")
    client = sdk.new(main, tokens.conn("u1", channels=[f"{prefix}{i}" for i in range(129)]))
    assert client.connect().wait("disconnected") == {"code": 3505, "reason": "channel limit"}


@pytest.mark.parametrize("code", [3001, 3004, 3499, 4000, 4499])
def test_code_to_come_back_with(main, sdk, channel, code):
    user = channel()
    client = sdk.client(main, tokens.conn(user))
    main.api.call("disconnect", user=user, disconnect={"code": code, "reason": "why"})
    assert client.wait("connecting") == {"code": code, "reason": "why"}
    client.wait("connected")


@pytest.mark.parametrize("code", [3500, 3999, 4500, 4999])
def test_code_to_stay_away_with(main, sdk, channel, code):
    user = channel()
    client = sdk.client(main, tokens.conn(user))
    sub = client.subscribe(channel("plain"))
    main.api.call("disconnect", user=user, disconnect={"code": code, "reason": "why"})
    assert client.wait("disconnected") == {"code": code, "reason": "why"}
    assert sub.wait("subscribing")
    assert client.drain() == []


def test_disconnect_without_a_code(main, sdk, channel):
    user = channel()
    client = sdk.client(main, tokens.conn(user))
    main.api.call("disconnect", user=user)
    assert client.wait("disconnected") == {"code": 3503, "reason": "force disconnect"}


def test_it_leaves_and_returns(main, sdk, channel):
    name, client = channel("all"), sdk.client(main)
    sub = client.subscribe(name)
    client.disconnect()
    assert client.wait("disconnected")["code"] == 0
    main.server.wait(lambda: main.api.call("presence_stats", channel=name)["num_clients"] == 0,
                     "leaving")
    client.connected()
    sub.wait("subscribed")
    main.api.publish(name, "again")
    assert sub.data(1) == ["again"]


@pytest.mark.needs("send")
def test_messages_are_not_available(main, sdk):
    client = sdk.client(main)
    client.send({"hello": 1})
    assert client.wait("disconnected") == {"code": 3508, "reason": "not available"}


def test_pings_keep_it(pinging, together, channel):
    """Each is answered, else it would be over after 1.3 s; quick pings every second."""
    def scenario(sdk):
        name = channel("plain")
        with Relay(pinging.address) as relay:
            client = sdk.client(relay, tokens.conn("u1"))
            sub = client.subscribe(name)
            for _ in range(2):
                seen = relay.received
                pinging.server.wait(lambda: relay.received > seen, "a ping")
            pinging.api.publish(name, 1)
            assert sub.data(1) == [1]
        assert "disconnected" not in dict(client.drain())
    together(scenario)


def test_no_pong(pinging, together):
    """A client whose answers do not arrive is sent away, and comes back."""
    def scenario(sdk):
        with Relay(pinging.address) as relay:
            client = sdk.client(relay, tokens.conn("u1"))
            relay.hold(UP)
            for what in "a ping", "the end":
                seen = relay.received
                pinging.server.wait(lambda: relay.received > seen, what)
            relay.release(UP)
            assert client.wait("connecting") == {"code": 3012, "reason": "no pong"}
            client.wait("connected")
    together(scenario)


def test_no_ping(pinging, together):
    """A server that falls silent is left."""
    def scenario(sdk):
        with Relay(pinging.address) as relay:
            client = sdk.client(relay, tokens.conn("u1"), max_server_ping_delay_ms=200)
            relay.hold(DOWN)
            assert client.wait("connecting")["code"] == 2
            relay.release(DOWN)
            client.wait("connected")
    together(scenario)
