# SPDX-License-Identifier: MIT
"""The HTTP API's transport: keys, methods, bodies, error modes, JSON conventions."""

import json
import socket

import pytest

from rig.api import KEY, Api
from rig.config import main as main_config
from rig.ws import open_socket, read_head

METHODS = ["batch", "publish", "broadcast", "subscribe", "unsubscribe", "disconnect", "presence",
           "presence_stats", "history", "history_remove", "info", "rpc", "refresh", "channels"]


@pytest.mark.parametrize("headers, query, status", [
    ({"X-API-Key": KEY}, "", 200),
    ({"x-api-key": KEY}, "", 200),
    ({"Authorization": f"apikey {KEY}"}, "", 200),
    ({"Authorization": f"APIKEY {KEY}"}, "", 200),
    ({}, f"?api_key={KEY}", 200),
    ({}, f"?a=b&api_key={KEY}&c=d", 200),
    ({"X-API-Key": "wrong"}, f"?api_key={KEY}", 200),
    ({}, "", 401),
    ({"X-API-Key": "wrong"}, "", 401),
    ({"X-API-Key": ""}, "", 401),
    ({"X-API-Key": KEY + "x"}, "", 401),
    ({"X-API-Key": KEY[:-1]}, "", 401),
    ({"X-API-Key": "wrong", "Authorization": f"apikey {KEY}"}, "", 401),
    ({"Authorization": KEY}, "", 401),
    ({"Authorization": f"Bearer {KEY}"}, "", 401),
    ({"Authorization": f"apikey {KEY} x"}, "", 401),
    ({}, "?api_key=wrong", 401),
    ({}, "?api_key=", 401),
], ids=str)
def test_keys(plain, headers, query, status):
    res = plain.api.request("POST", "/api/info" + query, "{}", headers)
    assert res.status == status
    if status == 401:
        assert res.body == b""


def test_empty_key_refuses_everything(start):
    server = start(main_config(http_api={"key": ""}))
    for headers in ({}, {"X-API-Key": ""}, {"X-API-Key": "x"}, {"Authorization": "apikey "}):
        assert server.api.request("POST", "/api/info", "{}", headers).status == 401


def test_insecure(start):
    server = start(main_config(http_api={"key": "", "insecure": True}))
    assert server.api.request("POST", "/api/info", "{}").status == 200


@pytest.mark.parametrize("method", METHODS)
def test_methods_exist(plain, method):
    assert plain.api.post(method, "{}").status == 200


@pytest.mark.parametrize("path", [
    "/api/", "/api/nosuch", "/api/publish/", "/api/PUBLISH", "/api/get_user_status", "/api/device_list",
    "/api/user_status", "/apis/info"])
def test_unknown_paths(plain, path):
    res = plain.api.request("POST", path, "{}", {"X-API-Key": KEY})
    assert res.status == 404 and res.body == b"404 page not found\n"
    assert res.headers["content-type"] == "text/plain; charset=utf-8"


@pytest.mark.parametrize("verb", ["GET", "PUT", "DELETE", "OPTIONS", "PATCH"])
def test_only_post(plain, verb):
    res = plain.api.request(verb, "/api/info", None)
    assert res.status == 405 and res.body == b""


@pytest.mark.parametrize("body", [
    "", " ", "garbage", "{", "[]", "1", '"x"', "{} x", "{}{}", '{"channel":1}', '{"channel":["x"]}',
    '{"channel":"x","data":{]}', '{"tags":{"a":1}}', '{"tags":[]}', '{"skip_history":"yes"}',
    '{"version":1.5}', '{"version":"1"}', '{"version":-1}', '{"channel":"x",}', "{'channel':'x'}",
    "\x00", '{"channel":"\x01"}',
], ids=ascii)
def test_bad_bodies(plain, body):
    res = plain.api.post("publish", body)
    assert res.status == 400 and res.body == b"Bad Request\n"
    assert res.headers["content-type"].startswith("text/plain")


@pytest.mark.parametrize("body", [
    "{}", " {} ", '{"unknown":{"x":[1,2,{}]}}', "{}\n", '{"CHANNEL":null}'])
def test_good_bodies(plain, body):
    assert plain.api.post("info", body).json["result"]["nodes"]


def test_half_closed(plain):
    """Who ends its direction after the request still gets the answers, also those that
    have to be gathered from all workers."""
    body = '{"user":"nobody","channel":"x"}'
    one = (f"POST /api/unsubscribe HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
           f"Content-Length: {len(body)}\r\n\r\n{body}")
    with open_socket(plain.address) as sock:
        sock.sendall((one * 3).encode())
        sock.shutdown(socket.SHUT_WR)
        got = b""
        while chunk := sock.recv(4096):
            got += chunk
    assert got.count(b"HTTP/1.1 200 OK") == 3 and got.count(b'{"result":{}}') == 3


def test_any_content_type(plain):
    for content_type in ("application/json", "text/plain", "application/x-www-form-urlencoded", "x"):
        headers = {"X-API-Key": KEY, "Content-Type": content_type}
        assert plain.api.post("info", "{}", headers).status == 200


def test_field_names_in_any_case(plain, channel):
    body = json.dumps({"CHANNEL": channel("all"), "Data": 1})
    assert plain.api.post("publish", body).json["result"]["offset"] == 1


def test_success_and_error_bodies(plain, channel):
    res = plain.api.post("publish", {"channel": channel("plain"), "data": 1})
    assert (res.status, res.body) == (200, b'{"result":{}}')
    assert res.headers["content-type"] == "application/json"
    res = plain.api.post("publish", {"channel": "nosuch:x", "data": 1})
    assert (res.status, res.body) == (200, b'{"error":{"code":102,"message":"unknown channel"}}')


