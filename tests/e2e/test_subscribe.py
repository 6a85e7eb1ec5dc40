# SPDX-License-Identifier: MIT
"""subscribe and unsubscribe: permissions, names, limits, results."""

import pytest
from conftest import rotor_only

from rig import config, tokens


def test_plain_result_is_empty(main, channel):
    assert main.client().subscribe(channel("plain")) == {}


def test_without_namespace(main, channel):
    assert main.client().subscribe(channel()) == {}


@pytest.mark.parametrize("name, code", [
    ("nosuch:x", 102),
    ("x" * 256, 107),
    ("plain:" + "x" * 250, 107),
    ("plain:näh", 107),
    ("regex:Abc-1x", 107),
    ("regex:abc", 107),
    ("closed:x", 103),
    ("$plain:x", 103),
    ("$x", 103),
    ("users:x#u1", 103),
])
def test_refused(main, name, code):
    assert main.client().error("subscribe", channel=name) == code


@pytest.mark.parametrize("name", ["x" * 255, ":x", "a b", "plain:a:b", "regex:abc-12"])
def test_good_names(main, name):
    assert "error" not in main.client().subscribe(name)


def test_empty_channel(main):
    client = main.client()
    client.ask("subscribe", channel="")
    assert client.ended() == (3501, "bad request")


def test_already_subscribed(main, channel):
    client, name = main.client(), channel("plain")
    client.subscribe(name)
    assert client.error("subscribe", channel=name) == 105


def test_client_permission_needs_a_user(main, channel):
    name = channel("clients")
    assert main.client().error("subscribe", channel=name) == 103
    assert main.client(tokens.conn("u1")).subscribe(name) == {}


def test_unknown_subscription_type(main, channel):
    client = main.client()
    assert client.error("subscribe", channel=channel("plain"), type=1) == 103


@rotor_only
@pytest.mark.parametrize(("type_name", "number"), [
    ("map", 1), ("map_clients", 2), ("map_users", 3), ("shared_poll", 4)])
def test_subscription_types_to_come(start, type_name, number):
    """They are known and warned about; who asks for them rightly learns that they are
    not there."""
    server = start(config.main(channel={"namespaces": [
        {"name": "kind", "subscription_type": type_name, "allow_subscribe_for_client": True},
        {"name": "closed", "subscription_type": type_name}]}))
    client = server.client(tokens.conn("u1"))
    assert client.error("subscribe", channel="kind:x", type=number) == 108
    assert client.error("subscribe", channel="closed:x", type=number) == 103
    token = tokens.sub("u1", "closed:x")
    assert client.error("subscribe", channel="closed:x", type=number, token=token) == 108
    server.logged(f'"{type_name}\\" has no effect')


def test_unknown_delta_type(main, channel):
    client = main.client()
    client.ask("subscribe", channel=channel("plain"), delta="xdelta")
    assert client.ended() == (3501, "bad request")


def test_delta_not_allowed_is_a_plain_subscription(main, channel):
    assert main.client().subscribe(channel("plain"), delta="fossil") == {}


def test_positioned_on_request(main, channel):
    client, name = main.client(), channel("pos")
    main.api.publish(name, 1)
    result = client.subscribe(name, positioned=True)
    assert len(result.pop("epoch")) == 8
    assert result == {"positioned": True, "offset": 1}


def test_recoverable_on_request(main, channel):
    result = main.client().subscribe(channel("pos"), recoverable=True)
    assert result.pop("epoch")
    assert result == {"recoverable": True, "positioned": True}


def test_requests_without_permission_are_ignored(main, channel):
    client = main.client(tokens.conn("u1"))
    assert client.subscribe(channel("bare"), positioned=True, recoverable=True,
                            join_leave=True) == {}


def test_forced_recovery(main, channel):
    result = main.client().subscribe(channel("rec"))
    assert result.pop("epoch")
    assert result == {"recoverable": True, "positioned": True}


def test_user_limited_channel(main, channel):
    name = channel("users") + "#u1,u2"
    assert main.client(tokens.conn("u1")).subscribe(name) == {}
    assert main.client(tokens.conn("u2")).subscribe(name) == {}
    for user in ("u", "u12", "u1,u2", "U1"):
        assert main.client(tokens.conn(user)).error("subscribe", channel=name) == 103


def test_user_part_is_after_the_last_boundary(main, channel):
    name = channel("users") + "#u1#u2"
    assert main.client(tokens.conn("u1")).error("subscribe", channel=name) == 103
    assert main.client(tokens.conn("u2")).subscribe(name) == {}


def test_boundary_means_nothing_without_the_option(main, channel):
    assert main.client(tokens.conn("u1")).subscribe(channel("plain") + "#u2") == {}


def test_channel_limit(main, channel):
    client, name = main.client(), channel("plain")
    ids = [client.next_id() for _ in range(129)]
    client.send(*({"id": n, "subscribe": {"channel": f"{name}{n}"}} for n in ids))
    replies = [client.reply(n) for n in ids]
    assert replies[:128] == [{"subscribe": {}}] * 128
    assert replies[128]["error"]["code"] == 106
    client.call("unsubscribe", channel=f"{name}{ids[0]}")
    assert client.subscribe(name) == {}


def test_unsubscribe_stops_publications(main, channel):
    client, name = main.client(), channel("plain")
    client.subscribe(name)
    client.publish(name, 1)
    assert client.pub()["data"] == 1
    assert client.call("unsubscribe", channel=name) == {}
    client.publish(name, 2)
    assert client.pushes() == []
    assert client.subscribe(name) == {}
    client.publish(name, 3)
    assert client.pub()["data"] == 3


def test_unsubscribe_from_what_is_not_subscribed(main, channel):
    client = main.client()
    assert client.call("unsubscribe", channel=channel()) == {}
    assert client.call("unsubscribe", channel="nosuch:x") == {}
    client.ask("unsubscribe", channel="")
    assert client.ended() == (3501, "bad request")


def test_reply_precedes_publications(main, channel):
    """The subscriber's own publication in the same frame comes after the reply."""
    client, name = main.client(), channel("plain")
    client.send({"id": 90, "subscribe": {"channel": name}},
                {"id": 91, "publish": {"channel": name, "data": 1}})
    client.reply(91)
    assert "subscribe" in client.inbox[0] and "push" in client.inbox[1]
