# SPDX-License-Identifier: MIT
"""publish_pattern: which channels it reaches."""

import pytest

from conftest import rotor_only
from rig import config
from rig.api import Api

pytestmark = rotor_only


def publish(server, pattern, data=None, **kw):
    return server.api.call("publish_pattern", pattern=pattern, data={"n": 1} if data is None else data, **kw)


def test_those_that_match(main, channel):
    key = channel()
    a, b, other = main.client(), main.client(), main.client()
    for client, names in ((a, (f"plain:{key}-1", f"all:{key}-1")), (b, (f"plain:{key}-1", f"plain:{key}-2")),
                          (other, (f"plain:x{key}-1",))):
        for name in names:
            client.subscribe(name)
    assert publish(main, f"plain:{key}-*", tags={"t": "1"}) == {"num_channels": 2}
    assert a.push() == {"channel": f"plain:{key}-1", "pub": {"data": {"n": 1}, "tags": {"t": "1"}}}
    assert {b.push()["channel"] for _ in range(2)} == {f"plain:{key}-1", f"plain:{key}-2"}
    for client in (a, b, other):
        assert client.pushes() == []


def test_nobody_there(plain, channel):
    key = channel()
    plain.api.publish(f"all:{key}", 1)      # a stream, but no subscriber
    assert publish(plain, f"all:{key}") == {"num_channels": 0}
    assert plain.api.call("history", channel=f"all:{key}")["offset"] == 1


def test_history_and_idempotency(plain, channel):
    key, client = channel(), plain.client()
    for i in range(3):
        client.subscribe(f"all:{key}{i}")
    for _ in range(2):
        assert publish(plain, f"all:{key}*", idempotency_key="k") == {"num_channels": 3}
    assert publish(plain, f"all:{key}{{0,1}}", skip_history=True) == {"num_channels": 2}
    assert len([client.pub() for _ in range(5)]) == 5 and client.pushes() == []
    assert plain.api.call("history", channel=f"all:{key}0")["offset"] == 1


def test_base64(plain, channel):
    name, client = channel("plain"), plain.client()
    client.subscribe(name)
    plain.api.call("publish_pattern", pattern=name, b64data="eyJhIjogMX0=")
    assert client.pub()["data"] == {"a": 1}


def test_the_limit(plain, channel):
    key, client = channel(), plain.client()
    for i in range(5):
        client.subscribe(f"plain:{key}{i}")
    assert plain.api.error("publish_pattern", pattern=f"plain:{key}*", data=1, limit=4) == 106
    assert client.pushes() == []
    assert publish(plain, f"plain:{key}*", limit=5) == {"num_channels": 5}


def test_more_than_a_turn(plain, channel):
    key, clients = channel(), [plain.client() for _ in range(4)]
    for i in range(400):
        clients[i % 4].subscribe(f"plain:{key}{i}")
    assert publish(plain, f"plain:{key}*") == {"num_channels": 400}
    for client in clients:
        assert len({client.push()["channel"] for _ in range(100)}) == 100


def test_errors_of_channels(plain, channel):
    key, client = channel(), plain.client()
    for i in range(20):
        client.subscribe(f"object:{key}{i}")
    client.subscribe(f"plain:{key}")
    result = publish(plain, f"*:{key}*", [1])
    assert len(result.pop("errors")) == 16
    assert result == {"num_channels": 1, "num_errors": 20}
    result = publish(plain, f"object:{key}7", [1])
    assert result == {"num_channels": 0, "num_errors": 1, "errors": [
        {"channel": f"object:{key}7", "error": {"code": 107, "message": "bad request"}}]}


@pytest.mark.parametrize("fields, code", [
    ({"data": 1}, 107), ({"pattern": "", "data": 1}, 107), ({"pattern": "*"}, 107),
    ({"pattern": "[", "data": 1}, 107), ({"pattern": "*" * 2000, "data": 1}, 107),
    ({"pattern": "*", "data": 1, "limit": -1}, 107), ({"pattern": "*", "data": 1, "limit": 100001}, 107),
    ({"pattern": "*", "b64data": "*"}, 107)], ids=lambda v: str(v)[:60])
def test_bad_requests(plain, fields, code):
    assert plain.api.error("publish_pattern", **fields) == code


@pytest.mark.parametrize("body", ['{"pattern":1}', '{"pattern":"*","data":}', "[]", "", '{"pattern":"*","limit":1.5}'])
def test_malformed(plain, body):
    assert plain.api.post("publish_pattern", body).status == 400


def test_keys_reach_their_namespaces_only(start, workers):
    server = start(config.main(api={"keys": [
        {"name": "some", "key": "k1", "namespaces": ["plain"]},
        {"name": "other", "key": "k2", "methods": ["publish"]}]}), env={"ROTOR_WORKERS": workers})
    client = server.client()
    for name in ("plain:a", "all:a", "a"):
        client.subscribe(name)
    api = server.keep(Api(server.address, key="k1"))
    assert api.call("publish_pattern", pattern="*", data=1) == {"num_channels": 1}
    assert client.push()["channel"] == "plain:a" and client.pushes() == []
    other = server.keep(Api(server.address, key="k2"))
    assert other.post("publish_pattern", {"pattern": "*", "data": 1}).status == 403


def test_in_a_batch(plain, channel):
    name, client = channel("plain"), plain.client()
    client.subscribe(name)
    res = plain.api.post("batch", {"parallel": True, "commands": [
        {"publish_pattern": {"pattern": name, "data": 1}}, {"publish_pattern": {"data": 1}},
        {"publish_pattern": {"pattern": name, "data": 2}}]}).json
    assert res["replies"][0] == res["replies"][2] == {"publish_pattern": {"num_channels": 1}}
    assert res["replies"][1]["error"]["code"] == 107
    assert sorted(client.pub()["data"] for _ in range(2)) == [1, 2]
