# SPDX-License-Identifier: MIT
"""Hostile input: each kind ends its own connection, and nobody else notices."""

import random

import pytest

from conftest import rotor_only
from rig import pb
from rig.client import JSON, PROTOBUF
from rig.ws import BINARY, CLOSE, DEADLINE, TEXT, Closed, WebSocket, open_socket

BAD_REQUEST = (3501, "bad request")


@pytest.fixture
def neighbour(plain, channel):
    """Somebody who must not notice; checked when the test is over."""
    name = channel("rec")
    client = plain.client()
    client.subscribe(name)
    yield client
    for i in range(3):
        plain.api.publish(name, i)
    assert [client.pub()["data"] for _ in range(3)] == [0, 1, 2]


JSON_FRAMES = [
    "", "\n", "garbage", "{", "}", "{}{", "[]", "[{}]", "1", "null", '"x"', "true", "{zz}", "\x00",
    '{"id":2', '{"id":2,"rpc":{"method":"ping"}', "{'id':2}", '{"id":2,}', '{"id":02,"rpc":{}}',
    '{"id":"2","rpc":{}}', '{"id":2.0,"rpc":{}}', '{"id":-2,"rpc":{}}', '{"id":4294967296,"rpc":{}}',
    '{"id":1e3,"rpc":{}}', '{"id":[2],"rpc":{}}', '{"id":2,"rpc":1}', '{"id":2,"rpc":[]}',
    '{"id":2,"rpc":"x"}', '{"id":2,"rpc":{"method":1}}', '{"id":2,"rpc":{"method":"ping","data":{]}}',
    '{"id":2,"rpc":{"method":"ping","data":}}', '{"id":2,"rpc":{"method":"ping","data":01}}',
    '{"id":2,"rpc":{"method":"\x01"}}', '{"id":2,"rpc":{"method":"\\x"}}',
    '{"id":2,"rpc":{"method":"\\u12"}}', '{"id":2,"rpc":{"method":"ping}}',
    '{"id":2,"subscribe":{"channel":"x","offset":-1}}', '{"id":2,"subscribe":{"channel":"x","recover":1}}',
    '{"id":2,"subscribe":{"channel":"x","offset":18446744073709551616}}',
    '{"id":2,"history":{"channel":"x","limit":2147483648}}', '{"id":2,"history":{"since":[]}}',
    '{"id":2}', '{"id":2,"nosuch":{}}', '{"rpc":{}}', '{"id":2,"rpc":null}',
    "{}", " ", "{}\n{}", '{"id":2,"rpc":{"method":"ping"}}\n\n{"id":3,"rpc":{"method":"ping"}}',
    '{"id":2,"rpc":{"method":"ping"}}\n\n', '{"id":2,"publish":{"channel":"x","data":' + "[" * 20000,
    "\ufeff{}",
]


@pytest.mark.parametrize("frame", JSON_FRAMES, ids=lambda f: ascii(f)[:50])
def test_json(plain, neighbour, frame):
    client = plain.client()
    client.ws.send(frame)
    assert client.ended() == BAD_REQUEST


@pytest.mark.parametrize("frame", JSON_FRAMES, ids=lambda f: ascii(f)[:50])
def test_json_before_connect(plain, neighbour, frame):
    client = plain.open()
    client.ws.send(frame)
    assert client.ended() == BAD_REQUEST


def refused_or_unknown(client):
    """Either the frame is malformed, or its method does not exist."""
    try:
        assert client.reply(2)["error"]["code"] == 104
    except Closed as end:
        assert end.code in (1007, 3501)


def test_invalid_utf8_in_json(plain, neighbour):
    client = plain.client()
    client.ws.send(b'{"id":2,"rpc":{"method":"\xff\xfe"}}', TEXT)
    refused_or_unknown(client)


def test_deep_nesting(plain, neighbour):
    client = plain.client()
    client.ws.send('{"id":2,"rpc":{"data":' + '{"a":' * 9000 + "1" + "}" * 9000 + "}}")
    refused_or_unknown(client)


