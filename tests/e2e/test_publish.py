# SPDX-License-Identifier: MIT
"""publish by clients: delivery, permissions, data formats."""

import pytest

from rig import tokens
from rig.client import PROTOBUF
from rig.pb import RAW


def test_everyone_gets_it(main, channel):
    name = channel("plain")
    clients = [main.client() for _ in range(5)]
    for client in clients:
        client.subscribe(name)
    assert clients[0].publish(name, {"n": 1}) == {}
    info = {"user": "", "client": clients[0].id}
    for client in clients:
        assert client.push() == {"channel": name, "pub": {"data": {"n": 1}, "info": info}}


def test_across_encodings(main, channel):
    name = channel("all")
    reader = main.client(encoding="json" if main.encoding == "protobuf" else "protobuf")
    reader.subscribe(name)
    main.client().publish(name, {"a": ["ü", 1.5, None, True]})
    assert reader.pub()["data"] == {"a": ["ü", 1.5, None, True]}


def test_own_push_precedes_the_reply(main, channel):
    client, name = main.client(), channel("plain")
    client.subscribe(name)
    number = client.ask("publish", channel=name, data=1)
    client.reply(number)
    assert len(client.inbox) == 1 and "push" in client.inbox[0]


def test_publisher_need_not_subscribe(main, channel):
    client = main.client()
    client.publish(channel("plain"), 1)
    assert client.pushes() == []


def test_offsets_and_epoch(main, channel):
    client, name = main.client(), channel("all")
    client.subscribe(name)
    for _ in range(3):
        client.publish(name, 1)
    pubs = [client.pub() for _ in range(3)]
    assert [p["offset"] for p in pubs] == [1, 2, 3]
    assert len(pubs[0]["epoch"]) == 8
    assert "epoch" not in pubs[1] and "epoch" not in pubs[2]


@pytest.mark.parametrize("name, code", [("nosuch:x", 102), ("closed:x", 103), ("regex:B", 107)])
def test_refused(main, name, code):
    assert main.client(tokens.conn("u1")).error("publish", channel=name, data=1) == code


def test_empty_channel(main):
    client = main.client()
    client.ask("publish", channel="", data=1)
    assert client.ended() == (3501, "bad request")


def test_without_data(main, channel):
    assert main.client().error("publish", channel=channel("plain")) == 107


def test_client_permission_needs_a_user(main, channel):
    name = channel("clients")
    assert main.client().error("publish", channel=name, data=1) == 103
    assert main.client(tokens.conn("u1")).publish(name, 1) == {}


def test_subscriber_permission(main, channel):
    client, name = main.client(tokens.conn("u1")), channel("subs")
    assert client.error("publish", channel=name, data=1) == 103
    client.subscribe(name)
    assert client.publish(name, 1) == {}
    client.call("unsubscribe", channel=name)
    assert client.error("publish", channel=name, data=1) == 103
    nobody = main.client()
    nobody.subscribe(name)
    assert nobody.error("publish", channel=name, data=1) == 103


@pytest.mark.parametrize("data", [
    None, True, 0, -1.5e10, "", "text", [], {}, [1, [2, [3]]], {"k": {"k": "v"}},
    "quote\" back\\ tab\t nl\n \u2028 <&> é 😀 \x7f",
], ids=repr)
def test_any_json_value(main, channel, data):
    client, name = main.client(), channel("plain")
    client.subscribe(name)
    client.publish(name, data)
    assert client.pub()["data"] == data


@pytest.mark.parametrize("namespace, data, good", [
    ("json", {"a": 1}, True), ("json", "x", True), ("json", RAW(b"{"), False),
    ("json", RAW(b"{} {}"), False), ("object", {"a": 1}, True), ("object", [1], False),
    ("object", "x", False), ("binary", RAW(b"\x00\xff"), True), ("binary", RAW(b""), True),
    ("plain", RAW(b"\x00\xff"), True), ("plain", RAW(b""), False),
])
def test_data_formats(plain, channel, namespace, data, good):
    client, name = plain.client(encoding=PROTOBUF), channel(namespace)
    client.subscribe(name)
    if good:
        assert client.publish(name, data) == {}
        assert client.pub().get("data", RAW(b"")) == data
    else:
        assert client.error("publish", channel=name, data=data) == 107


def test_binary_to_a_json_client(plain, channel):
    """It cannot be expressed there; the others get it."""
    name = channel("binary")
    text, binary = plain.client(), plain.client(encoding=PROTOBUF)
    text.subscribe(name)
    binary.subscribe(name)
    plain.client(encoding=PROTOBUF).publish(name, RAW(b"\xff"))
    assert binary.pub()["data"] == b"\xff"
    assert text.ended() == (3506, "inappropriate protocol")


def test_large_data(main, channel):
    client, name = main.client(), channel("plain")
    client.subscribe(name)
    data = "x" * 60000
    client.publish(name, data)
    assert client.pub()["data"] == data
