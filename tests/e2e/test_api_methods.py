# SPDX-License-Identifier: MIT
"""Every method of the server API and what clients see of it."""

import time

import pytest

from conftest import ROTOR
from rig import tokens


@pytest.fixture
def user(channel):
    return "user-" + channel()


# publish and broadcast


def test_publish(main, channel):
    name, client = channel("all"), main.client()
    client.subscribe(name)
    first = main.api.publish(name, {"n": 1}, tags={"a": "b"})
    assert first["offset"] == 1 and len(first["epoch"]) == 8
    assert client.pub() == {"data": {"n": 1}, "offset": 1, "epoch": first["epoch"],
                            "tags": {"a": "b"}}
    assert main.api.publish(name, 2) == {"offset": 2, "epoch": first["epoch"]}


def test_publish_base64(plain, channel):
    name, client = channel("plain"), plain.client()
    client.subscribe(name)
    plain.api.call("publish", channel=name, b64data="eyJhIjogMX0=", data={"ignored": True})
    assert client.pub()["data"] == {"a": 1}
    assert plain.api.error("publish", channel=name, b64data="*") == 107


@pytest.mark.parametrize("fields, code", [
    ({}, 107), ({"channel": "", "data": 1}, 107), ({"channel": "x"}, 107),
    ({"channel": "nosuch:x", "data": 1}, 102), ({"channel": "object:x", "data": [1]}, 107)], ids=str)
def test_publish_errors(plain, fields, code):
    assert plain.api.error("publish", **fields) == code


def test_publish_ignores_names_and_permissions(plain):
    for name in ("closed:x", "regex:NOT", "x" * 1000, "näh", "$x", "users:x#u9"):
        plain.api.publish(name, 1)


def test_publish_skip_history(plain, channel):
    name = channel("all")
    assert plain.api.publish(name, 1, skip_history=True) == {}
    assert plain.api.call("history", channel=name, limit=10)["publications"] == []


@pytest.mark.parametrize("namespace", ["all", "plain"])
def test_publish_idempotency(plain, channel, namespace):
    name, client = channel(namespace), plain.client()
    client.subscribe(name)
    first = plain.api.publish(name, 1, idempotency_key="k")
    assert plain.api.publish(name, 2, idempotency_key="k") == first
    assert plain.api.publish(channel(namespace), 2, idempotency_key="k") is not None
    plain.api.publish(name, 3, idempotency_key="other")
    assert [client.pub()["data"] for _ in range(2)] == [1, 3]


def test_publish_versions(plain, channel):
    name, client = channel("all"), plain.client()
    client.subscribe(name)
    first = plain.api.publish(name, "v5", version=5)
    assert plain.api.publish(name, "v5", version=5) == first
    assert plain.api.publish(name, "v4", version=4) == first
    assert plain.api.publish(name, "v6", version=6)["offset"] == 2
    assert plain.api.publish(name, "v1 of e2", version=1, version_epoch="e2")["offset"] == 3
    assert plain.api.publish(name, "v1 of e2", version=1, version_epoch="e2")["offset"] == 3
    assert [client.pub()["data"] for _ in range(3)] == ["v5", "v6", "v1 of e2"]


def test_broadcast(main, channel):
    a, b = channel("all"), channel("plain")
    client = main.client()
    client.subscribe(a)
    client.subscribe(b)
    result = main.api.call("broadcast", channels=[a, b, "nosuch:x", ""], data={"n": 1})
    assert result["responses"][0]["result"].pop("epoch")
    assert result == {"responses": [
        {"result": {"offset": 1}}, {"result": {}},
        {"error": {"code": 102, "message": "unknown channel"}},
        {"error": {"code": 107, "message": "bad request"}}]}
    pushes = [client.push() for _ in range(2)]
    assert {p["channel"] for p in pushes} == {a, b}
    assert [p["pub"]["data"] for p in pushes] == [{"n": 1}] * 2


def test_broadcast_errors(plain):
    assert plain.api.error("broadcast", channels=[], data=1) == 107
    assert plain.api.error("broadcast", data=1) == 107


# Connections of a user


def test_subscribe(main, channel, user):
    name, other = channel("rec"), main.client(tokens.conn(user + "x"))
    a, b = main.client(tokens.conn(user)), main.client(tokens.conn(user))
    assert main.api.call("subscribe", user=user, channel=name, data={"w": 1}) == {}
    for client in (a, b):
        push = client.push()
        assert len(push["subscribe"].pop("epoch")) == 8
        assert push == {"channel": name, "subscribe": {
            "recoverable": True, "positioned": True, "data": {"w": 1}}}
    main.api.publish(name, 1)
    assert a.pub()["data"] == b.pub()["data"] == 1
    assert other.pushes() == []


def test_subscribe_one_client(main, channel, user):
    name = channel("plain")
    a, b = main.client(tokens.conn(user)), main.client(tokens.conn(user))
    main.api.call("subscribe", user=user, channel=name, client=b.id)
    assert b.push() == {"channel": name, "subscribe": {}}
    assert a.pushes() == []


