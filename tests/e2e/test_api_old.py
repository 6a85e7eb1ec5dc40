# SPDX-License-Identifier: MIT
"""The single endpoint of Centrifugo v2 to v4, POST <prefix>: commands in, replies out.

gocent 3 and pycent 4 use it, with one command a line and Authorization: apikey."""

import json
import signal

import pytest

from conftest import ROTOR, rotor_only
from rig.api import KEY
from rig.config import main as main_config

PUBLISH = '{"method":"publish","params":{"channel":"plain:x","data":1}}'
INFO = '{"method":"info","params":{}}'
BAD_PARAMS = {"error": {"code": 107, "message": "bad request"}}
NO_METHOD = {"error": {"code": 104, "message": "not found"}}
OK = {"result": {}}


def post(server, body, headers=None):
    return server.api.request("POST", "/api", body, headers or {"X-API-Key": KEY})


def replies(server, body):
    res = post(server, body)
    assert res.status == 200 and res.headers["content-type"] == "application/json"
    return [json.loads(line) for line in res.body.decode().split("\n")]


def replaced(reply):
    """A reply of info, without what is in it."""
    return {**reply, "result": "info"} if reply.get("result", {}).get("nodes") else reply


@pytest.mark.parametrize("body, expected", [
    (PUBLISH, [OK]),
    (PUBLISH + PUBLISH, [OK, OK]),
    (f"{PUBLISH}\n{PUBLISH}\n", [OK, OK]),
    (f"\n {PUBLISH}\r\n\n\t{PUBLISH} ", [OK, OK]),
    ('{"params":{"channel":"plain:x","data":1}}', [OK]),
    ('{"method":0,"params":{"channel":"plain:x","data":1}}', [OK]),
    ('{"method":9,"params":{}}', [{"result": "info"}]),
    ('{"method":"INFO"}', [{"result": "info"}]),
    ('{"method":"info","params":[]}', [{"result": "info"}]),
    ('{"METHOD":"Info","Params":{},"ID":3,"x":[{}]}', [{"id": 3, "result": "info"}]),
    ('{"id":7,"method":"info"}{"id":0,"method":"info"}', [{"id": 7, "result": "info"},
                                                          {"result": "info"}]),
    ('{"id":4294967295}', [{"id": 4294967295, **BAD_PARAMS}]),
    ("null", [BAD_PARAMS]),
    ("{}", [BAD_PARAMS]),
    ('{"method":"publish","params":null}', [BAD_PARAMS]),
    ('{"method":"publish","params":[]}', [BAD_PARAMS]),
    ('{"method":"publish","params":{"channel":1}}{"method":12,"params":{"user":"nobody"}}',
     [BAD_PARAMS, OK]),
    ('{"method":"channels"}', [BAD_PARAMS]),
    ('{"method":"get_user_status","params":{}}', [NO_METHOD]),
    ('{"method":"send_push_notification"}', [NO_METHOD]),
    ('{"method":22}', [NO_METHOD]), ('{"method":13}', [NO_METHOD]), ('{"method":99}', [NO_METHOD]),
    ('{"method":-1}', [NO_METHOD]),
    ('{"method":39,"params":{"channel":"plain:x","key":"k","version":1}}', [BAD_PARAMS]),
    ('{"id":1,"method":"publish","params":{"channel":"nosuch:x","data":1}}',
     [{"id": 1, "error": {"code": 102, "message": "unknown channel"}}]),
    ('{"method":"rpc","params":{"method":"nosuch"}}', [NO_METHOD]),
], ids=str)
def test_replies(plain, body, expected):
    assert [replaced(reply) for reply in replies(plain, body)] == expected


@pytest.mark.parametrize("body", [
    "", "x", "[", f"[{PUBLISH}]", "1", '"info"', PUBLISH + ",", PUBLISH + " x", '{"method":"info"',
    '{"id":"7"}', '{"id":-1}', '{"id":4294967296}', '{"id":1.5}', '{"method":"nosuch"}',
    '{"method":"batch"}', '{"method":""}', '{"method":"9"}', '{"method":" info"}',
    '{"method":null}', '{"method":true}', '{"method":[]}', '{"method":{}}', '{"method":1.5}',
    '{"method":"in\\u0066o"}', PUBLISH + '{"method":"nosuch"}', "\xff\xfe",
], ids=ascii)
def test_bad_bodies(plain, body):
    res = post(plain, body.encode("latin-1"))
    assert (res.status, res.body) == (400, b"Bad Request\n")
    assert res.headers["content-type"].startswith("text/plain")


