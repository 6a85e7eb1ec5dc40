# SPDX-License-Identifier: MIT
"""The client protocol's Protobuf encoding, from its published field numbers.

Messages are dicts as in the JSON encoding, so a test reads the same for both.
A `bytes` field holds a JSON value; RAW marks one that is to stay bytes.
"""

import json


class RAW(bytes):
    """Payload that is not JSON."""


INFO = {"user": (1, "string"), "client": (2, "string"), "conn_info": (3, "bytes"),
        "chan_info": (4, "bytes")}
SCHEMA = {
    "Command": {
        "id": (1, "uint"), "connect": (4, "ConnectRequest"), "subscribe": (5, "SubscribeRequest"),
        "unsubscribe": (6, "Channel"), "publish": (7, "PublishRequest"), "presence": (8, "Channel"),
        "presence_stats": (9, "Channel"), "history": (10, "HistoryRequest"), "ping": (11, "Empty"),
        "send": (12, "Data"), "rpc": (13, "RPCRequest"), "refresh": (14, "Token"),
        "sub_refresh": (15, "SubRefreshRequest")},
    "Reply": {
        "id": (1, "uint"), "error": (2, "Error"), "push": (4, "Push"),
        "connect": (5, "ConnectResult"), "subscribe": (6, "SubscribeResult"),
        "unsubscribe": (7, "Empty"), "publish": (8, "Empty"), "presence": (9, "PresenceResult"),
        "presence_stats": (10, "PresenceStatsResult"), "history": (11, "HistoryResult"),
        "ping": (12, "Empty"), "rpc": (13, "Data"), "refresh": (14, "RefreshResult"),
        "sub_refresh": (15, "SubRefreshResult")},
    "Push": {
        "id": (1, "uint"), "channel": (2, "string"), "pub": (4, "Publication"), "join": (5, "Info1"),
        "leave": (6, "Info1"), "unsubscribe": (7, "Unsubscribe"), "message": (8, "Data"),
        "subscribe": (9, "SubscribePush"), "connect": (10, "ConnectResult"),
        "disconnect": (11, "Disconnect"), "refresh": (12, "RefreshPush")},
    "Error": {"code": (1, "uint"), "message": (2, "string"), "temporary": (3, "bool")},
    "ClientInfo": INFO,
    "Info1": {"info": (1, "ClientInfo")},
    "Publication": {
        "data": (4, "bytes"), "info": (5, "ClientInfo"), "offset": (6, "uint"),
        "tags": (7, "map string"), "delta": (8, "bool"), "time": (9, "uint"),
        "channel": (10, "string"), "key": (11, "string"), "removed": (12, "bool"),
        "score": (13, "uint"), "epoch": (14, "string"), "version": (16, "uint")},
    "Unsubscribe": {"code": (2, "uint"), "reason": (3, "string")},
    "SubscribePush": {"recoverable": (1, "bool"), "epoch": (4, "string"), "offset": (5, "uint"),
                      "positioned": (6, "bool"), "data": (7, "bytes")},
    "Disconnect": {"code": (1, "uint"), "reason": (2, "string"), "reconnect": (3, "bool")},
    "RefreshPush": {"expires": (1, "bool"), "ttl": (2, "uint")},
    "ConnectRequest": {
        "token": (1, "string"), "data": (2, "bytes"), "subs": (3, "map SubscribeRequest"),
        "name": (4, "string"), "version": (5, "string"), "headers": (6, "map string")},
    "ConnectResult": {
        "client": (1, "string"), "version": (2, "string"), "expires": (3, "bool"),
        "ttl": (4, "uint"), "data": (5, "bytes"), "subs": (6, "map SubscribeResult"),
        "ping": (7, "uint"), "pong": (8, "bool"), "session": (9, "string"), "node": (10, "string"),
        "time": (11, "uint")},
    "SubscribeRequest": {
        "channel": (1, "string"), "token": (2, "string"), "recover": (3, "bool"),
        "epoch": (6, "string"), "offset": (7, "uint"), "data": (8, "bytes"),
        "positioned": (9, "bool"), "recoverable": (10, "bool"), "join_leave": (11, "bool"),
        "delta": (12, "string"), "tf": (13, "FilterNode"), "flag": (14, "uint"),
        "type": (15, "uint")},
    "FilterNode": {
        "op": (1, "string"), "key": (2, "string"), "cmp": (3, "string"), "val": (4, "string"),
        "vals": (5, "list string"), "nodes": (6, "list FilterNode")},
    "SubscribeResult": {
        "expires": (1, "bool"), "ttl": (2, "uint"), "recoverable": (3, "bool"),
        "epoch": (6, "string"), "publications": (7, "list Publication"), "recovered": (8, "bool"),
        "offset": (9, "uint"), "positioned": (10, "bool"), "data": (11, "bytes"),
        "was_recovering": (12, "bool"), "delta": (13, "bool"), "id": (14, "uint")},
    "PublishRequest": {"channel": (1, "string"), "data": (2, "bytes")},
    "HistoryRequest": {"channel": (1, "string"), "limit": (7, "uint"),
                       "since": (8, "StreamPosition"), "reverse": (9, "bool")},
    "StreamPosition": {"offset": (1, "uint"), "epoch": (2, "string")},
    "HistoryResult": {"publications": (1, "list Publication"), "epoch": (2, "string"),
                      "offset": (3, "uint")},
    "PresenceResult": {"presence": (1, "map ClientInfo")},
    "PresenceStatsResult": {"num_clients": (1, "uint"), "num_users": (2, "uint")},
    "RefreshResult": {"client": (1, "string"), "version": (2, "string"), "expires": (3, "bool"),
                      "ttl": (4, "uint")},
    "SubRefreshRequest": {"channel": (1, "string"), "token": (2, "string")},
    "SubRefreshResult": {"expires": (1, "bool"), "ttl": (2, "uint")},
    "RPCRequest": {"data": (1, "bytes"), "method": (2, "string")},
    "Channel": {"channel": (1, "string")},
    "Token": {"token": (1, "string")},
    "Data": {"data": (1, "bytes")},
    "Empty": {},
}
# Members that the JSON encoding always shows, and their zero values.
ALWAYS = {
    "ClientInfo": {"user": "", "client": ""},
    "PresenceResult": {"presence": {}},
    "PresenceStatsResult": {"num_clients": 0, "num_users": 0},
    "HistoryResult": {"publications": [], "epoch": "", "offset": 0},
}


