# SPDX-License-Identifier: MIT
"""Server-side subscriptions: from the token, personal channels, from the API."""

import time

import pytest

from rig import tokens
from rig.config import main as main_config


def test_channels_of_the_token(main, channel):
    names = [channel("bare"), channel("closed"), channel()]
    client = main.open()
    assert client.connect(token=tokens.conn("u1", channels=names))["subs"] == {
        name: {} for name in names}
    for name in names:
        main.api.publish(name, 1)
        assert client.push()["channel"] == name


def test_subs_of_the_token(main, channel):
    """They win over channels, carry data and info, and override options."""
    a, b = channel("all"), channel("plain")
    client = main.open()
    token = tokens.conn("u1", channels=[channel()], subs={
        a: {"data": {"d": 1}, "info": {"i": 1}}, b: {"override": {"presence": {"value": True}}}})
    subs = client.connect(token=token)["subs"]
    assert subs == {a: {"data": {"d": 1}}, b: {}}
    assert client.call("presence", channel=a)["presence"][client.id]["chan_info"] == {"i": 1}


def test_override_recovery(main, channel):
    name = channel("all")
    client = main.open()
    token = tokens.conn("u1", subs={name: {"override": {"force_recovery": {"value": True}}}})
    sub = client.connect(token=token)["subs"][name]
    assert sub["recoverable"] and sub["positioned"] and sub["epoch"]


def test_no_permission_is_asked(main):
    """Neither private nor user limits nor the pattern matter here."""
    names = ["$closed:x", "users:x#other", "regex:NOT"]
    client = main.open()
    assert set(client.connect(token=tokens.conn("u1", channels=names))["subs"]) == set(names)


def test_too_many(main, channel):
    prefix = channel("plain")
    client = main.open()
    client.ask("connect", token=tokens.conn("u1", channels=[f"{prefix}{i}" for i in range(129)]))
    assert client.ended() == (3505, "channel limit")


def test_recovery_on_connect(main, channel):
    name = channel("rec")
    first = main.open()
    epoch = first.connect(token=tokens.conn("u1", channels=[name]))["subs"][name]["epoch"]
    first.close()
    for i in (1, 2):
        main.api.publish(name, i)
    result = main.open().connect(token=tokens.conn("u1", channels=[name]), subs={
        name: {"recover": True, "offset": 0, "epoch": epoch},
        channel("closed"): {"recover": True}})
    assert result["subs"] == {name: {
        "recoverable": True, "epoch": epoch, "recovered": True, "positioned": True,
        "was_recovering": True,
        "publications": [{"data": 1, "offset": 1, "epoch": epoch}, {"data": 2, "offset": 2}]}}


def test_connect_reply_precedes_joins(main, channel):
    name = channel("jl")
    client = main.client(tokens.conn("u1", channels=[name]))
    assert client.push() == {"channel": name, "join": {"info": {"user": "u1", "client": client.id}}}


def test_client_commands_on_it(main, channel):
    name = channel("plain")
    client = main.client(tokens.conn("u1", channels=[name]))
    assert client.error("subscribe", channel=name) == 105
    assert client.call("unsubscribe", channel=name) == {}
    main.api.publish(name, 1)
    assert client.pushes() == []


def test_requested_on_connect(main, channel):
    """A client may ask for channels in connect; what it may not have is left out."""
    allowed = channel("plain")
    subs = {allowed: {}, channel("closed"): {}, "$" + channel("plain"): {}, "regex:X": {},
            "users:x#u2": {}}
    client = main.open()
    assert set(client.connect(token=tokens.conn("u1"), subs=subs)["subs"]) == {allowed}
    main.api.publish(allowed, 1)
    assert client.pub()["data"] == 1


def test_requested_in_an_unknown_namespace(main):
    client = main.open()
    client.ask("connect", token=tokens.conn("u1"), subs={"nosuch:x": {}})
    assert client.ended() == (3501, "bad request")


@pytest.mark.parametrize("namespace", ["", "rec"])
def test_personal_channel(start, encoding, namespace):
    server = start(main_config(client={"subscribe_to_user_personal_channel": {
        "enabled": True, "personal_channel_namespace": namespace}}))
    name = f"{namespace}:#u1" if namespace else "#u1"
    client = server.open(encoding)
    assert list(client.connect(token=tokens.conn("u1"))["subs"]) == [name]
    server.api.publish(name, 1)
    assert client.push()["channel"] == name
    assert "subs" not in server.open(encoding).connect()


def test_personal_channel_single_connection(start):
    server = start(main_config(client={"subscribe_to_user_personal_channel": {
        "enabled": True, "personal_channel_namespace": "all", "single_connection": True}}))
    first, other = server.client(tokens.conn("u1")), server.client(tokens.conn("u2"))
    second = server.client(tokens.conn("u1"))
    assert first.ended() == (3504, "connection limit")
    second.fence()
    other.fence()


def test_expired_subscription_ends_the_connection(quick, channel):
    """There is no other way to tell the client that it has to come again."""
    name = channel("plain")
    client = quick.client(tokens.conn("u-exp-" + name))
    quick.api.call("subscribe", user="u-exp-" + name, channel=name, expire_at=int(time.time()) + 1)
    assert client.push() == {"channel": name, "subscribe": {}}
    assert client.ended() == (3006, "subscription expired")
