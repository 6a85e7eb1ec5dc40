# SPDX-License-Identifier: MIT
"""HTTP as proxies and clients speak it, and what RFC 9110 and 9112 ask of each answer."""

import email.utils
import re
import select
import time

import pytest

from conftest import rotor_only
from rig.api import KEY
from rig.config import main as main_config
from rig.ws import DEADLINE, Closed, open_socket, read_head

pytestmark = rotor_only

API = f"POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
HANDSHAKE = ("GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
             "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")


def read_all(sock, data=b""):
    try:
        while part := sock.recv(65536):
            data += part
    except ConnectionResetError:
        pass
    return bytes(data)


def answers(server, data):
    """All that the server sends until it closes, as (status, headers, body) each; bodies by
    their Content-Length."""
    with open_socket(server.address) as sock:
        sock.sendall(data if isinstance(data, bytes) else data.encode("latin-1"))
        rest, found = read_all(sock), []
    while rest:
        status, headers, rest = read_head(None, bytearray(rest))
        size = int(headers.get("content-length", 0))
        found.append((status, headers, rest[:size]))
        rest = rest[size:]
    return found


def answer(server, data):
    found = answers(server, data)
    assert len(found) == 1, found
    return found[0]


BODY = "Content-Length: 2\r\n\r\n{}"
CHUNKED = API + "Transfer-Encoding: chunked\r\n\r\n"
NOT_HTTP = {
    "bare-lf": API.replace("\r\n", "\n") + "\n",
    "bare-lf-in-a-field": API + "A: b\nC: d\r\n" + BODY,
    "bare-cr-in-a-field": API + "A: b\rC: d\r\n" + BODY,
    "lf-before-the-request": "\n" + API + BODY,
    "nul": API + "A: \0\r\n" + BODY,
    "obs-fold": API + "A: b\r\n c\r\n" + BODY,
    "blank-before-the-colon": API + "A : b\r\n" + BODY,
    "no-name": API + ": b\r\n" + BODY,
    "two-lengths": API + "Content-Length: 2\r\n" + BODY,
    "list-of-lengths": API + "Content-Length: 2, 2\r\n\r\n{}",
    "length-and-chunked": API + "Transfer-Encoding: chunked\r\n" + BODY,
    "chunked-twice": API + "Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n",
    "chunked-not-last": API + "Transfer-Encoding: chunked, x\r\n\r\n0\r\n\r\n",
    "chunked-in-1.0": CHUNKED.replace("1.1", "1.0") + "0\r\n\r\n",
    "no-host": "GET / HTTP/1.1\r\n\r\n",
    "authority-form": "GET x:80 HTTP/1.1\r\nHost: x\r\n\r\n",
    "connect": "CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n",
    "fragment": "GET /#a HTTP/1.1\r\nHost: x\r\n\r\n",
    "user-in-a-target": "GET http://a@x/ HTTP/1.1\r\nHost: x\r\n\r\n",
    "two-spaces": "GET  / HTTP/1.1\r\nHost: x\r\n\r\n",
    "asterisk-form": "GET * HTTP/1.1\r\nHost: x\r\n\r\n",
    **{f"host-{host}": f"GET /health HTTP/1.1\r\nHost: {host}\r\n\r\n" for host in
       ("a b", "a/b", "a@b", "a,b", "[::1", "a:b:c", "a:x", "::1", "%zz", "\xe4")},
    "two-hosts": "GET /health HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    **{f"chunk-{i}": CHUNKED + body for i, body in enumerate((
        "2\n{}\r\n0\r\n\r\n", "2;a\n{}\r\n0\r\n\r\n", "2;a\rb\r\n{}\r\n0\r\n\r\n", "2\rXX\r\n{}\r\n0\r\n\r\n",
        "2 x\r\n{}\r\n0\r\n\r\n", "2;\0\r\n{}\r\n0\r\n\r\n", "2\r\n{}\n0\r\n\r\n", "2\r\n{}\r\n0\n\r\n",
        "2\r\n{}\r\n0\r\n\n", "2\r\n{}\r\n0\r\nA\r\n\r\n", "2\r\n{}\r\n0\r\nA: b\rc\r\n\r\n", "2 \r\n{}\r\n0\r\n\r\n",
        "2 ;a\r\n{}\r\n0\r\n\r\n"))},
}