def test_subscribe_push_precedes_the_join(main, channel, user):
    name, client = channel("jl"), main.client(tokens.conn(user))
    main.api.call("subscribe", user=user, channel=name, info={"i": 1})
    assert client.push() == {"channel": name, "subscribe": {}}
    assert client.push()["join"]["info"] == {"user": user, "client": client.id, "chan_info": {"i": 1}}


def test_subscribe_overrides(main, channel, user):
    name, client = channel("plain"), main.client(tokens.conn(user))
    main.api.call("subscribe", user=user, channel=name, override={"join_leave": {"value": True},
                  "force_push_join_leave": {"value": True}, "presence": {"value": True}})
    client.push()
    assert client.push()["join"]["info"]["client"] == client.id


@pytest.mark.parametrize("method", ["subscribe", "unsubscribe"])
def test_subscribe_errors(plain, method, user):
    assert plain.api.error(method, user=user, channel="nosuch:x") == 102
    if method == "subscribe":
        assert plain.api.error(method, user=user, channel="") == 107
    assert plain.api.call(method, user=user, channel="plain:x") == {}


def test_unsubscribe(main, channel, user):
    name, client = channel("plain"), main.client(tokens.conn(user))
    bystander = main.client(tokens.conn(user + "x"))
    client.subscribe(name)
    bystander.subscribe(name)
    assert main.api.call("unsubscribe", user=user, channel=name) == {}
    assert client.push() == {"channel": name, "unsubscribe": {
        "code": 2000, "reason": "server unsubscribe"}}
    main.api.publish(name, 1)
    assert bystander.pub()["data"] == 1 and client.pushes() == []