GOOD_JSON = [
    '{"id":2,"rpc":{"method":"ping"}}\n', ' {"id":2,"rpc":{"method":"ping"}} ',
    '{"id":2,"rpc":{"method":"ping"}}\r\n', '{"ID":2,"Rpc":{"METHOD":"ping"}}',
    '{"id":2,"rpc":{"method":"ping"},"unknown":{"a":[1,{}]}}', '{"id":1,"rpc":{"method":"ping"},"id":2}',
    '{"id":2,"rpc":{"method":"ping","data":null}}', '{"id":2,"rpc":{"method":"p\\u0069ng"}}',
    '{"rpc":{"method":"ping"},"id":2}', '{"id":2,"rpc":{"method":"ping"},"publish":null}',
    '\t{"id"\t:\t2 , "rpc" : { "method" : "ping" } }', '{"id":2,"rpc":{"method":"ping","data":[1,"]"]}}',
]


@pytest.mark.parametrize("opcode", [TEXT, BINARY], ids=["text", "binary"])
@pytest.mark.parametrize("frame", GOOD_JSON, ids=lambda f: ascii(f)[:50])
def test_unusual_but_good_json(plain, frame, opcode):
    client = plain.client()
    client.ws.send(frame, opcode)
    assert client.reply(2) == {"rpc": {}}
    client.fence()


PROTOBUF_FRAMES = [
    b"", b"\x01", b"\x05abc", b"\xff" * 11, b"\x80", b"\x02\xff\xff", b"\x02\x08\x80",
    b"\x03\x6a\x05x", b"\x02\x0a\x00", b"\x04\x08\x02\x6a\x7f", b"garbage", b"{}", b"\x00\x00",
    b"\x08\x08\x02\x6a\x04\x12\x05abc",
    pb.join([pb.varint(1 << 3 | 3)]), pb.join([b"\x08\x02\x07"]), pb.join([b"\x08\x02"]),
    b'{"id":2,"rpc":{"method":"ping"}}',
]


@pytest.mark.parametrize("frame", PROTOBUF_FRAMES, ids=lambda f: f.hex()[:40])
def test_protobuf(plain, neighbour, frame):
    client = plain.client(encoding=PROTOBUF)
    client.ws.send(frame)
    assert client.ended() == BAD_REQUEST


@rotor_only
def test_announced_length_is_not_allocated(plain, neighbour):
    client = plain.client(encoding=PROTOBUF)
    client.ws.send(b"\xff\xff\xff\xff\x0f" + b"x" * 10)
    assert client.ended() == BAD_REQUEST


def test_invalid_utf8_in_protobuf(plain, neighbour):
    client = plain.client(encoding=PROTOBUF)
    client.ws.send(pb.join([bytes.fromhex("0802" "6a04" "1202" "fffe")]))
    refused_or_unknown(client)


def test_unknown_protobuf_fields(plain):
    command = pb.encode("Command", {"id": 2, "rpc": {"method": "ping"}})
    command += pb.varint(99 << 3 | 2) + b"\x03abc" + pb.varint(98 << 3) + b"\x05"
    client = plain.client(encoding=PROTOBUF)
    client.ws.send(pb.join([command]))
    assert client.reply(2) == {"rpc": {}}


