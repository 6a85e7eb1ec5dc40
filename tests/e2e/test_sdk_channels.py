# SPDX-License-Identifier: MIT
"""SDKs: which channels there are, and who may do what in them."""

import pytest

from rig import tokens
from rig.config import main as main_config
from rig.sdk import SdkError

# namespace: what an anonymous client gets for subscribe, publish, history, presence; and
# what a user gets.  0 is success.
PERMISSIONS = {
    "plain": ((0, 0, 108, 108), (0, 0, 108, 108)),
    "all": ((0, 0, 0, 0), (0, 0, 0, 0)),
    "bare": ((0, 103, 108, 108), (0, 103, 108, 108)),
    "closed": ((103, 103, 103, 103), (103, 103, 103, 103)),
    "clients": ((103, 103, 103, 103), (0, 0, 0, 0)),
    "users": ((103, 103, 108, 108), (103, 103, 108, 108)),
    "nosuch": ((102, 102, 102, 102), (102, 102, 102, 102)),
}
# A name, and what u1 gets for subscribing.
NAMES = {
    "users:chat#u1": 0, "users:chat#u2,u1": 0, "users:chat#u1,": 0, "users:chat#u2": 103,
    "$plain:private": 103, "regex:abc-1": 0, "regex:ABC": 107, "plain:caf\u00e9": 107,
    "plain:" + "x" * 249: 0, "plain:" + "x" * 250: 107, ":x": 0, "plain:a:b": 0,
}


def code(call):
    """Of what a call fails with, 0 when it succeeds."""
    try:
        call()
    except SdkError as e:
        return e.code
    return 0


def subscribe(client, name):
    """0, or the code that the subscription ends with."""
    sub = client.subscription(name).subscribe()
    while True:
        event, ctx = sub.next()
        if event != "subscribing":
            return 0 if event == "subscribed" else ctx["code"]


@pytest.mark.parametrize("user", ["", "u1"], ids=["anonymous", "user"])
def test_permissions(main, sdk, channel, user):
    client = sdk.client(main, user and tokens.conn(user))

    def codes(name):
        calls = (lambda: client.publish(name, data=1), lambda: client.history(name),
                 lambda: client.presence(name))
        before = [code(call) for call in calls]
        return (subscribe(client, name), *before)

    assert {namespace: codes(channel(namespace)) for namespace in PERMISSIONS} == {
        namespace: want[bool(user)] for namespace, want in PERMISSIONS.items()}


def test_permissions_of_a_subscriber(main, sdk, channel):
    client, name = sdk.client(main, tokens.conn("u1")), channel("subs")
    calls = (lambda: client.publish(name, data=1), lambda: client.history(name),
             lambda: client.presence_stats(name))
    assert [code(call) for call in calls] == [103] * 3
    sub = client.subscribe(name)
    assert [code(call) for call in calls] == [0] * 3
    sub.unsubscribe()
    assert [code(call) for call in calls] == [103] * 3


def test_names(main, sdk):
    client = sdk.client(main, tokens.conn("u1"))
    assert {name: subscribe(client, name) for name in NAMES} == NAMES


def test_insecure(start, sdk, channel):
    """Everything is open then, but for private channels."""
    server = start(main_config(client={"insecure": True}))
    client, name = sdk.client(server), channel("closed")
    assert subscribe(client, name) == 0
    client.publish(name, data=1)
    assert [p["data"] for p in client.history(name, limit=1)["publications"]] == [1]
    assert len(client.presence(name)) == 1
    assert subscribe(client, "$" + name) == 103


def test_already_subscribed(main, sdk, channel):
    """A channel that the server subscribed to is not subscribed twice."""
    name = channel("plain")
    client = sdk.client(main, tokens.conn("u1", channels=[name]))
    assert subscribe(client, name) == 105


def test_unsubscribe(main, sdk, channel):
    name, client = channel("all"), sdk.client(main)
    sub = client.subscribe(name)
    sub.unsubscribe()
    assert sub.wait("unsubscribed")["code"] == 0
    main.server.wait(lambda: client.presence(name) == {}, "leaving")
    main.api.publish(name, "not for it")
    sub.subscribed()
    main.api.publish(name, "for it")
    assert sub.data(1) == ["for it"]


def test_unsubscribed_by_the_server(main, sdk, channel):
    """2000: it does not subscribe again by itself."""
    user, name = channel(), channel("plain")
    client = sdk.client(main, tokens.conn(user))
    sub = client.subscribe(name)
    main.api.call("unsubscribe", user=user, channel=name)
    assert sub.wait("unsubscribed") == {"code": 2000, "reason": "server unsubscribe"}
    main.api.publish(name, "not for it")
    client.rpc("ping", {})
    assert sub.drain() == []
    sub.subscribed()


def test_many(main, sdk, channel):
    """Many subscriptions in one client, made before it connects."""
    client, names = sdk.new(main), [channel("plain") for _ in range(50)]
    subs = [client.subscription(name).subscribe() for name in names]
    client.connect()
    for sub in subs:
        sub.wait("subscribed")
    main.api.call("broadcast", channels=names, data="all")
    assert [sub.data(1) for sub in subs] == [["all"]] * 50