@pytest.mark.parametrize("method, fields, status, error", [
    ("publish", {"channel": "nosuch:x", "data": 1}, 404, (102, "unknown channel")),
    ("publish", {"channel": "x"}, 400, (107, "bad request")),
    ("presence", {"channel": "plain:x"}, 400, (108, "not available")),
    ("history", {"channel": "all:x", "since": {"offset": 1, "epoch": "x"}, "limit": 1}, 416,
     (112, "unrecoverable position")),
    ("rpc", {"method": "nosuch"}, 404, (104, None)),
], ids=str)
def test_transport_error_mode(plain, method, fields, status, error):
    headers = {"X-API-Key": KEY, "X-Centrifugo-Error-Mode": "transport"}
    res = plain.api.post(method, fields, headers)
    assert res.status == status and res.headers["content-type"] == "application/json"
    body = res.json
    assert list(body) == ["code", "message"] and body["code"] == error[0]
    assert error[1] is None or body["message"] == error[1]
    assert plain.api.post("info", {}, headers).json["result"]


def test_transport_error_mode_leaves_batch_alone(plain):
    headers = {"X-API-Key": KEY, "X-Centrifugo-Error-Mode": "transport"}
    res = plain.api.post("batch", {"commands": [{"publish": {"channel": "nosuch:x"}}]}, headers)
    assert res.status == 200 and res.json["replies"][0]["error"]["code"] == 102


def test_transport_error_mode_configured(start):
    server = start(main_config(http_api={"error_mode": "transport"}))
    assert server.api.post("publish", {"channel": "nosuch:x"}).status == 404


def test_disabled(start):
    server = start(main_config(http_api={"disabled": True}))
    assert server.api.post("info", {}).status == 404


def test_configured_prefix(start):
    server = start(main_config(http_api={"handler_prefix": "/my/api/"}))
    assert Api(server.address, prefix="/my/api").call("info")
    assert server.api.post("info", {}).status == 404


def test_answers_are_compacted_and_escaped(plain, channel):
    """Subscribers get the raw bytes, answers a compact form that is safe in HTML."""
    name = channel("all")
    plain.api.post("publish", '{"channel":"%s","data":{"a" : "<b>&\u2028"}}' % name)
    body = plain.api.post("history", {"channel": name, "limit": 1}).body.decode()
    assert '"data":{"a":"\\u003cb\\u003e\\u0026\\u2028"}' in body


def test_null_data(plain, channel):
    name = channel("all")
    client = plain.client()
    client.subscribe(name)
    assert plain.api.post("publish", {"channel": name, "data": None}).json["result"]["offset"] == 1
    assert client.pub()["data"] is None
    assert plain.api.error("publish", channel=name) == 107


def test_large_bodies(plain, channel):
    """There is no limit that a backend would meet."""
    name = channel("all")
    data = "x" * 3_000_000
    assert plain.api.publish(name, data)["offset"] == 1
    assert plain.api.call("history", channel=name, limit=1)["publications"][0]["data"] == data


def test_result_that_cannot_be_told_in_json(plain, channel):
    name = channel("all")
    plain.api.call("publish", channel=name, b64data="/w==")
    res = plain.api.post("history", {"channel": name, "limit": 1})
    assert res.status == 500 and res.body == b"Internal Server Error\n"


def raw(server, data):
    with open_socket(server.address) as sock:
        sock.sendall(data)
        return read_head(sock, bytearray())


HEAD = f"POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n".encode()


def test_chunked_body(plain):
    assert raw(plain, HEAD + b"Transfer-Encoding: chunked\r\n\r\n1\r\n{\r\n1\r\n}\r\n0\r\n\r\n")[0] == 200


def test_expect_continue(plain):
    with open_socket(plain.address) as sock:
        sock.sendall(HEAD + b"Content-Length: 2\r\nExpect: 100-continue\r\n\r\n")
        status, _, rest = read_head(sock, bytearray())
        if status == 100:
            sock.sendall(b"{}")
            status, _, _ = read_head(sock, bytearray(rest))
    assert status == 200


def test_body_in_pieces(plain):
    with open_socket(plain.address) as sock:
        request = HEAD + b"Content-Length: 20\r\n\r\n" + b"{}" + b" " * 18
        for i in range(0, len(request), 11):
            sock.sendall(request[i:i + 11])
        assert read_head(sock, bytearray())[0] == 200


def test_pipelined_requests(plain):
    with open_socket(plain.address) as sock:
        sock.sendall((HEAD + b"Content-Length: 2\r\n\r\n{}") * 5)
        sock.settimeout(5)
        data = b""
        while data.count(b"HTTP/1.1 200") < 5:
            part = sock.recv(65536)
            assert part, data
            data += part


def test_connection_close_is_honoured(plain):
    with open_socket(plain.address) as sock:
        sock.sendall(HEAD + b"Connection: close\r\nContent-Length: 2\r\n\r\n{}")
        data = b""
        while part := sock.recv(65536):
            data += part
    assert data.startswith(b"HTTP/1.1 200") and b'"nodes"' in data


def test_http_1_0(plain):
    status, _, _ = raw(plain, HEAD.replace(b"HTTP/1.1", b"HTTP/1.0") + b"Content-Length: 2\r\n\r\n{}")
    assert status == 200


def test_health(plain):
    for verb in ("GET", "POST", "HEAD"):
        res = plain.api.request(verb, "/health")
        assert res.status == 200 and res.headers["content-type"] == "application/json"
        assert res.body == (b"" if verb == "HEAD" else b"{}")


def test_health_is_off_by_default(start):
    server = start(main_config(health={"enabled": False}))
    assert server.api.request("GET", "/health").status == 404