@pytest.mark.parametrize("size", [65536, 65537, 200000])
@pytest.mark.parametrize("fragments", [1, 5])
def test_size_limit(plain, neighbour, size, fragments):
    """65536 bytes are a message, one more closes with 1009."""
    client = plain.client()
    head = '{"id":2,"rpc":{"method":"ping","data":"'
    payload = (head + "x" * (size - len(head) - 3) + '"}}').encode()
    assert len(payload) == size
    step = -(-size // fragments)
    parts = [payload[i:i + step] for i in range(0, size, step)]
    try:
        for i, part in enumerate(parts):
            client.ws.send(part, TEXT if i == 0 else 0, fin=i == len(parts) - 1)
    except ConnectionError:
        pass
    if size <= 65536:
        assert client.reply(2) == {"rpc": {}}
    else:
        assert client.ended()[0] in (1009, None)


def test_oversized_message_is_answered_with_1009(plain, neighbour):
    """And it is the server that hangs up: some wait for that."""
    client = plain.client()
    client.ws.send("x" * 65537)
    assert client.ended() == (1009, "")
    client.ws.wait_dropped(3)


def test_announced_size_is_not_awaited(plain, neighbour):
    """A header that promises 2^62 bytes is enough."""
    client = plain.client()
    client.ws.send_raw(bytes([0x82, 0xFF]) + (1 << 62).to_bytes(8, "big") + b"mask" + b"data")
    assert client.ended()[0] in (1009, 1002, None)


FRAMES = {
    "unmasked": WebSocket.frame(TEXT, b"{}", mask=False),
    "reserved-bits": WebSocket.frame(TEXT, b"{}", rsv=3),
    "reserved-deflate-bit": WebSocket.frame(TEXT, b"{}", rsv=4),
    "reserved-opcode": WebSocket.frame(3, b"{}"),
    "reserved-control-opcode": WebSocket.frame(11, b""),
    "continuation-first": WebSocket.frame(0, b"{}"),
    "fragmented-ping": WebSocket.frame(9, b"x", fin=False),
    "long-ping": WebSocket.frame(9, b"x" * 126),
    "new-message-in-a-message": WebSocket.frame(TEXT, b"{", fin=False) + WebSocket.frame(TEXT, b"}"),
    "length-with-top-bit": bytes([0x82, 0xFF]) + b"\xff" * 12,
    "close-of-one-byte": WebSocket.frame(CLOSE, b"x"),
    "close-with-a-reserved-code": WebSocket.frame(CLOSE, (1005).to_bytes(2, "big")),
    "close-of-bad-utf8": WebSocket.frame(CLOSE, b"\x03\xe8\xff\xff"),
    "http": b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
}


@pytest.mark.parametrize("frame", FRAMES.values(), ids=FRAMES.keys())
def test_frames(plain, neighbour, frame):
    """The connection ends, with some protocol error or without a Close."""
    client = plain.client()
    client.ws.send_raw(frame)
    code, _ = client.ended()
    assert code is None or 1000 <= code < 1016 or code == 3501


CLOSES = [
    (b"", 1005), (b"\x03\xe8", 1000), (b"\x03\xe8bye \xe2\x82\xac", 1000), (b"\x0f\xa0", 4000),
    (b"\x03", 1002), (b"\x03\xe7", 1002), (b"\x03\xed", 1002), (b"\x0b\xb7", 1002), (b"\x13\x88", 1002),
    (b"\x00\x00", 1002), (b"\xff\xff", 1002),
    (b"\x03\xe8\xff\xfe", 1007), (b"\x03\xe8cut \xe2\x82", 1007), (b"\x0f\xa0\xed\xa0\x80", 1007),
    (b"\x03\xe8" + b"a" * 122 + b"\x80", 1007),
]


@pytest.mark.parametrize("payload, code", CLOSES, ids=lambda x: x.hex() if isinstance(x, bytes) else str(x))
def test_close_frames(plain, neighbour, payload, code):
    """RFC 6455 5.5.1, 7.4, 8.1: codes that may be sent are echoed, with a reason in UTF-8."""
    client = plain.client()
    client.ws.send_raw(client.ws.frame(CLOSE, payload))
    assert client.ended()[0] == code


@pytest.mark.parametrize("parts", [
    [b'{"id":2,"rpc":{"method":"\xff"}}'], [b'{"id":2,"rpc":{"method":"\xe2', b'\x82"}}'],
    [b"\xed\xa0\x80"], [b"\xf4\x90\x80\x80"], [b"\xc0\x80"], [b"{", b"", b"\x80"],
], ids=lambda p: b"+".join(p).hex()[-40:])
def test_text_that_is_no_utf8(plain, neighbour, parts):
    client = plain.client()
    for i, part in enumerate(parts):
        client.ws.send_raw(client.ws.frame(0 if i else TEXT, part, fin=i == len(parts) - 1))
    assert client.ended()[0] == 1007


def test_character_in_two_fragments(plain, neighbour):
    client = plain.client()
    client.ws.send_raw(client.ws.frame(TEXT, b'{"id":2,"rpc":{"method":"ping","data":"\xe2\x82', fin=False))
    client.ws.send_raw(client.ws.frame(0, b'\xac"}}'))
    assert client.reply(2) == {"rpc": {}}


@pytest.mark.parametrize("cut", range(1, 14))
def test_half_a_frame_and_gone(plain, neighbour, cut):
    client = plain.client()
    client.ws.send_raw(client.ws.frame(TEXT, b'{"id":2,"rpc":{"method":"ping"}}')[:cut])
    client.close()


def test_half_a_frame_and_silence(quick):
    """It does not keep the connection from being checked."""
    client = quick.open()
    client.ws.send_raw(client.ws.frame(TEXT, b"x" * 100)[:50])
    assert client.ended() == (3502, "stale")


HTTP = [
    b"\x00" * 100, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + bytes(range(64)), b"\r\n\r\n",
    b"GET\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n", b"GET /" + b"a" * 100000 + b" HTTP/1.1\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"X: " + b"y" * 200000 + b"\r\n\r\n",
    b"GET / HTTP/1.1\r\n" + b"".join(b"X-%d: y\r\n" % i for i in range(20000)) + b"\r\n",
    b"POST /api/info HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n{}",
    b"POST /api/info HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999999999999999\r\n\r\n{}",
    b"POST /api/info HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n{}\r\n",
    b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\r\n",
    b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n\r\n",
    b"GET /connection/websocket HTTP/1.1\r\nHost: x\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 12\r\n\r\n",
    b"GET /connection/../api/info HTTP/1.1\r\nHost: x\r\n\r\n", b"GET /%00%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n",
    b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
]


@pytest.mark.parametrize("data", HTTP, ids=lambda d: d[:24].hex() if d[0] < 32 else repr(d[:40]))
def test_http(plain, neighbour, data):
    """Whatever the answer is, it is no success, and the daemon lives on."""
    with open_socket(plain.address) as sock:
        try:
            sock.sendall(data)
            sock.shutdown(1)
            answer = sock.recv(65536)
        except ConnectionError:
            answer = b""
    assert not answer or answer.startswith(b"HTTP/1.") and answer[9:10] in b"345", answer[:200]


@pytest.mark.parametrize("encoding", [JSON, pytest.param(PROTOBUF, marks=rotor_only)])
def test_random_bytes(plain, neighbour, encoding):
    """A fixed pile of noise, before and after connect."""
    noise = random.Random(20261124)
    for i in range(150):
        client = plain.open(encoding=encoding)
        if i % 3:
            client.connect()
        payload = noise.randbytes(noise.randrange(1, 300))
        try:
            client.ws.send(payload, noise.choice((TEXT, BINARY)))
            client.ws.send(payload[::-1])
            code, _ = client.ended(DEADLINE)
        except ConnectionError:
            code = None
        assert code in (None, 3501, 1007)
        client.close()


def test_mutated_commands(plain, neighbour):
    """Good frames with one byte changed: any answer, as long as there is one."""
    noise = random.Random(7)
    command = {"id": 2, "history": {"channel": "all:x", "limit": 3, "reverse": True,
                                    "since": {"offset": 5, "epoch": "abcdefgh"}}}
    for i in range(150):
        client = plain.client(encoding=(JSON, PROTOBUF)[i % 2])
        data = client.pack([command])
        data = bytearray(data.encode() if isinstance(data, str) else data)
        data[noise.randrange(len(data))] = noise.randrange(256)
        client.ws.send(bytes(data))
        client.ws.send(b"\xff\xff\xff")      # ends the connection if the first did not
        assert client.ended()[0] in (3501, 1007)
        client.close()