@pytest.mark.parametrize("data", NOT_HTTP.values(), ids=NOT_HTTP.keys())
def test_not_http(plain, data):
    """Refused, closed, and nothing behind it is served."""
    status, headers, body = answer(plain, data + "GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
    assert status == 400 and headers["connection"] == "close"
    assert headers["content-type"] == "text/plain; charset=utf-8" and body == b"400 Bad Request\n"
    assert headers["x-content-type-options"] == "nosniff"


@pytest.mark.parametrize("data", ["\x16\x03\x01\x02\x00", " GET /", "\rX", "\n"], ids=ascii)
def test_no_request_from_the_first_byte_on(plain, data):
    """Nobody waits for the end of it."""
    assert answer(plain, data)[0] == 400


def test_empty_lines_in_front(plain):
    assert answer(plain, "\r\n\r\n" + API + "Connection: close\r\n" + BODY)[0] == 200


def test_trailers_are_dropped(plain):
    found = answers(plain, CHUNKED + "2;a=\"b\"\r\n{}\r\n0\r\nContent-Length: 9\r\nHost: y\r\n"
                    "Transfer-Encoding: x\r\n\r\nGET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert [status for status, _, _ in found] == [200, 200]


@pytest.mark.parametrize("size", [7000, 12000, 30000, 66000, 120000])
def test_large_heads(plain, size):
    cookie = "Cookie: sso=" + "c" * size + "\r\n"
    assert answer(plain, API + cookie + "Connection: close\r\n" + BODY)[0] == 200
    with open_socket(plain.address) as sock:
        sock.sendall(HANDSHAKE.replace("Upgrade: ", cookie + "Upgrade: ", 1).encode())
        assert read_head(sock, bytearray())[0] == 101


def test_many_fields_and_a_long_target(plain):
    fields = "".join(f"X-Odd-{i}: {'v' * 200}\r\n" for i in range(300))
    assert answer(plain, API + fields + "Connection: close\r\n" + BODY)[0] == 200
    long = HANDSHAKE.replace("/websocket", "/websocket?pad=" + "q" * 64000)
    with open_socket(plain.address) as sock:
        sock.sendall(long.encode())
        assert read_head(sock, bytearray())[0] == 101


def test_heads_that_are_too_large(start):
    server = start(main_config(http_server={"max_header_size": 4096}))
    fits = "GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\nA: "
    assert answer(server, fits + "a" * (4092 - len(fits)) + "\r\n\r\n")[0] == 200
    status, headers, body = answer(server, fits + "a" * (4093 - len(fits)) + "\r\n\r\n")
    assert status == 431 and headers["connection"] == "close" and body


def test_a_head_byte_by_byte(plain):
    """The search for its end does not begin anew with each byte."""
    with open_socket(plain.address) as sock:
        before = time.monotonic()
        for byte in (API + "A: " + "a" * 3000 + "\r\n" + BODY).encode():
            sock.send(bytes([byte]))
        assert read_head(sock, bytearray())[0] == 200
        assert time.monotonic() - before < 8


def test_every_answer_has_the_date(plain):
    requests = [API + BODY, "GET /health HTTP/1.1\r\nHost: x\r\n\r\n", "GET /none HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET //a HTTP/1.1\r\nHost: x\r\n\r\n", "GET /connection/websocket HTTP/1.1\r\nHost: x\r\n\r\n",
                "GET /api/info HTTP/1.1\r\nHost: x\r\n\r\n", "POST /api/info HTTP/1.1\r\nHost: x\r\n\r\n", "what\r\n\r\n"]
    found = answers(plain, "".join(requests))
    assert [status for status, _, _ in found] == [200, 200, 404, 307, 400, 405, 401, 400]
    for _, headers, _ in found:
        told = email.utils.parsedate_to_datetime(headers["date"]).timestamp()
        assert re.fullmatch(r"\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT", headers["date"])
        assert abs(time.time() - told) < 30


CLOSING = " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"


@pytest.mark.parametrize("request_, status, field, value", [
    ("PUT /api/info" + CLOSING, 405, "allow", "POST"),
    ("TRACE /api/info" + CLOSING, 405, "allow", "POST"),
    ("POST /api/info" + CLOSING, 401, "www-authenticate", "apikey"),
    (HANDSHAKE.replace("GET", "POST").replace(": Upgrade", ": Upgrade, close"), 405, "allow", "GET"),
], ids=["405", "405-trace", "401", "405-upgrade"])
def test_fields_that_a_status_asks_for(plain, request_, status, field, value):
    got, headers, _ = answer(plain, request_)
    assert (got, headers[field]) == (status, value)


def test_options_of_the_server(plain):
    status, headers, body = answer(plain, "OPTIONS * HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
    assert (status, headers["content-length"], body) == (200, "0", b"")


@pytest.mark.parametrize("path, status", [("/health", 200), ("/none", 404), ("//a", 307)])
def test_head_is_get_without_the_body(plain, path, status):
    line = f" {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n"
    with open_socket(plain.address) as sock:
        sock.sendall(("HEAD" + line).encode())
        got, head, rest = read_head(sock, bytearray())
        assert got == status and read_all(sock, rest) == b""
    got, get, body = answer(plain, "GET" + line)
    assert got == status and int(get["content-length"]) == len(body)
    assert {k: v for k, v in head.items() if k != "date"} == {k: v for k, v in get.items() if k != "date"}


def test_a_refusal_does_not_ask_for_the_body(plain):
    """RFC 9110 10.1.1: the final status at once, when it is known; else 100."""
    refused = API.replace(KEY, "wrong") + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    status, headers, _ = answer(plain, refused)
    assert status == 401 and headers["connection"] == "close"
    assert answer(plain, API + "Expect: a-miracle\r\n" + BODY)[0] == 417


def test_upgrade_over_http_1_0(plain):
    """nginx without proxy_http_version 1.1, its headers set as its manual says."""
    with open_socket(plain.address) as sock:
        sock.sendall(HANDSHAKE.replace("1.1", "1.0").encode())
        assert read_head(sock, bytearray())[0] == 101


@pytest.mark.parametrize("lost", ["Upgrade: websocket\r\n", "Connection: Upgrade\r\n"])
def test_a_proxy_that_passes_no_upgrade_on(start, lost):
    """The answer and the log say what to set."""
    server = start()
    status, headers, body = answer(server, HANDSHAKE.replace(lost, "").replace("Host", "Connection: close\r\nHost"))
    assert status == 400 and headers["sec-websocket-version"] == "13"
    assert b"proxy_http_version 1.1" in body and lost.split(":")[0].encode() in body

    def lines():
        return [line for line in server.log_lines() if line["message"] == "websocket handshake refused"]
    server.wait(lines, "the log line")
    line, = lines()
    assert line["level"] == "info" and "proxy_http_version 1.1" in line["why"] and line["address"]


def test_idle_timeout(start):
    server = start(main_config(http_server={"idle_timeout": "300ms"}))
    with open_socket(server.address) as sock:
        sock.sendall((API + BODY).encode())
        status, headers, rest = read_head(sock, bytearray())
        assert status == 200
        while len(rest) < int(headers["content-length"]):
            rest += sock.recv(65536)
        assert sock.recv(1) == b""


def test_kept_between_requests(plain):
    with open_socket(plain.address) as sock:
        for _ in range(3):
            sock.sendall((API + BODY).encode())
            status, headers, rest = read_head(sock, bytearray())
            assert status == 200 and "connection" not in headers
            while len(rest) < int(headers["content-length"]):
                rest += sock.recv(65536)


def test_many_requests_at_once_take_turns(start):
    """All answered, while others on the same worker are served."""
    server = start(main_config(), env={"ROTOR_WORKERS": "1"})
    n = 20000
    data = memoryview(b"GET /none HTTP/1.1\r\nHost: x\r\n\r\n" * n + b"GET /health" + CLOSING.encode())
    found, ended, served_at = bytearray(), False, None
    with open_socket(server.address) as many, open_socket(server.address) as other:
        data = data[many.send(data):]
        other.sendall((API + BODY).encode())
        while not ended:
            readable, writable, _ = select.select([many, other], [many] if data else [], [], DEADLINE)
            if other in readable and served_at is None:
                assert read_head(other, bytearray())[0] == 200
                served_at = len(found)
            if many in writable:
                data = data[many.send(data[:65536]):]
            if many in readable:
                part = many.recv(65536)
                found += part
                ended = not part
    assert found.count(b"HTTP/1.1 404") == n and served_at < len(found) / 2


def gauges(server):
    items = server.api.call("info")["nodes"][0].get("metrics", {"items": {}})["items"]
    return {name: items.get(f"centrifugo.http.{name}") for name in ("connections", "held_bytes")}


def test_what_connections_hold_is_measured(start):
    server = start(main_config(node={"info_metrics_aggregate_interval": "100ms"}))
    server.wait(lambda: gauges(server) == {"connections": 1, "held_bytes": 0}, "quiet")
    socks = [open_socket(server.address) for _ in range(10)]
    try:
        for sock in socks[:5]:
            sock.sendall(("GET / HTTP/1.1\r\nA: " + "a" * 50000).encode())
        for sock in socks[5:]:
            sock.sendall((API + "Content-Length: 70000\r\n\r\n" + "b" * 60000).encode())

        def counted():
            now = gauges(server)
            return now["connections"] == 11 and 550000 <= now["held_bytes"] < 1500000
        server.wait(counted, "the held bytes")
    finally:
        for sock in socks:
            sock.close()
    server.wait(lambda: gauges(server) == {"connections": 1, "held_bytes": 0}, "the end")


def test_closed_by_the_peer_in_the_middle(plain):
    for cut in range(1, len(API), 7):
        with open_socket(plain.address) as sock:
            sock.sendall(API[:cut].encode())
            sock.shutdown(1)
            with pytest.raises(Closed):
                read_head(sock, bytearray())
