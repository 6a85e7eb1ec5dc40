# SPDX-License-Identifier: MIT
"""The WebSocket endpoint: upgrade, origins, subprotocols, close, compression."""

import base64
import hashlib
import json

import pytest
from conftest import rotor_only

from rig import tokens
from rig.api import Api
from rig.client import PROTOBUF
from rig.config import main as main_config
from rig.ws import Closed, Refused, WebSocket, open_socket, read_head

PATH = "/connection/websocket"


def test_accept_key(plain):
    with open_socket(plain.address) as sock:
        sock.sendall(f"GET {PATH} HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, upgrade\r\n"
                     "Upgrade: WebSocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                     "Sec-WebSocket-Version: 13\r\n\r\n".encode())
        status, headers, _ = read_head(sock, bytearray())
    assert status == 101
    guid = b"dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11"
    assert headers["sec-websocket-accept"] == base64.b64encode(hashlib.sha1(guid).digest()).decode()
    assert headers["upgrade"].lower() == "websocket"


@pytest.mark.parametrize("offered, chosen", [
    ([], None), (["centrifuge-json"], "centrifuge-json"), (["other"], None),
    (["centrifuge-protobuf"], "centrifuge-protobuf"),
    (["other", "centrifuge-json"], "centrifuge-json"),
], ids=str)
def test_subprotocols(plain, offered, chosen):
    socket = plain.keep(WebSocket(plain.address, subprotocols=offered))
    assert socket.headers.get("sec-websocket-protocol") == chosen


@pytest.mark.parametrize("origin, good", [
    ("http://good.example", True), ("HTTP://GOOD.example", True), ("https://a.good.example", True),
    ("https://a.b.good.example", True), ("http://bad.example", False), ("null", False),
    ("http://good.example.bad", False), ("https://good.example", False),
    ("http://good.example:8080", False),
])
def test_origins(plain, origin, good):
    if good:
        plain.open(headers={"Origin": origin}).connect()
        return
    with pytest.raises(Refused) as refused:
        WebSocket(plain.address, headers={"Origin": origin})
    assert refused.value.status == 403 and refused.value.body == b"Forbidden\n"


def test_no_origins_allowed_by_default(start):
    config = main_config()
    del config["client"]["allowed_origins"]
    server = start(config)
    server.client()
    with pytest.raises(Refused) as refused:
        WebSocket(server.address, headers={"Origin": "http://good.example"})
    assert refused.value.status == 403


def test_any_origin(start):
    server = start(main_config(client={"allowed_origins": ["*"]}))
    server.open(headers={"Origin": "null"}).connect()


def test_plain_get(plain):
    res = plain.api.request("GET", PATH)
    assert res.status == 400 and res.body == b"Bad Request\n"
    assert res.headers["sec-websocket-version"] == "13"


CORS = ("access-control-allow-credentials", "access-control-allow-origin",
        "access-control-allow-headers")


@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("sent, told", [
    ({}, ["true", "", None]),
    ({"Origin": "http://good.example"}, ["true", "http://good.example", None]),
    ({"Origin": "HTTP://good.example"}, ["true", "HTTP://good.example", None]),
    ({"Origin": "http://good.example", "Access-Control-Request-Headers": "X-A, b"},
     ["true", "http://good.example", "X-A, b"]),
    ({"Origin": "http://bad.example", "Access-Control-Request-Headers": "X-A"}, [None] * 3),
], ids=lambda v: ",".join(v) if isinstance(v, dict) else "")
def test_cors_without_an_upgrade(plain, method, sent, told):
    res = plain.api.request(method, PATH, headers=sent)
    assert res.status == 400 and res.body == b"Bad Request\n"
    assert [res.headers.get(name) for name in CORS] == told
    assert res.headers["x-content-type-options"] == "nosniff"
    assert res.headers["sec-websocket-version"] == "13"


def test_refused_origin(plain):
    with pytest.raises(Refused) as refused:
        WebSocket(plain.address, headers={"Origin": "http://bad.example"})
    headers = refused.value.headers
    assert not any(name in headers for name in CORS)
    assert headers["sec-websocket-version"] == "13"
    assert headers["x-content-type-options"] == "nosniff"


def test_limits_come_before_everything_else(start):
    """Neither an origin nor the lack of an upgrade is looked at when there are too many."""
    server = start(main_config(client={"connection_limit": 1}))
    server.client()
    for headers in ({}, {"Origin": "http://bad.example"}):
        with pytest.raises(Refused) as refused:
            WebSocket(server.address, headers=headers)
        assert refused.value.status == 503 and refused.value.body == b""
        assert not any(name in refused.value.headers for name in CORS)
        res = server.api.request("GET", PATH, headers=headers)
        assert res.status == 503 and res.body == b""


def test_plain_requests_take_from_the_rate(start):
    server = start(main_config(client={"connection_rate_limit": 2}))
    statuses = [server.api.request("GET", PATH).status for _ in range(6)]
    assert statuses[:2] == [400, 400] and 503 in statuses


@pytest.mark.parametrize("path, meant", [
    ("//connection/websocket", "/connection/websocket"),
    ("/connection//websocket", "/connection/websocket"),
    ("/connection/./websocket", "/connection/websocket"),
    ("/x/../connection/websocket", "/connection/websocket"),
    ("/../../connection/websocket", "/connection/websocket"),
    ("//nosuch", "/nosuch"), ("/a/..", "/"), ("/a/.", "/a"), ("/a/b//", "/a/b/"), ("//", "/"),
    ("//a?b=//c", "/a?b=//c"),
])
def test_unclean_paths_are_redirected(plain, path, meant):
    res = plain.api.request("GET", path)
    assert res.status == 307 and res.headers["location"] == meant
    assert res.headers["content-type"] == "text/html; charset=utf-8"
    assert res.body == f'<a href="{meant}">Temporary Redirect</a>.\n\n'.encode()
    res = plain.api.request("POST", path, b"{}")
    assert res.status == 307 and res.headers["location"] == meant
    assert res.body == b"" and "content-type" not in res.headers


@rotor_only
@pytest.mark.parametrize("path, meant", [
    ("//\\evil.example/", "/%5Cevil.example/"), ("//evil.example", "/evil.example"),
    ("//a'\"<>&", "/a'%22%3C%3E&"), ("//%C3%A9", "/%C3%A9"), ("//%2f%2fx", "/%2f%2fx"),
])
def test_redirects_stay_here(plain, path, meant):
    with open_socket(plain.address) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
        status, headers, rest = read_head(sock, bytearray())
        while data := sock.recv(65536):
            rest += data
    assert status == 307 and headers["location"] == meant
    marked = meant.replace("&", "&amp;").replace("'", "&#39;")
    assert rest == f'<a href="{marked}">Temporary Redirect</a>.\n\n'.encode()


def test_encoded_paths(plain):
    """An encoded letter is that letter; an encoded slash parts nothing."""
    plain.open(path="/connection/%77ebsocket").connect()
    with pytest.raises(Refused) as refused:
        WebSocket(plain.address, "/connection%2Fwebsocket")
    assert refused.value.status == 404


def test_not_found_is_no_other_type(plain):
    res = plain.api.request("GET", "/nosuch")
    assert res.status == 404 and res.body == b"404 page not found\n"
    assert res.headers["x-content-type-options"] == "nosniff"


def test_paths(plain):
    for path in (PATH + "/", "/connection", "/connection/websocket2", "/Connection/websocket"):
        with pytest.raises(Refused) as refused:
            WebSocket(plain.address, path)
        assert refused.value.status == 404


def test_configured_path(start):
    server = start(main_config(websocket={"handler_prefix": "/ws/"}))
    server.open(path="/ws").connect()
    with pytest.raises(Refused):
        WebSocket(server.address, PATH)


def test_disabled(start):
    server = start(main_config(websocket={"disabled": True}))
    with pytest.raises(Refused) as refused:
        WebSocket(server.address)
    assert refused.value.status == 404


@pytest.mark.parametrize("code", [1000, 1001, 3000, 4999])
def test_close_is_echoed(plain, code):
    client = plain.client()
    client.ws.send_close(code, "bye")
    assert client.ended() == (code, "")
    client.ws.wait_dropped()


def test_close_without_code(plain):
    client = plain.client()
    client.ws.close_sent = True
    client.ws.send(b"", 8)
    assert client.ended()[0] in (1000, 1005)


def test_server_drops_after_its_close_is_answered(plain):
    client = plain.client()
    client.ws.send("garbage")
    assert client.ended()[0] == 3501
    client.ws.wait_dropped(3)


def test_server_drops_a_peer_that_never_answers_its_close(plain):
    client = plain.client()
    client.ws.close_sent = True         # so that no Close is sent back
    client.ws.send("garbage")
    client.ws.wait_dropped(8)


def test_message_size_limit_is_configured(start):
    server = start(main_config(websocket={"message_size_limit": 1000}))
    client = server.client()
    client.ws.send('{"id":5,"rpc":{"method":"ping","data":"%s"}}' % ("x" * 900))
    assert client.reply(5) == {"rpc": {}}
    client.ws.send("x" * 1001)
    assert client.ended() == (1009, "")


def test_no_compression_by_default(plain):
    client = plain.open(deflate=True)
    assert "sec-websocket-extensions" not in client.ws.headers
    client.connect()


@pytest.mark.parametrize("encoding", ["json", PROTOBUF])
def test_compression(start, channel, encoding):
    server = start(main_config(websocket={"compression": True}))
    client, name = server.open(encoding, deflate=True), channel("plain")
    assert client.ws.deflate
    client.connect()
    client.subscribe(name)
    data = "abc" * 10000
    client.ws.send(client.pack([{"id": 50, "publish": {"channel": name, "data": data}}]),
                   compress=True)
    assert client.pub()["data"] == data
    assert client.reply(50) == {"publish": {}}
    without = server.client(encoding=encoding)
    without.subscribe(name)
    without.publish(name, "x")
    assert without.pub()["data"] == client.pub()["data"] == "x"


def test_compressed_bomb(start):
    """Inflated, a message may be ten times the limit."""
    server = start(main_config(websocket={"compression": True}))
    client = server.open(deflate=True)
    client.connect()
    client.ws.send('{"id":5,"rpc":{"method":"ping","data":"%s"}}' % ("x" * 600000), compress=True)
    assert client.reply(5) == {"rpc": {}}
    client.ws.send("x" * 50_000_000, compress=True)
    assert client.ended()[0] in (1009, None)
    server.client().fence()


RPC = '{"id":5,"rpc":{"method":"ping","data":"%s"}}'


def rpc_of(size):
    return RPC % ("x" * (size - len(RPC) + 2))


@pytest.mark.parametrize("compress", [False, True])
def test_size_limits_to_the_byte(start, compress):
    """Of the message as received, and once it is inflated."""
    server = start(main_config(websocket={
        "compression": True, "message_size_limit": 1000, "decompressed_message_size_limit": 5000}))
    limit = 5000 if compress else 1000
    for over in (0, 1):
        client = server.open(deflate=compress)
        client.connect()
        client.ws.send(rpc_of(limit + over), compress=compress)
        if over:
            assert client.ended()[0] == 1009
        else:
            assert client.reply(5) == {"rpc": {}}


def test_fragments_count_together(start):
    server = start(main_config(websocket={"message_size_limit": 1000}))
    client = server.client()
    text = rpc_of(1000)
    client.ws.send(text[:600], fin=False)
    client.ws.send(text[600:], 0)
    assert client.reply(5) == {"rpc": {}}
    client.ws.send(text[:600], fin=False)
    client.ws.send(text[600:] + " ", 0)
    assert client.ended() == (1009, "")


def test_compressed_garbage(start):
    server = start(main_config(websocket={"compression": True}))
    client = server.open(deflate=True)
    client.connect()
    client.ws.send(b"\xff\xfe\xfd" * 50, 1, rsv=4)
    code, _ = client.ended()
    assert code is None or code >= 1000
    server.client().fence()


def test_many_requests_on_one_http_connection(plain):
    api = plain.keep(Api(plain.address))
    for _ in range(20):
        assert api.request("GET", "/nosuch").status == 404
        assert api.call("info")["nodes"]


def test_not_found(plain):
    res = plain.api.request("GET", "/nosuch")
    assert res.status == 404 and res.body == b"404 page not found\n"
    assert res.headers["content-type"] == "text/plain; charset=utf-8"


def test_user_agent_of_a_browser(plain):
    """Long but ordinary headers."""
    headers = {"User-Agent": "Mozilla/5.0 " + "x" * 300, "Cookie": "a=" + "b" * 3000,
               "Accept-Language": "de,en;q=0.5", "Origin": "http://good.example"}
    plain.open(headers=headers).connect(token=tokens.conn("u1"))


def test_text_and_binary_frames(plain):
    client = plain.client()
    client.ws.send(json.dumps({"id": 9, "rpc": {"method": "ping"}}).encode(), 2)
    opcode, _ = client.ws.recv()
    assert opcode == 1


def test_messages_after_close_are_ignored(plain, channel):
    name = channel("plain")
    watcher, client = plain.client(), plain.client()
    watcher.subscribe(name)
    client.ws.send_close(1000)
    try:
        client.ws.send('{"id":9,"publish":{"channel":"%s","data":1}}' % name)
        client.ended()
    except (ConnectionError, Closed):
        pass
    plain.api.publish(name, "marker")
    assert watcher.pub()["data"] == "marker"
