# SPDX-License-Identifier: MIT
"""What hostile clients do, a function a trick: each opens what it needs, does its worst,
and goes, within some two seconds.  None of them cares about what it is told."""

import base64
import json
import random
import socket
import struct
import time
import zlib

from .ws import BINARY, CLOSE, CONTINUATION, PING, PONG, TEXT

TRICKS = []


def trick(function):
    TRICKS.append(function)
    return function


class Foe:
    """One hostile client: where the server is, and what it knows of it."""

    def __init__(self, address, api_key, unknown_kid_token):
        self.address, self.api_key, self.token = address, api_key, unknown_kid_token
        self.random = random.Random()

    def dial(self, timeout=1.0):
        sock = socket.create_connection(self.address, timeout)
        sock.settimeout(timeout)
        return sock

    def upgrade(self, extensions="", subprotocol=""):
        sock = self.dial()
        lines = ["GET /connection/websocket HTTP/1.1", "Host: x", "Upgrade: websocket", "Connection: Upgrade",
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "Sec-WebSocket-Version: 13"]
        if extensions:
            lines.append("Sec-WebSocket-Extensions: " + extensions)
        if subprotocol:
            lines.append("Sec-WebSocket-Protocol: " + subprotocol)
        sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        sock.recv(4096)
        return sock

    def connected(self, **kw):
        sock = self.upgrade(**kw)
        sock.sendall(text({"id": 1, "connect": {}}))
        sock.recv(4096)
        return sock

    def post(self, path, body, headers=()):
        sock = self.dial()
        head = [f"POST {path} HTTP/1.1", "Host: x", f"X-API-Key: {self.api_key}", f"Content-Length: {len(body)}",
                *headers]
        sock.sendall("\r\n".join(head).encode() + b"\r\n\r\n" + body)
        return sock


def frame(opcode, payload, fin=True, rsv=0):
    """Masked with zeros, which leaves the payload as it is."""
    first = (0x80 if fin else 0) | rsv << 4 | opcode
    n = len(payload)
    if n < 126:
        head = struct.pack(">BB", first, 0x80 | n)
    elif n < 65536:
        head = struct.pack(">BBH", first, 0x80 | 126, n)
    else:
        head = struct.pack(">BBQ", first, 0x80 | 127, n)
    return head + b"\0\0\0\0" + payload


def text(*commands):
    return frame(TEXT, "\n".join(json.dumps(c, separators=(",", ":")) for c in commands).encode())


def packed(payload):
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    return frame(TEXT, (packer.compress(payload) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4], rsv=4)


def listen(sock, secs=1.0):
    """Takes what comes, until the end or for so long."""
    end = time.monotonic() + secs
    try:
        while time.monotonic() < end:
            sock.settimeout(max(0.01, end - time.monotonic()))
            if not sock.recv(1 << 16):
                break
    except OSError:
        pass
    sock.close()


DEFLATE = "permessage-deflate; client_max_window_bits"


# Keys, lists, tokens

@trick
def nul_in_a_key(foe):
    sock = foe.upgrade(extensions=DEFLATE)
    sock.sendall(packed(b'{"id\\u0000' + b"a" * 600_000 + b'":1}'))
    listen(sock)


@trick
def nul_in_a_key_of_the_api(foe):
    listen(foe.post("/api/publish", b'{"channel\\u0000' + b"a" * 2_000_000 + b'":1}'))


@trick
def many_server_side_channels(foe):
    sock = foe.upgrade()
    sock.sendall(text({"id": 1, "connect": {"subs": {f"c{i}": {} for i in range(4000)}}}))
    listen(sock)


@trick
def many_more_of_them_compressed(foe):
    sock = foe.upgrade(extensions=DEFLATE)
    subs = ",".join(f'"c{i}":{{}}' for i in range(30_000))
    sock.sendall(packed(b'{"id":1,"connect":{"subs":{' + subs.encode() + b"}}}"))
    listen(sock)


