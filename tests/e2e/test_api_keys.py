# SPDX-License-Identifier: MIT
"""api.keys: keys that may call some methods, or name channels of some namespaces."""

import json

import pytest

from conftest import rotor_only
from rig.api import KEY, Api
from rig.config import main as main_config

pytestmark = rotor_only

KEYS = [
    {"name": "all", "key": "key-all"},
    {"name": "publisher", "key": "key-publisher", "methods": ["publish", "broadcast"]},
    {"name": "news", "key": "key-news", "namespaces": ["plain", ""]},
    {"name": "both", "key": "key-both", "methods": ["publish", "unsubscribe"],
     "namespaces": ["plain"]},
]
DENIED = {"code": 103, "message": "permission denied"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    from rig.server import Server
    one = Server(tmp_path_factory.mktemp("keys"), main_config(api={"keys": KEYS}))
    yield one
    one.stop()


@pytest.mark.parametrize("key, method, request_, status", [
    ("all", "info", {}, 200),
    ("all", "publish", {"channel": "all:x", "data": 1}, 200),
    ("publisher", "publish", {"channel": "all:x", "data": 1}, 200),
    ("publisher", "broadcast", {"channels": ["all:x", "x"], "data": 1}, 200),
    ("publisher", "info", {}, 403),
    ("publisher", "history", {"channel": "all:x"}, 403),
    ("publisher", "batch", {}, 200),
    ("news", "info", {}, 200),
    ("news", "disconnect", {"user": "nobody"}, 200),
    ("news", "publish", {"channel": "plain:x", "data": 1}, 200),
    ("news", "publish", {"channel": "x", "data": 1}, 200),
    ("news", "publish", {"channel": "all:x", "data": 1}, 403),
    ("news", "publish", {"channel": "nosuch:x", "data": 1}, 403),
    ("news", "publish", {"data": 1}, 403),
    ("news", "history", {"channel": "all:x"}, 403),
    ("news", "broadcast", {"channels": ["x", "plain:x"], "data": 1}, 200),
    ("news", "broadcast", {"channels": ["x", "all:x"], "data": 1}, 403),
    ("news", "unsubscribe", {"user": "nobody", "channel": "x"}, 200),
    ("news", "unsubscribe", {"user": "nobody"}, 403),     # from all channels
    ("news", "map_clear", {"channel": "all:x"}, 403),
    ("both", "publish", {"channel": "plain:x", "data": 1}, 200),
    ("both", "publish", {"channel": "x", "data": 1}, 403),
    ("both", "presence", {"channel": "plain:x"}, 403),
    (None, "history", {"channel": "all:x"}, 200),
], ids=str)
def test_scopes(server, key, method, request_, status):
    api = Api(server.address, f"key-{key}" if key else KEY)
    res = api.post(method, request_)
    api.close()
    assert res.status == status
    if status == 403:
        assert res.json == DENIED and res.headers["content-type"] == "application/json"


@pytest.mark.parametrize("headers, query", [
    ({"X-API-Key": "key-all"}, ""), ({"Authorization": "apikey key-all"}, ""),
    ({}, "?api_key=key-all")], ids=str)
def test_ways_to_show_a_key(server, headers, query):
    assert server.api.request("POST", "/api/info" + query, "{}", headers).status == 200


@pytest.mark.parametrize("key", ["key-al", "key-alll", "KEY-ALL", "", "all"])
def test_wrong_keys(server, key):
    assert server.api.request("POST", "/api/info", "{}", {"X-API-Key": key}).status == 401


COMMANDS = [
    {"publish": {"channel": "plain:x", "data": 1}}, {"publish": {"channel": "all:x", "data": 1}},
    {"info": {}}, {"broadcast": {"channels": ["all:x"], "data": 1}},
    {"unsubscribe": {"user": "nobody", "channel": "plain:x"}}]


@pytest.mark.parametrize("parallel", [False, True])
def test_commands_of_a_batch(server, parallel):
    res = Api(server.address, "key-both").post("batch", {"commands": COMMANDS, "parallel": parallel})
    assert res.status == 200
    assert res.json["replies"] == [
        {"publish": {}}, {"error": DENIED}, {"error": DENIED}, {"error": DENIED}, {"unsubscribe": {}}]


def test_commands_of_the_old_endpoint(server):
    body = "\n".join(json.dumps({"method": m, "params": p}) for c in COMMANDS for m, p in c.items())
    res = server.api.request("POST", "/api", body, {"X-API-Key": "key-both"})
    assert res.status == 200
    assert [json.loads(line) for line in res.body.splitlines()] == [
        {"result": {}}, {"error": DENIED}, {"error": DENIED}, {"error": DENIED}, {"result": {}}]


def test_a_refused_broadcast_publishes_nothing(server, channel):
    good, bad = channel("plain"), channel("all")
    before = server.api.publish(bad, 0)
    res = Api(server.address, "key-news").post("broadcast", {"channels": [good, bad], "data": 1})
    assert res.status == 403
    assert server.api.call("history", channel=bad)["offset"] == before["offset"]


def test_denied_is_403_in_both_error_modes(server):
    res = server.api.post("info", {}, {"X-API-Key": "key-both",
                                       "X-Centrifugo-Error-Mode": "transport"})
    assert (res.status, res.json) == (403, DENIED)


def test_names_but_no_keys_in_the_log(server, start):
    Api(server.address, "key-both").post("info", {})
    assert not [line for line in server.log_lines() if line.get("key")]
    server = start(main_config(api={"keys": KEYS}, log={"level": "debug"}))
    Api(server.address, "key-both").post("info", {})
    assert server.line(lambda line: line.get("key") == "both")["method"] == "info"
    assert "key-" not in server.log


def test_without_the_single_key(start):
    server = start(main_config(http_api={"key": ""}, api={"keys": KEYS[:1]}))
    assert Api(server.address, "key-all").call("info")
    assert server.api.request("POST", "/api/info", "{}", {"X-API-Key": ""}).status == 401


@pytest.mark.parametrize("keys, where", [
    ([{"name": "a", "key": "1", "methods": ["nosuch"]}], "api.keys[0].methods"),
    ([{"name": "a", "key": "1", "namespaces": ["nosuch"]}], "api.keys[0].namespaces"),
    ([{"key": "1"}], "api.keys[0].name"),
    ([{"name": "a"}], "api.keys[0].key"),
    ([{"name": "a", "key": "1"}, {"name": "a", "key": "2"}], "api.keys[1].name"),
    ([{"name": "a", "key": "s3cr3t"}, {"name": "b", "key": "s3cr3t"}], "api.keys[1].key"),
], ids=str)
def test_mistakes_are_found_at_start(tmp_path, keys, where):
    import yaml
    from rig.server import run
    file = tmp_path / "rotor.yaml"
    file.write_text(yaml.safe_dump(main_config(api={"keys": keys})))
    done = run("checkconfig", "-c", str(file))
    assert done.returncode != 0
    assert where in done.stdout + done.stderr and "s3cr3t" not in done.stdout + done.stderr