def test_white_space_asks_for_nothing(plain):
    res = post(plain, " \n")
    assert (res.status, res.body) == (200, b"")


def test_what_ran_before_a_bad_command_has_happened(plain, channel):
    name = channel("all")
    one = {"method": "publish", "params": {"channel": name, "data": 1}}
    assert post(plain, json.dumps(one) + "}").status == 400
    assert plain.api.call("history", channel=name)["offset"] == 1


def test_order(plain, channel):
    """One by one, also when the first has to ask all workers."""
    name = channel("all")
    commands = [{"id": 1, "method": "unsubscribe", "params": {"user": "nobody", "channel": name}}]
    commands += [{"id": i, "method": "publish", "params": {"channel": name, "data": {"a": "<"}}}
                 for i in range(2, 50)]
    commands += [{"id": 50, "method": "history", "params": {"channel": name, "limit": 1}},
                 {"id": 51, "method": "channels", "params": {}}]
    found = replies(plain, "".join(map(json.dumps, commands)))
    assert [r["id"] for r in found] == list(range(1, 52))
    assert [r["result"]["offset"] for r in found[1:49]] == list(range(1, 49))
    assert found[49]["result"]["publications"][0]["data"] == {"a": "<"}


def test_result_that_cannot_be_told_in_json(plain, channel):
    name = channel("all")
    plain.api.call("publish", channel=name, b64data="/w==")
    res = post(plain, json.dumps({"method": "history", "params": {"channel": name, "limit": 1}}))
    assert (res.status, res.body) == (500, b"Internal Server Error\n")


@pytest.mark.parametrize("headers, status", [
    ({"Authorization": f"apikey {KEY}"}, 200), ({"X-API-Key": KEY}, 200),
    ({"X-API-Key": "wrong"}, 401), ({}, 401)], ids=str)
def test_keys(plain, headers, status):
    assert plain.api.request("POST", "/api", INFO, headers).status == status


def test_transport_error_mode_does_not_count(plain):
    res = post(plain, "{}", {"X-API-Key": KEY, "X-Centrifugo-Error-Mode": "transport"})
    assert (res.status, json.loads(res.body)) == (200, BAD_PARAMS)


@pytest.mark.parametrize("verb", ["GET", "PUT", "OPTIONS"])
def test_only_post(plain, verb):
    res = plain.api.request(verb, "/api")
    assert (res.status, res.body) == (405, b"")


def test_configured_prefix(start):
    server = start(main_config(http_api={"handler_prefix": "/my/api/"}))
    ok = server.api.request("POST", "/my/api", INFO, {"X-API-Key": KEY})
    assert ok.status == 200 and post(server, INFO).status == 404


def test_root_prefix(start):
    server = start(main_config(http_api={"handler_prefix": "/"}))
    assert server.api.request("POST", "/", INFO, {"X-API-Key": KEY}).status == 200
    assert server.api.request("POST", "/info", "{}", {"X-API-Key": KEY}).status == 200
    if ROTOR:   # to the other one, whatever is no method is the old endpoint then
        assert server.api.request("POST", "/nosuch", "{}", {"X-API-Key": KEY}).status == 404
    server.client().fence()


@rotor_only     # the other one closes the connection as well
def test_shutdown(start):
    """Once the stop has begun: 503, without a body."""
    server = start(main_config(shutdown={"spread": "3s"}))
    clients = [server.client() for _ in range(4)]
    assert post(server, INFO).status == 200
    server.signal(signal.SIGTERM)
    statuses = []

    def stopping():
        statuses.append(post(server, INFO))
        return statuses[-1].status == 503
    server.wait(stopping, "the refusal")
    assert statuses[-1].body == b"" and "content-type" not in statuses[-1].headers
    for client in clients:
        assert client.ended()[0] == 3001
    assert server.wait_exit() == 0