@trick
def empty_frames_behind_a_token_that_waits(foe):
    sock = foe.upgrade()
    sock.sendall(text({"id": 1, "connect": {"token": foe.token}}) + frame(TEXT, b"") * 50_000)
    listen(sock)


@trick
def unknown_kids(foe):
    head, claims, mac = foe.token.split(".")
    for i in range(20):
        sock = foe.upgrade()
        kid = json.dumps({"alg": "RS256", "kid": f"k{foe.random.random()}"}).encode()
        token = ".".join((base64.urlsafe_b64encode(kid).rstrip(b"=").decode(), claims, mac))
        sock.sendall(text({"id": 1, "connect": {"token": token}}))
        sock.close()


@trick
def bad_tokens(foe):
    for i in range(50):
        sock = foe.upgrade()
        sock.sendall(text({"id": 1, "connect": {"token": "eyJhbGciOiJIUzI1NiJ9.e30." + "a" * 43}}))
        sock.close()


# Frames of many commands, and commands of much work

@trick
def names_for_a_regex(foe):
    sock = foe.connected()
    sock.sendall(text(*({"id": i + 2, "subscribe": {"channel": "slug:" + "ab" * 40 + f"{i}!"}}
                        for i in range(495))))
    listen(sock)


@trick
def frames_of_history(foe):
    sock = foe.connected()
    sock.sendall(text({"id": 2, "subscribe": {"channel": "open:deep"}}))
    one = text(*({"id": i + 3, "history": {"channel": "open:deep", "limit": 300}} for i in range(900)))
    sock.sendall(one)
    listen(sock)


@trick
def presence_of_many(foe):
    sock = foe.connected()
    sock.sendall(text({"id": 2, "subscribe": {"channel": "open:crowd"}},
                      *({"id": i + 3, "presence": {"channel": "open:crowd"}} for i in range(200))))
    listen(sock)


@trick
def come_and_go(foe):
    sock = foe.connected()
    pair = [{"id": 2, "subscribe": {"channel": "open:here"}}, {"id": 3, "unsubscribe": {"channel": "open:here"}}]
    for _ in range(20):
        sock.sendall(text(*pair * 400))
    listen(sock)


@trick
def invented_channels(foe):
    sock = foe.connected()
    for _ in range(10):
        names = [f"open:{foe.random.getrandbits(64):x}" for _ in range(300)]
        sock.sendall(text(*({"id": 2, "history": {"channel": name, "limit": 1}} for name in names)))
        sock.sendall(text(*({"id": 2, "publish": {"channel": name, "data": 1}} for name in names)))
    listen(sock)


@trick
def depth(foe):
    sock = foe.connected()
    sock.sendall(frame(TEXT, b'{"id":2,"publish":{"channel":"open:x","data":' + b"[" * 30_000 + b"]" * 30_000 + b"}}"))
    listen(sock)


@trick
def protobuf_rubbish(foe):
    for _ in range(10):
        sock = foe.upgrade(subprotocol="centrifuge-protobuf")
        sock.sendall(frame(BINARY, foe.random.randbytes(2000)))
        listen(sock, 0.1)


# The API, by somebody with a key

@trick
def a_large_payload(foe):
    listen(foe.post("/api/publish", b'{"channel":"nobody","data":"' + b"x" * 10_000_000 + b'"}'))


@trick
def many_tags(foe):
    tags = ",".join(f'"t{i}":"v"' for i in range(300_000)).encode()
    listen(foe.post("/api/publish", b'{"channel":"nobody","data":1,"tags":{' + tags + b"}}"))


@trick
def a_broadcast_to_many(foe):
    names = ",".join(f'"n{i}"' for i in range(300_000)).encode()
    listen(foe.post("/api/broadcast", b'{"channels":[' + names + b'],"data":1}'), 2)


@trick
def a_batch_of_many(foe):
    one = b'{"publish":{"channel":"nobody","data":1}}'
    listen(foe.post("/api/batch", b'{"commands":[' + b",".join([one] * 50_000) + b"]}"), 2)


@trick
def presence_by_the_api(foe):
    for _ in range(5):
        listen(foe.post("/api/presence", b'{"channel":"open:crowd"}'), 0.3)


