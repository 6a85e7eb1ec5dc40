# SPDX-License-Identifier: MIT
"""presence and presence_stats."""

import pytest

from rig import tokens


def test_who_is_there(main, channel):
    name = channel("all")
    a = main.client(tokens.conn("u1", info={"n": 1}))
    b = main.client(tokens.conn("u1"))
    c = main.client()
    for client in (a, b, c):
        client.subscribe(name)
    assert c.call("presence", channel=name) == {"presence": {
        a.id: {"user": "u1", "client": a.id, "conn_info": {"n": 1}},
        b.id: {"user": "u1", "client": b.id},
        c.id: {"user": "", "client": c.id}}}
    assert c.call("presence_stats", channel=name) == {"num_clients": 3, "num_users": 2}


def test_nobody(main, channel):
    client, name = main.client(), channel("all")
    assert client.call("presence", channel=name) == {"presence": {}}
    assert client.call("presence_stats", channel=name) == {"num_clients": 0, "num_users": 0}


def test_leaving(main, channel):
    name = channel("all")
    watcher, leaver, dropper = main.client(), main.client(), main.client()
    for client in (watcher, leaver, dropper):
        client.subscribe(name)
    leaver.call("unsubscribe", channel=name)
    assert watcher.call("presence_stats", channel=name)["num_clients"] == 2
    dropper.close()
    main.wait(lambda: watcher.call("presence_stats", channel=name)["num_clients"] == 1,
              "removal of a dropped client")
    assert list(watcher.call("presence", channel=name)["presence"]) == [watcher.id]


@pytest.mark.parametrize("method", ["presence", "presence_stats"])
@pytest.mark.parametrize("name, code", [
    ("nosuch:x", 102), ("plain:x", 108), ("closed:x", 103), ("regex:X", 107)])
def test_refused(main, method, name, code):
    assert main.client(tokens.conn("u1")).error(method, channel=name) == code


@pytest.mark.parametrize("method", ["presence", "presence_stats"])
def test_permissions(main, channel, method):
    name = channel("clients")
    assert main.client().error(method, channel=name) == 103
    assert main.client(tokens.conn("u1")).call(method, channel=name) is not None
    name, client = channel("subs"), main.client(tokens.conn("u1"))
    assert client.error(method, channel=name) == 103
    client.subscribe(name)
    assert client.call(method, channel=name)


@pytest.mark.parametrize("method", ["presence", "presence_stats"])
def test_empty_channel(main, method):
    client = main.client()
    client.ask(method, channel="")
    assert client.ended() == (3501, "bad request")


def test_channel_info_from_the_subscription_token(main, channel):
    name = channel("all")
    client = main.client(tokens.conn("u1", info=1))
    client.subscribe(name, token=tokens.sub("u1", name, info={"c": [1, 2]}))
    assert client.call("presence", channel=name)["presence"][client.id] == {
        "user": "u1", "client": client.id, "conn_info": 1, "chan_info": {"c": [1, 2]}}


def test_it_lasts_beyond_the_update_interval(quick, channel):
    """Refreshing an entry keeps it as it is."""
    name = channel("all")
    client = quick.client(tokens.conn("u1"))
    client.subscribe(name)
    before = client.call("presence", channel=name)
    client.wait_ping()
    client.wait_ping()
    assert client.call("presence", channel=name) == before
