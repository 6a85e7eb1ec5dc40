# SPDX-License-Identifier: MIT
"""join and leave pushes."""

from rig import tokens


def test_forced(main, channel):
    name = channel("jl")
    a = main.client(tokens.conn("a", info={"n": 1}))
    a.subscribe(name)
    info = {"user": "a", "client": a.id, "conn_info": {"n": 1}}
    assert a.push() == {"channel": name, "join": {"info": info}}
    b = main.client(tokens.conn("b"))
    b.subscribe(name)
    joined = {"channel": name, "join": {"info": {"user": "b", "client": b.id}}}
    assert a.push() == joined and b.push() == joined
    b.call("unsubscribe", channel=name)
    assert a.push() == {"channel": name, "leave": {"info": {"user": "b", "client": b.id}}}
    assert b.pushes() == []


def test_disconnect_is_a_leave(main, channel):
    name = channel("jl")
    a, b = main.client(), main.client()
    a.subscribe(name)
    b.subscribe(name)
    b.close()
    assert [a.push() for _ in range(3)][2] == {
        "channel": name, "leave": {"info": {"user": "", "client": b.id}}}


def test_reply_precedes_the_own_join(main, channel):
    client = main.client()
    number = client.ask("subscribe", channel=channel("jl"))
    client.push()
    assert client.inbox[0]["id"] == number


def test_only_who_asked(main, channel):
    name = channel("jlask")
    asks, silent = main.client(), main.client()
    asks.subscribe(name, join_leave=True)
    silent.subscribe(name)
    seen = [asks.push() for _ in range(2)]
    assert [p["join"]["info"]["client"] for p in seen] == [asks.id, silent.id]
    assert silent.pushes() == []


def test_none_without_the_option(main, channel):
    name = channel("all")
    a, b = main.client(), main.client()
    a.subscribe(name, join_leave=True)
    b.subscribe(name)
    b.publish(name, "marker")
    assert a.pub()["data"] == "marker"


def test_channel_info(main, channel):
    name = channel("jl")
    client = main.client(tokens.conn("u1"))
    client.subscribe(name, token=tokens.sub("u1", name, info={"c": 1}))
    assert client.push()["join"]["info"] == {"user": "u1", "client": client.id,
                                             "chan_info": {"c": 1}}
    client.publish(name, 1)
    assert client.pub()["info"]["chan_info"] == {"c": 1}