# HTTP

CHUNKS = [b"2\n{}\r\n0\r\n\r\n", b"2;a\n{}\r\n0\r\n\r\n", b"2\rXX\r\n{}\r\n0\r\n\r\n", b"2 x\r\n{}\r\n0\r\n\r\n",
          b"2;\0\r\n{}\r\n0\r\n\r\n", b"2\r\n{}\n0\r\n\r\n", b"2\r\n{}\r\n0\n\n", b"2\r\n{}\r\n0\r\nx\r\n\r\n",
          b"ffffffffffffffff\r\n", b"1\r\n{\r\n" * 20_000]


@trick
def chunks(foe):
    for body in CHUNKS:
        sock = foe.dial()
        sock.sendall(b"POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: k\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     body + b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
        listen(sock, 0.1)


@trick
def heads(foe):
    for junk in (b"A: b\r\n" * 20_000, b"A: " + b"b" * 200_000, b"\0" * 70_000, b"GET / HTTP/1.1\r\n" * 5000):
        sock = foe.dial()
        try:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n" + junk)
        except OSError:
            pass
        listen(sock, 0.1)


@trick
def pipelined(foe):
    sock = foe.dial()
    sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n" * 2000)
    listen(sock)


@trick
def a_byte_at_a_time(foe):
    socks = [foe.dial() for _ in range(100)]
    for byte in b"POST /api/publish HTTP/1.1\r\nHost: x\r\n":
        for sock in socks:
            sock.send(bytes([byte]))
    for sock in socks:
        sock.close()


@trick
def rubbish_with_resets(foe):
    for _ in range(100):
        sock = foe.dial()
        sock.send(foe.random.randbytes(300))
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        sock.close()


# WebSocket

@trick
def windows(foe):
    """Each wants its own compressed form of what is published."""
    socks = [foe.connected(extensions=f"permessage-deflate; server_max_window_bits={bits}")
             for bits in range(9, 16)]
    for sock in socks:
        sock.sendall(text({"id": 2, "subscribe": {"channel": "open:large"}}))
    for _ in range(20):
        listen(foe.post("/api/publish", b'{"channel":"open:large","data":"' + foe.random.randbytes(8000).hex().encode() +
                        b'"}'), 0.05)
    for sock in socks:
        listen(sock, 0.1)


@trick
def deflate_bombs(foe):
    sock = foe.upgrade(extensions=DEFLATE)
    sock.sendall(packed(b"{" + b" " * 30_000_000))
    listen(sock)


@trick
def pings_never_read(foe):
    sock = foe.connected()
    try:
        for _ in range(20):
            sock.sendall(frame(PING, b"p" * 100) * 5000)
    except OSError:
        pass
    sock.close()


@trick
def fragments_and_pongs(foe):
    sock = foe.upgrade()
    try:
        sock.sendall(frame(TEXT, b"{", fin=False) + frame(CONTINUATION, b"", fin=False) * 100_000 +
                     frame(PONG, b"") * 50_000)
    except OSError:
        pass
    listen(sock, 0.3)


@trick
def a_close_of_no_text(foe):
    sock = foe.connected()
    sock.sendall(frame(CLOSE, struct.pack(">H", 1000) + b"\xff\xfe"))
    listen(sock)


@trick
def a_reader_that_stops(foe):
    sock = foe.connected()
    sock.sendall(text({"id": 2, "subscribe": {"channel": "open:large"}}))
    body = b'{"channel":"open:large","data":"' + b"y" * 60_000 + b'"}'
    for _ in range(30):
        listen(foe.post("/api/publish", body), 0.02)
    sock.close()


@trick
def input_before_connect(foe):
    socks = [foe.upgrade() for _ in range(100)]
    for sock in socks:
        sock.send(frame(TEXT, b"x" * 60_000)[:-1])
    time.sleep(0.5)
    for sock in socks:
        sock.close()


@trick
def all_close_at_once(foe):
    socks = [foe.connected() for _ in range(200)]
    for sock in socks:
        sock.close()
