# SPDX-License-Identifier: MIT
"""connect: who gets in, with what reply, and what refuses them."""

import re
import time
import uuid

import pytest

from rig import tokens
from rig.config import main as main_config

UUID = re.compile(r"^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$")


def test_anonymous(main):
    result = main.open().connect()
    assert UUID.match(result.pop("client"))
    assert result.pop("version")
    assert result == {"ping": 25, "pong": True}


def test_ids_differ(main):
    assert len({main.client().id for _ in range(10)}) == 10


def test_token(main):
    result = main.open().connect(token=tokens.conn("u1"))
    assert "expires" not in result and "ttl" not in result and "subs" not in result


def test_token_with_expiry(main):
    result = main.open().connect(token=tokens.conn("u1", ttl=100))
    assert result["expires"] is True and 98 <= result["ttl"] <= 100


def test_ttl_is_capped_at_a_year(main):
    assert main.open().connect(token=tokens.conn("u1", ttl=10 ** 9))["ttl"] == 31536000


def test_request_fields_are_taken(main):
    main.open().connect(token=tokens.conn("u1"), data={"a": 1}, name="e2e", version="1.0",
                        headers={"x-a": "b"})


@pytest.mark.parametrize("claims, code", [
    ({"exp": 1}, 109),
    ({"nbf": 4000000000}, 109),
    ({"channels": ["nosuch:x"]}, 102),
    ({"expire_at": 1}, 110),
    ({"b64info": "*"}, 100),
])
def test_error_reply(main, claims, code):
    client = main.open()
    assert client.error("connect", token=tokens.conn("u1", **claims)) == code


def test_after_an_error_reply_nothing_is_handled(plain):
    client = plain.open()
    assert client.error("connect", token=tokens.conn("u1", exp=1)) == 109
    number = client.ask("connect", token=tokens.conn("u1"))
    client.ended(12)
    assert not [m for m in client.inbox if m.get("id") == number]


@pytest.mark.parametrize("token", [
    "garbage", "a.b.c", tokens.make({"sub": "u1"}, "another-secret-of-thirty-two-bytes-or-more"),
    tokens.conn("u1", channel="c"), "." * 1000,
    tokens.conn("u1")[:-2], tokens.conn("u1") + "=",
], ids=["garbage", "dots", "signature", "channel-claim", "only-dots", "cut", "padded"])
def test_invalid_token(main, token):
    client = main.open()
    client.ask("connect", token=token)
    assert client.ended() == (3500, "invalid token")


def test_second_connect(main):
    client = main.client()
    client.ask("connect")
    assert client.ended() == (3501, "bad request")


@pytest.mark.parametrize("method, fields", [
    ("subscribe", {"channel": "x"}), ("publish", {"channel": "x", "data": 1}),
    ("presence", {"channel": "x"}), ("history", {"channel": "x"}), ("rpc", {"method": "ping"}),
    ("refresh", {"token": "x"}), ("send", {"data": 1}), ("ping", {}),
])
def test_anything_before_connect(main, method, fields):
    client = main.open()
    client.ask(method, **fields)
    assert client.ended() == (3501, "bad request")


def test_no_credentials(quick):
    client = quick.open()
    client.ask("connect")
    assert client.ended() == (3501, "bad request")


def test_anonymous_tokens_can_be_refused(start):
    server = start(main_config(client={"disallow_anonymous_connection_tokens": True}))
    client = server.open()
    client.ask("connect", token=tokens.conn(""))
    assert client.ended() == (3507, "permission denied")
    assert server.client(tokens.conn("u1")).id


def test_user_from_header(start, channel):
    server = start(main_config(client={"user_id_http_header": "X-User-Id",
                                       "allow_anonymous_connect_without_token": False}))
    client = server.open(headers={"X-User-Id": "u7"})
    client.connect()
    name = channel("all")
    client.subscribe(name)
    assert client.call("presence", channel=name)["presence"][client.id]["user"] == "u7"
    nobody = server.open()
    nobody.ask("connect")
    assert nobody.ended() == (3501, "bad request")


def test_server_time(start):
    server = start(main_config(client={"connect_include_server_time": True}))
    before = int(time.time() * 1000)
    assert before - 5 <= server.open().connect()["time"] <= int(time.time() * 1000) + 5


def test_insecure(start, channel):
    server = start(main_config(client={"insecure": True}))
    client = server.open()
    client.connect()
    name = channel("closed")
    client.subscribe(name)
    client.publish(name, {"a": 1})
    assert client.pub()["data"] == {"a": 1}
    assert client.call("history", channel=name, limit=1)["offset"] == 1
    assert client.error("subscribe", channel="$" + channel()) == 103
    assert client.error("subscribe", channel="nosuch:x") == 102
    result = server.open().connect(token=tokens.conn("u1", exp=int(time.time()) + 5))
    assert "expires" not in result


def test_connection_info_reaches_others(main, channel):
    name = channel("all")
    watcher = main.client()
    watcher.subscribe(name)
    talker = main.client(tokens.conn("u" + uuid.uuid4().hex, info={"n": 1}))
    talker.publish(name, 5)
    pub = watcher.pub()
    assert pub["info"]["client"] == talker.id and pub["info"]["conn_info"] == {"n": 1}
    assert "chan_info" not in pub["info"]
