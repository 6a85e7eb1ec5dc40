# SPDX-License-Identifier: MIT
"""The Protobuf bytes themselves, and every way of choosing the encoding."""

import pytest

from rig import pb, tokens
from rig.client import PROTOBUF, Client
from rig.ws import BINARY, TEXT


def answer(client, frame):
    client.ws.send(bytes.fromhex(frame) if isinstance(frame, str) else frame)
    opcode, data = client.ws.recv()
    assert opcode == BINARY
    return data


def test_connect(plain):
    client = plain.open(encoding=PROTOBUF)
    data = answer(client, "04 0801 2200")
    reply = pb.decode("Reply", data[1:])
    name, version = reply["connect"]["client"].encode(), reply["connect"]["version"].encode()
    result = b"\x0a\x24" + name + b"\x12" + bytes([len(version)]) + version + b"\x38\x19\x40\x01"
    assert data == pb.join([b"\x08\x01\x2a" + bytes([len(result)]) + result])


def test_subscribe_publication_and_error(plain):
    client = plain.client(encoding=PROTOBUF)
    assert answer(client, b"\x0f\x08\x02\x2a\x0b\x0a\x09plain:abc") == bytes.fromhex("04 0802 3200")
    plain.api.call("publish", channel="plain:abc", b64data="AAE=")
    opcode, data = client.ws.recv()
    assert data == b"\x13\x22\x11\x12\x09plain:abc\x22\x04\x22\x02\x00\x01"
    assert answer(client, b"\x0e\x08\x03\x2a\x0a\x0a\x08nosuch:x") == \
        b"\x17\x08\x03\x12\x13\x08\x66\x12\x0funknown channel"


def test_ping_is_one_byte(quick):
    client = quick.client(tokens.conn("u1"), encoding=PROTOBUF)
    assert client.ws.recv() == (BINARY, b"\x00")
    client.ws.send(b"\x00")
    assert client.ws.recv() == (BINARY, b"\x00")


@pytest.mark.parametrize("kw", [
    {"subprotocols": ["centrifuge-protobuf"]},
    {"subprotocols": ["other", "centrifuge-protobuf"]},
    {"path": "/connection/websocket?cf_protocol=protobuf"},
    {"path": "/connection/websocket?format=protobuf"},
    {"path": "/connection/websocket?a=b&cf_protocol=protobuf&c=d"},
], ids=str)
def test_ways_to_ask_for_it(plain, kw):
    client = plain.keep(Client(plain.address, PROTOBUF, **{"subprotocols": [], **kw}))
    client.connect()


def test_opcode_of_input_does_not_matter(plain):
    client = plain.open(encoding=PROTOBUF)
    client.ws.send(bytes.fromhex("04 0801 2200"), TEXT)
    assert "connect" in client.reply(1)


def test_payload_bytes_are_kept(plain, channel):
    name = channel("binary")
    client = plain.client(encoding=PROTOBUF)
    client.subscribe(name)
    payload = pb.RAW(bytes(range(256)) * 4)
    client.publish(name, payload)
    assert client.pub()["data"] == payload


def test_large_ids_and_lengths(plain, channel):
    client, name = plain.client(encoding=PROTOBUF), channel("plain")
    client.subscribe(name)
    client.last_id = 4294967294
    for size in (100, 127, 128, 129, 16383, 16384, 40000):
        client.publish(name, "x" * size)
        client.last_id = 4294967294
        assert client.pub()["data"] == "x" * size
