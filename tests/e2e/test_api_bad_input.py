# SPDX-License-Identifier: MIT
"""Wrong requests for every method, alone, in a batch, and with errors as statuses."""

import json

import pytest

from rig.api import KEY

STATUS = {100: 500, 102: 404, 104: 404, 107: 400, 108: 400, 112: 416}
PUBLISHING = [{"tags": {"a": 1}}, {"tags": []}, {"skip_history": 1}, {"version": -1},
              {"version": 1.5}, {"version": "1"}, {"version": 2**64}, {"idempotency_key": 1},
              {"delta": "x"}, {"b64data": 1}, {"version_epoch": {}}]
CHANNEL = [{"channel": 1}, {"channel": []}, {"channel": {}}, {"channel": True}]

# Requests that do not parse: 400, whatever the error mode.
MALFORMED = {
    "publish": CHANNEL + PUBLISHING,
    "broadcast": [{"channels": "x"}, {"channels": [1]}, {"channels": {}}] + PUBLISHING,
    "subscribe": CHANNEL + [{"user": 1}, {"expire_at": "1"}, {"expire_at": 1.5}, {"expire_at": 2**63},
                            {"override": []}, {"override": {"presence": True}},
                            {"override": {"presence": {"value": 1}}}, {"recover_since": 1},
                            {"recover_since": {"offset": -1}}],
    "unsubscribe": CHANNEL + [{"user": []}, {"client": 1}, {"session": {}}],
    "disconnect": [{"user": 1}, {"whitelist": "x"}, {"whitelist": [1]}, {"disconnect": 3000},
                   {"disconnect": {"code": -1}}, {"disconnect": {"code": 2**32}},
                   {"disconnect": {"reason": 1}}],
    "refresh": [{"user": 1}, {"expired": 1}, {"expire_at": 1.5}, {"expire_at": "1"}],
    "presence": CHANNEL,
    "presence_stats": CHANNEL,
    "history": CHANNEL + [{"limit": "1"}, {"limit": 1.5}, {"limit": 2**31}, {"since": 1},
                          {"since": {"offset": -1}}, {"since": {"epoch": 1}}, {"reverse": 1}],
    "history_remove": CHANNEL,
    "info": [],
    "channels": [{"pattern": 1}, {"pattern": []}],
    "rpc": [{"method": 1}, {"method": []}],
    "batch": [{"commands": {}}, {"commands": [1]}, {"commands": ["publish"]}, {"parallel": 1},
              {"commands": [{"publish": 1}]}, {"commands": [{"publish": {"channel": 1}}]}],
    "map_publish": CHANNEL + [{"key": 1}, {"score": 1.5}, {"version": -1}, {"tags": []}],
    "map_remove": CHANNEL + [{"key": []}],
    "map_read_state": CHANNEL + [{"limit": "1"}, {"asc": 1}, {"revision_offset": -1}],
    "map_read_stream": CHANNEL + [{"limit": 1.5}, {"since_offset": -1}, {"reverse": "x"}],
    "map_stats": CHANNEL,
    "map_clear": CHANNEL,
    "shared_poll_publish": CHANNEL + [{"key": 1}, {"version": "1"}, {"epoch": 1}],
}
BODIES = ["", " ", "[]", "1", '"x"', "true", "{", "{}{}", "{},", "{} x", "nul", "\x00", "{\"a\":}"]