def test_unsubscribe_from_everything(main, channel, user):
    a, b = channel("plain"), channel("plain")
    client = main.client(tokens.conn(user, channels=[a]))
    client.subscribe(b)
    main.api.call("unsubscribe", user=user)
    assert client.push() == {"unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    if ROTOR:
        main.api.publish(a, 1)
        main.api.publish(b, 1)
        assert client.pushes() == []
        assert main.api.call("channels", pattern=f"{{{a},{b}}}") == {"channels": {}}
        client.subscribe(b)


def test_disconnect(main, user):
    client, bystander = main.client(tokens.conn(user)), main.client(tokens.conn(user + "x"))
    assert main.api.call("disconnect", user=user) == {}
    assert client.ended() == (3503, "force disconnect")
    bystander.fence()


def test_disconnect_custom(main, user):
    client = main.client(tokens.conn(user))
    main.api.call("disconnect", user=user, disconnect={"code": 4600, "reason": "custom"})
    assert client.ended() == (4600, "custom")


def test_disconnect_one_or_all_but_one(main, user):
    a, b, c = (main.client(tokens.conn(user)) for _ in range(3))
    main.api.call("disconnect", user=user, client=a.id)
    assert a.ended()[0] == 3503
    main.api.call("disconnect", user=user, whitelist=[b.id])
    assert c.ended()[0] == 3503
    b.fence()


def test_refresh(main, user):
    client = main.client(tokens.conn(user, ttl=10))
    assert main.api.call("refresh", user=user, expire_at=int(time.time()) + 100) == {}
    push = client.push()
    assert 97 <= push["refresh"].pop("ttl") <= 100
    assert push == {"refresh": {"expires": True}}
    main.api.call("refresh", user=user)
    assert client.push() == {"refresh": {}}
    main.api.call("refresh", user=user, expired=True)
    assert client.ended() == (3005, "connection expired")


def test_refresh_one_client(main, user):
    a, b = main.client(tokens.conn(user)), main.client(tokens.conn(user))
    main.api.call("refresh", user=user, client=a.id, expired=True)
    assert a.ended()[0] == 3005
    b.fence()


def test_users_without_connections(plain, user):
    for method in ("disconnect", "refresh"):
        assert plain.api.call(method, user=user) == {}


# Reading


def test_presence(main, channel, user):
    name, client = channel("all"), main.client(tokens.conn(user, info={"n": 1}))
    assert main.api.call("presence", channel=name) == {"presence": {}}
    assert main.api.call("presence_stats", channel=name) == {"num_clients": 0, "num_users": 0}
    client.subscribe(name)
    assert main.api.call("presence", channel=name) == {"presence": {
        client.id: {"user": user, "client": client.id, "conn_info": {"n": 1}}}}
    assert main.api.call("presence_stats", channel=name) == {"num_clients": 1, "num_users": 1}


@pytest.mark.parametrize("method", ["presence", "presence_stats", "history", "history_remove"])
def test_reading_errors(plain, method):
    assert plain.api.error(method, channel="plain:x") == 108
    assert plain.api.error(method, channel="nosuch:x") == 102
    assert plain.api.error(method, channel="") == 107


def test_history(main, channel, user):
    name, client = channel("big"), main.client(tokens.conn(user, info=1))
    client.publish(name, 1)
    for i in range(2, 311):
        last = main.api.publish(name, i)

    def history(**kw):
        return main.api.call("history", channel=name, **kw)

    def values(**kw):
        return [p["data"] for p in history(**kw)["publications"]]

    assert history() == {"publications": [], "epoch": last["epoch"], "offset": 310}
    assert values(limit=-1) == list(range(1, 311))
    assert values(limit=2, reverse=True) == [310, 309]
    assert values(limit=2, since={"offset": 5, "epoch": last["epoch"]}) == [6, 7]
    assert values(limit=2, since={"offset": 5, "epoch": ""}, reverse=True) == [4, 3]
    assert history(limit=1)["publications"] == [
        {"data": 1, "info": {"user": user, "client": client.id, "conn_info": 1}, "offset": 1}]
    assert main.api.error("history", channel=name, limit=1,
                          since={"offset": 1, "epoch": "wrong"}) == 112


def test_history_remove(plain, channel):
    name = channel("all")
    epoch = plain.api.publish(name, 1)["epoch"]
    assert plain.api.call("history_remove", channel=name) == {}
    assert plain.api.call("history", channel=name, limit=5) == {
        "publications": [], "epoch": epoch, "offset": 1}
    assert plain.api.publish(name, 1) == {"offset": 2, "epoch": epoch}


def test_channels(main, channel):
    a, b = channel("plain"), channel("plain")
    clients = [main.client() for _ in range(2)]
    for client in clients:
        client.subscribe(a)
    clients[0].subscribe(b)
    found = main.api.call("channels")["channels"]
    assert found[a] == {"num_clients": 2} and found[b] == {"num_clients": 1}
    assert main.api.call("channels", pattern=a[:-1] + "?") == {"channels": {a: {"num_clients": 2}}}
    assert main.api.call("channels", pattern=f"{{{a},{b}}}")["channels"].keys() == {a, b}
    assert main.api.call("channels", pattern="nosuch*") == {"channels": {}}
    clients[0].call("unsubscribe", channel=b)
    assert main.api.call("channels", pattern=b) == {"channels": {}}


def test_info(start, channel):
    server = start()
    clients = [server.client(tokens.conn("u1")) for _ in range(3)] + [server.client()]
    for client in clients:
        client.subscribe("plain:x")
    clients[0].subscribe("plain:y")

    def counted():
        node, = server.api.call("info")["nodes"]
        return (node["num_clients"], node["num_channels"], node["num_subs"]) == (4, 2, 5)
    server.wait(counted, "counting")
    node, = server.api.call("info")["nodes"]
    assert node["uid"] and node["name"] and node["version"]
    assert node["num_users"] in (1, 2)
    order = ["uid", "name", "version", "num_clients", "num_users", "num_channels"]
    assert list(node)[:6] == order and list(node)[-1] == "num_subs"


def test_info_after_a_client_left(start):
    server = start()
    client = server.client()
    server.wait(lambda: server.api.call("info")["nodes"][0]["num_clients"] == 1, "counting")
    client.close()
    server.wait(lambda: server.api.call("info")["nodes"][0]["num_clients"] == 0, "counting")


def test_rpc(plain):
    assert plain.api.error("rpc", method="") == 107
    assert plain.api.error("rpc", method="nosuch", params={}) == 104


# Batch


@pytest.mark.parametrize("parallel", [False, True])
def test_batch(main, channel, parallel):
    name = channel("all")
    res = main.api.post("batch", {"parallel": parallel, "commands": [
        {"publish": {"channel": name, "data": 1}},
        {"publish": {"channel": "nosuch:x", "data": 1}},
        {"presence_stats": {"channel": channel("all")}},
        {"history": {"channel": channel("all")}},
        {"info": {}}, {"channels": {"pattern": "nosuch"}}, {"broadcast": {"channels": []}}, {}]})
    assert res.status == 200 and list(res.json) == ["replies"]
    replies = res.json["replies"]
    assert replies[0]["publish"]["offset"] == 1
    assert replies[1] == {"error": {"code": 102, "message": "unknown channel"}}
    assert replies[2] == {"presence_stats": {"num_clients": 0, "num_users": 0}}
    assert replies[3]["history"]["publications"] == []
    assert replies[4]["info"]["nodes"]
    assert replies[5] == {"channels": {"channels": {}}}
    assert replies[6]["error"]["code"] == 107
    assert replies[7]["error"]["code"] == 104


def test_batch_is_executed_in_order(plain, channel):
    name, client = channel("all"), plain.client()
    client.subscribe(name)
    plain.api.post("batch", {"commands": [
        {"publish": {"channel": name, "data": i}} for i in range(100)]})
    assert [client.pub()["data"] for _ in range(100)] == list(range(100))


def test_empty_batch(plain):
    assert plain.api.post("batch", {"commands": []}).body == b"{}"
    assert plain.api.post("batch", {}).body == b"{}"
