# SPDX-License-Identifier: MIT
"""SDKs: presence, joins and leaves."""

import pytest

from rig import tokens
from rig.relay import Relay


def users(sub):
    return sorted(info["user"] for info in sub.presence().values())


@pytest.mark.parametrize("namespace, options", [("jl", {}), ("jlask", {"join_leave": True})])
def test_join_and_leave(main, sdk, channel, namespace, options):
    """In pushed channels, and in those where one asks for it."""
    name = channel(namespace)
    a = sdk.client(main, tokens.conn("a", info={"of": "a"})).subscribe(name, **options)
    assert a.wait("join")["info"]["conn_info"] == {"of": "a"}
    other = sdk.client(main, tokens.conn("b"))
    b = other.subscribe(name)
    assert a.wait("join")["info"]["user"] == "b"
    assert users(a) == ["a", "b"] and a.presence_stats() == {"num_clients": 2, "num_users": 2}
    b.unsubscribe()
    assert a.wait("leave")["info"]["user"] == "b"
    b.subscribe()
    assert a.wait("join")["info"]["user"] == "b"
    other.disconnect()
    assert a.wait("leave")["info"]["user"] == "b"
    assert users(a) == ["a"]


def test_not_asked_for(main, sdk, channel):
    name = channel("jlask")
    sub = sdk.client(main).subscribe(name)
    sdk.client(main).subscribe(name)
    main.api.publish(name, 1)
    assert sub.next()[0] == "publication"


def test_a_client_that_dies_leaves(main, sdk, channel):
    name = channel("jl")
    sub = sdk.client(main, tokens.conn("stays")).subscribe(name)
    with Relay(main.address) as relay:
        sdk.client(relay, tokens.conn("dies")).subscribe(name)
        while sub.wait("join")["info"]["user"] != "dies":
            pass
        relay.cut(accepts=False)
        assert sub.wait("leave")["info"]["user"] == "dies"
        assert users(sub) == ["stays"]
        relay.accepts = True
        assert sub.wait("join")["info"]["user"] == "dies"


def test_stats(main, sdk, channel):
    """Clients are counted, and users; the anonymous are one user."""
    name = channel("all")
    subs = [sdk.client(main, user and tokens.conn(user)).subscribe(name)
            for user in ("u1", "u1", "", "")]
    assert subs[0].presence_stats() == {"num_clients": 4, "num_users": 2}
    assert users(subs[0]) == ["", "", "u1", "u1"]


def test_info(main, sdk, channel):
    name = channel("closed")
    client = sdk.client(main, tokens.conn("u1", info={"c": 1}))
    client.subscribe(name, token=tokens.sub("u1", name, info={"s": 1}))
    (info,) = main.api.call("presence", channel=name)["presence"].values()
    assert (info["conn_info"], info["chan_info"]) == ({"c": 1}, {"s": 1})


def test_nobody(main, sdk, channel):
    client, name = sdk.client(main), channel("all")
    assert client.presence(name) == {}
    assert client.presence_stats(name) == {"num_clients": 0, "num_users": 0}