# Requests that parse, and the error that they are answered with.
ERRORS = [
    ("publish", {}, 107), ("publish", {"data": 1}, 107), ("publish", {"channel": "x"}, 107),
    ("publish", {"channel": "nosuch:x", "data": 1}, 102),
    ("publish", {"channel": "object:x", "data": []}, 107),
    ("publish", {"channel": "x", "b64data": "?"}, 107),
    ("publish", {"channel": "x", "b64data": "YQ"}, 107),
    ("broadcast", {}, 107), ("broadcast", {"channels": [], "data": 1}, 107),
    ("broadcast", {"channels": None, "data": 1}, 107),
    ("broadcast", {"channels": ["x"], "b64data": "?"}, 107),
    ("subscribe", {"user": "u"}, 107), ("subscribe", {"user": "u", "channel": "nosuch:x"}, 102),
    ("subscribe", {"user": "u", "channel": "plain:x", "b64info": "?"}, 107),
    ("subscribe", {"user": "u", "channel": "plain:x", "b64data": "?"}, 107),
    ("unsubscribe", {"user": "u", "channel": "nosuch:x"}, 102),
    ("presence", {}, 107), ("presence", {"channel": "nosuch:x"}, 102),
    ("presence", {"channel": "plain:x"}, 108),
    ("presence_stats", {}, 107), ("presence_stats", {"channel": "nosuch:x"}, 102),
    ("presence_stats", {"channel": "plain:x"}, 108),
    ("history", {}, 107), ("history", {"channel": "nosuch:x"}, 102),
    ("history", {"channel": "plain:x"}, 108),
    ("history", {"channel": "all:x", "limit": 1, "since": {"offset": 1, "epoch": "x"}}, 112),
    ("history_remove", {}, 107), ("history_remove", {"channel": "nosuch:x"}, 102),
    ("history_remove", {"channel": "plain:x"}, 108),
    ("channels", {"pattern": "["}, 100),
    ("rpc", {}, 107), ("rpc", {"method": "nosuch"}, 104),
    ("map_publish", {}, 107), ("map_publish", {"channel": "plain:x"}, 107),
    ("map_publish", {"channel": "plain:x", "key": "k"}, 107),
    ("map_publish", {"channel": "nosuch:x", "key": "k"}, 102),
    ("map_remove", {"channel": "plain:x"}, 107), ("map_remove", {"channel": "plain:x", "key": "k"}, 107),
    ("map_remove", {"channel": "nosuch:x", "key": "k"}, 102),
    *((method, {"channel": name}, code)
      for method in ("map_read_state", "map_read_stream", "map_stats", "map_clear")
      for name, code in (("", 107), ("plain:x", 107), ("nosuch:x", 102))),
    ("shared_poll_publish", {"channel": "plain:x", "key": "k"}, 107),
    ("shared_poll_publish", {"channel": "plain:x", "key": "k", "version": 1}, 107),
    ("shared_poll_publish", {"channel": "nosuch:x", "key": "k", "version": 1}, 102),
]


@pytest.mark.parametrize("method", MALFORMED)
def test_malformed(plain, method):
    for mode in ({}, {"X-Centrifugo-Error-Mode": "transport"}):
        for body in BODIES + [json.dumps(request) for request in MALFORMED[method]]:
            res = plain.api.post(method, body, {"X-API-Key": KEY, **mode})
            assert (res.status, res.body) == (400, b"Bad Request\n"), body


@pytest.mark.parametrize("method, request_, code", ERRORS, ids=str)
def test_errors(plain, method, request_, code):
    res = plain.api.post(method, request_)
    assert res.status == 200 and list(res.json) == ["error"] and res.json["error"]["code"] == code
    error = res.json["error"]
    res = plain.api.post(method, request_, {"X-API-Key": KEY, "X-Centrifugo-Error-Mode": "transport"})
    assert (res.status, res.json) == (STATUS[code], error)
    for parallel in (False, True):
        batch = {"parallel": parallel, "commands": [{method: request_}] * 3}
        assert plain.api.post("batch", batch).json == {"replies": [{"error": error}] * 3}


def test_null_is_an_empty_request(plain):
    assert plain.api.post("info", "null").json["result"]["nodes"]
    assert plain.api.post("publish", "null").json["error"]["code"] == 107


def test_deep_nesting(plain, channel):
    """Deeper than any client reads: refused, not followed."""
    deep = "[" * 100000 + "]" * 100000
    body = '{"channel":"%s","data":%s}' % (channel("plain"), deep)
    assert plain.api.post("publish", body).status == 400
    body = '{"commands":' * 1000 + "[]" + "}" * 1000
    assert plain.api.post("batch", body).status == 400