def varint(n):
    n &= (1 << 64) - 1
    out = bytearray()
    while n > 127:
        out.append(n & 127 | 128)
        n >>= 7
    out.append(n)
    return bytes(out)


def read_varint(data, at):
    n = shift = 0
    while True:
        byte = data[at]
        at += 1
        n |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            return n, at


def _field(number, kind, value):
    if kind in ("uint", "bool"):
        return varint(number << 3) + varint(int(value))
    if kind == "string":
        data = value.encode()
    elif kind == "bytes":
        data = value if isinstance(value, RAW) else json.dumps(value).encode()
    else:
        data = encode(kind, value)
    return varint(number << 3 | 2) + varint(len(data)) + data


def encode(name, message):
    out = bytearray()
    for key, value in message.items():
        number, kind = SCHEMA[name][key]
        if kind.startswith("map "):
            for k, v in value.items():
                entry = _field(1, "string", k) + _field(2, kind[4:], v)
                out += varint(number << 3 | 2) + varint(len(entry)) + entry
        elif kind.startswith("list "):
            for one in value:
                out += _field(number, kind[5:], one)
        else:
            out += _field(number, kind, value)
    return bytes(out)


def _scalar(kind, value):
    if kind == "bool":
        return bool(value)
    if kind == "string":
        return value.decode()
    if kind == "bytes":
        try:
            return json.loads(value)
        except ValueError:
            return RAW(value)
    return value if kind == "uint" else decode(kind, value)


def _entry(kind, data):
    fields = {number: value for number, value in _walk(data)}
    return fields.get(1, b"").decode(), _scalar(kind, fields.get(2, b""))


def _walk(data):
    at = 0
    while at < len(data):
        tag, at = read_varint(data, at)
        value, at = read_varint(data, at)
        if tag & 7 == 2:
            assert at + value <= len(data), "a field runs over the end of its message"
            value, at = data[at:at + value], at + value
        else:
            assert tag & 7 == 0, f"unexpected wire type {tag & 7}"
        yield tag >> 3, value


def decode(name, data):
    numbers = {number: (key, kind) for key, (number, kind) in SCHEMA[name].items()}
    message = {k: type(v)(v) for k, v in ALWAYS.get(name, {}).items()}
    for number, value in _walk(data):
        assert number in numbers, f"{name} has no field {number}"
        key, kind = numbers[number]
        if kind.startswith("map "):
            k, v = _entry(kind[4:], value)
            message.setdefault(key, {})[k] = v
        elif kind.startswith("list "):
            message.setdefault(key, []).append(decode(kind[5:], value))
        else:
            message[key] = _scalar(kind, value)
    return message


def split(frame):
    """The messages of one frame, each without its length prefix."""
    at = 0
    while at < len(frame):
        length, at = read_varint(frame, at)
        assert at + length <= len(frame), "a message runs over the end of its frame"
        yield frame[at:at + length]
        at += length


def join(messages):
    return b"".join(varint(len(m)) + m for m in messages)
