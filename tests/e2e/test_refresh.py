# SPDX-License-Identifier: MIT
"""refresh and sub_refresh, and what happens without them.  quick: 0.2 s of grace."""

import time

import pytest
from conftest import rotor_only

from rig import tokens


def test_refresh(main):
    client = main.client(tokens.conn("u1", ttl=50))
    result = client.call("refresh", token=tokens.conn("u1", ttl=100))
    ttl = result.pop("ttl")
    assert result == {"expires": True} and 98 <= ttl <= 100


def test_refresh_without_expiry(main):
    client = main.client(tokens.conn("u1", ttl=50))
    assert client.call("refresh", token=tokens.conn("u1")) == {}


@rotor_only
def test_refresh_without_expiry_ends_it(quick):
    """The reference answers the same, and closes the connection at the old expiry."""
    client = quick.client(tokens.conn("u1", ttl=3))
    assert client.call("refresh", token=tokens.conn("u1")) == {}
    with pytest.raises(TimeoutError):
        client.ended(timeout=4.5)
    client.fence()


# These tokens are made before all tests run: they are to last as long.
@pytest.mark.parametrize("token, end", [
    ("", (3501, "bad request")),
    ("garbage", (3500, "invalid token")),
    (tokens.conn("u2", ttl=5000), (3500, "invalid token")),
    (tokens.conn("", ttl=5000), (3500, "invalid token")),
    (tokens.conn("u1", exp=1), (3005, "connection expired")),
    (tokens.conn("u1", ttl=5000, channels=["extra"]), (3010, "insufficient state")),
], ids=["empty", "garbage", "other-user", "no-user", "expired", "more-channels"])
def test_refresh_refused(main, token, end):
    client = main.client(tokens.conn("u1", ttl=50))
    client.ask("refresh", token=token)
    assert client.ended() == end


def test_refresh_with_a_channel_less(main, channel):
    name = channel()
    client = main.client(tokens.conn("u1", ttl=50, channels=[name]))
    client.call("refresh", token=tokens.conn("u1", ttl=50, channels=[name]))
    client.ask("refresh", token=tokens.conn("u1", ttl=50))
    assert client.ended() == (3010, "insufficient state")


def test_refresh_changes_the_info(main, channel):
    name = channel("all")
    client = main.client(tokens.conn("u1", ttl=50, info={"v": 1}))
    client.subscribe(name)
    client.call("refresh", token=tokens.conn("u1", ttl=50, info={"v": 2}))
    client.publish(name, 1)
    assert client.pub()["info"]["conn_info"] == {"v": 2}


def test_expired_connection(quick):
    client = quick.client(tokens.conn("u1", ttl=3))
    assert client.ended() == (3005, "connection expired")


def test_refreshed_connection_lives_on(quick):
    begin = time.time()
    client = quick.client(tokens.conn("u1", ttl=3))
    client.call("refresh", token=tokens.conn("u1", ttl=60))
    while time.time() < begin + 3.8:
        client.wait_ping()
    assert client.call("rpc", method="ping") == {}


def test_expire_at_decouples_the_connection(quick):
    """expire_at 0: the connection outlives its token."""
    begin = time.time()
    client = quick.open()
    result = client.connect(token=tokens.conn("u1", ttl=3, expire_at=0))
    assert "expires" not in result
    while time.time() < begin + 4.2:
        client.wait_ping()
    assert client.call("rpc", method="ping") == {}


def test_sub_refresh(main, channel):
    name = channel("closed")
    client = main.client(tokens.conn("u1"))
    result = client.subscribe(name, token=tokens.sub("u1", name, ttl=50))
    assert result["expires"] is True and 48 <= result["ttl"] <= 50
    result = client.call("sub_refresh", channel=name, token=tokens.sub("u1", name, ttl=100))
    ttl = result.pop("ttl")
    assert result == {"expires": True} and 98 <= ttl <= 100
    assert client.call("sub_refresh", channel=name, token=tokens.sub("u1", name)) == {}


def test_sub_refresh_errors(main, channel):
    name = channel("plain")
    client = main.client(tokens.conn("u1"))
    assert client.error("sub_refresh", channel=name, token=tokens.sub("u1", name)) == 103
    client.subscribe(name, token=tokens.sub("u1", name, ttl=50))
    assert client.error("sub_refresh", channel=name, token="") == 107


@pytest.mark.parametrize("claims", [
    {"user": "u2"}, {"channel": "other"}, {"user": ""}, {"client": "0" * 36}], ids=str)
def test_sub_refresh_mismatch(main, channel, claims):
    name = channel("plain")
    client = main.client(tokens.conn("u1"))
    client.subscribe(name, token=tokens.sub("u1", name, ttl=50))
    token = tokens.sub(**{"user": "u1", "channel": name, "ttl": 50, **claims})
    client.ask("sub_refresh", channel=name, token=token)
    assert client.ended() == (3500, "invalid token")


def test_sub_refresh_with_an_expired_token(main, channel):
    """The client is to come again with a new token."""
    name = channel("plain")
    client = main.client(tokens.conn("u1"))
    client.subscribe(name, token=tokens.sub("u1", name, ttl=50))
    client.ask("sub_refresh", channel=name, token=tokens.sub("u1", name, exp=1))
    assert client.ended() == (3006, "subscription expired")


def test_sub_refresh_without_channel(main):
    client = main.client()
    client.ask("sub_refresh", channel="", token="x")
    assert client.ended() == (3501, "bad request")


def test_expired_subscription(quick, channel):
    name = channel("closed")
    client = quick.client(tokens.conn("u1"))
    client.subscribe(name, token=tokens.sub("u1", name, ttl=3))
    assert client.push() == {"channel": name, "unsubscribe": {
        "code": 2501, "reason": "subscription expired"}}
    quick.api.publish(name, 1)
    assert client.pushes() == []
    client.subscribe(name, token=tokens.sub("u1", name, ttl=50))
    quick.api.publish(name, 2)
    assert client.pub()["data"] == 2


def test_refreshed_subscription_lives_on(quick, channel):
    begin, name = time.time(), channel("closed")
    client = quick.client(tokens.conn("u1"))
    client.subscribe(name, token=tokens.sub("u1", name, ttl=3))
    client.call("sub_refresh", channel=name, token=tokens.sub("u1", name, ttl=60))
    while time.time() < begin + 4.4:
        client.wait_ping()
    assert client.pushes() == []
