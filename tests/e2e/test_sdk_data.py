# SPDX-License-Identifier: MIT
"""SDKs: payloads, publishing, history and RPC."""

import base64

from rig import tokens

VALUES = [
    {"text": "a<b>&\"c\" \\ / \u00e9 \u2028 \U0001f600", "empty": ["", {}, []]},
    "text", 0, -1.5, True, False, [1, [2, [3]]], {"n": 2 ** 53 - 1}, "line\nline\ttab\u0001",
]


def test_payloads_from_the_backend(main, sdk, channel):
    name = channel("big")
    sub = sdk.client(main).subscribe(name)
    for value in VALUES:
        main.api.publish(name, value)
    assert sub.data(len(VALUES)) == VALUES
    assert [p["data"] for p in sub.history(limit=100)["publications"]] == VALUES


def test_payloads_from_a_client(main, sdk, channel):
    name, client = channel("big"), sdk.client(main)
    sub = client.subscribe(name)
    for value in VALUES:
        client.publish(name, data=value)
    assert sub.data(len(VALUES)) == VALUES
    kept = main.api.call("history", channel=name, limit=100)["publications"]
    assert [p["data"] for p in kept] == VALUES


def test_bytes(main, sdk, channel):
    """Any bytes go through the Protobuf protocol; whoever speaks JSON is sent away."""
    name, value = channel("binary"), {"b64": base64.b64encode(bytes(range(256))).decode()}
    client = sdk.client(main)
    sub = client.subscribe(name)
    main.api.call("publish", channel=name, b64data=value["b64"])
    if sdk.binary:
        sub.publish(data=value)
        assert sub.data(2) == [value, value]
    else:
        assert client.wait("disconnected") == {"code": 3506, "reason": "inappropriate protocol"}


def test_formats(main, sdk, channel):
    client = sdk.client(main)
    client.publish(channel("json"), data=[1])
    client.publish(channel("object"), data={"a": 1})
    assert client.error("publish", channel("object"), data=[1]) == 107
    if sdk.binary:
        assert client.error("publish", channel("json"), data={"b64": "/w=="}) == 107


def test_info_of_the_publisher(main, sdk, channel):
    name = channel("plain")
    reader = sdk.client(main).subscribe(name)
    writer = sdk.client(main, tokens.conn("w", info={"of": "connection"}))
    writer.publish(name, data=1)
    info = reader.wait("publication")["info"]
    assert (info["user"], info["conn_info"], info.get("chan_info")) == (
        "w", {"of": "connection"}, None)
    writer.subscribe(name, token=tokens.sub("w", name, info={"of": "subscription"}))
    writer.publish(name, data=2)
    assert reader.wait("publication")["info"]["chan_info"] == {"of": "subscription"}


def test_tags(main, sdk, channel):
    name = channel("all")
    sub = sdk.client(main).subscribe(name)
    main.api.publish(name, 1, tags={"a": "1", "b": ""})
    assert sub.wait("publication")["tags"] == {"a": "1", "b": ""}
    assert sub.history(limit=1)["publications"][0]["tags"] == {"a": "1", "b": ""}


def test_history(main, sdk, channel):
    name, client = channel("all"), sdk.client(main)
    for i in range(1, 13):
        client.publish(name, data=i)

    def page(**kw):
        result = client.history(name, **kw)
        assert result["offset"] == 12
        return [p["data"] for p in result["publications"]]

    epoch = client.history(name)["epoch"]
    assert page() == []
    assert page(limit=2) == [3, 4]
    assert page(limit=-1) == list(range(3, 13))
    assert page(limit=2, reverse=True) == [12, 11]
    assert page(limit=3, since={"offset": 5, "epoch": epoch}) == [6, 7, 8]
    assert page(limit=3, since={"offset": 5, "epoch": epoch}, reverse=True) == [4, 3]
    assert page(limit=3, since={"offset": 12, "epoch": epoch}) == []
    assert client.error("history", name, limit=1, since={"offset": 5, "epoch": "other"}) == 112


def test_history_that_was_removed(main, sdk, channel):
    name, client = channel("all"), sdk.client(main)
    client.publish(name, data=1)
    main.api.call("history_remove", channel=name)
    result = client.history(name, limit=10)
    assert result["publications"] == [] and result["offset"] == 1


def test_rpc(main, sdk):
    client = sdk.client(main)
    assert client.rpc("ping", {}).get("data") in (None, {})
    assert client.error("rpc", "nosuch", {}) == 104
    assert client.error("rpc", "nosuch:method", {}) == 104


def test_many_at_once(main, sdk, channel):
    """Commands that do not wait for one another; JavaScript sends them in one frame."""
    name, values = channel("big"), list(range(50))
    client = sdk.client(main)
    client.publish_all(name, data=values)
    kept = [p["data"] for p in client.history(name, limit=100)["publications"]]
    assert (kept if "ordered" in sdk.features else sorted(kept)) == values
