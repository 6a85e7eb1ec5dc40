# SPDX-License-Identifier: MIT
"""The Go API library, which knows the single endpoint only (see go_api/main.go)."""

import json
import os
import subprocess

import pytest

from rig import tokens
from rig.api import KEY
from rig.ws import DEADLINE

DRIVER = os.environ.get("ROTOR_E2E_GOCENT", "")
MISSING = os.environ.get("ROTOR_E2E_GOCENT_MISSING") or "there is no go"
pytestmark = pytest.mark.skipif(not os.path.isfile(DRIVER), reason=f"gocent: {MISSING}")


class Gocent:
    def __init__(self, address, key=KEY):
        self.process = subprocess.Popen([DRIVER, "http://%s:%d/api" % address, key], text=True,
                                        stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def send(self, line):
        self.process.stdin.write(json.dumps(line) + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def call(self, name, **args):
        answer = self.send({"call": name, **args})
        assert "error" not in answer, answer
        return answer["result"]

    def code(self, name, **args):
        return self.send({"call": name, **args})["error"]["code"]

    def close(self):
        self.process.stdin.close()
        assert self.process.wait(timeout=DEADLINE) == 0


@pytest.fixture
def api(plain):
    one = Gocent(plain.address)
    yield one
    one.close()


def test_publishing(plain, api, channel):
    name, client = channel("all"), plain.client()
    client.subscribe(name)
    assert api.call("publish", channel=name, data={"a": 1})["offset"] == 1
    assert client.pub()["data"] == {"a": 1}
    assert api.call("publish", channel=name, data=2, skip_history=True)["offset"] == 0
    assert client.pub() == {"data": 2}
    responses = api.call("broadcast", channels=[name, "nosuch:x"], data="x")["responses"]
    assert responses[0]["result"]["offset"] == 2 and responses[1]["error"]["code"] == 102
    assert client.pub()["data"] == "x"


def test_users(plain, api, channel):
    name, user = channel("plain"), "gocent-" + channel()
    client, other = plain.client(tokens.conn(user)), plain.client(tokens.conn(user))
    api.call("subscribe", channel=name, user=user, client=client.id, data={"why": 1})
    assert client.push() == {"channel": name, "subscribe": {"data": {"why": 1}}}
    api.call("unsubscribe", channel=name, user=user)
    assert client.push()["unsubscribe"]["code"] == 2000
    api.call("disconnect", user=user, client=client.id)
    assert client.ended() == (3503, "force disconnect")
    api.call("disconnect", user=user, code=4321, reason="so be it")
    assert other.ended() == (4321, "so be it")


def test_reading(plain, api, channel):
    name = channel("all")
    client = plain.client(tokens.conn("u1"))
    client.subscribe(name)
    for i in range(3):
        api.call("publish", channel=name, data=i)
    history = api.call("history", channel=name, limit=2, reverse=True)
    assert [p["data"] for p in history["publications"]] == [2, 1] and history["offset"] == 3
    rest = api.call("history", channel=name, limit=-1, offset=1, epoch=history["epoch"])
    assert [p["offset"] for p in rest["publications"]] == [2, 3]
    assert list(api.call("presence", channel=name)["presence"]) == [client.id]
    assert api.call("presence_stats", channel=name) == {"num_clients": 1, "num_users": 1}
    assert list(api.call("channels", pattern=name)["channels"]) == [name]
    api.call("history_remove", channel=name)
    assert api.call("history", channel=name, limit=-1)["publications"] == []
    assert len(api.call("info")["nodes"]) == 1


@pytest.mark.parametrize("call, code", [
    ({"call": "publish", "channel": "", "data": 1}, 107),
    ({"call": "publish", "channel": "nosuch:x", "data": 1}, 102),
    ({"call": "broadcast", "channels": [], "data": 1}, 107),
    ({"call": "subscribe", "channel": "", "user": "u"}, 107),
    ({"call": "unsubscribe", "channel": "nosuch:x", "user": "u"}, 102),
    ({"call": "presence", "channel": "plain:x"}, 108),
    ({"call": "presence_stats", "channel": "nosuch:x"}, 102),
    ({"call": "history", "channel": "plain:x", "limit": 1}, 108),
    ({"call": "history_remove", "channel": "plain:x"}, 108),
], ids=lambda v: v["call"] if isinstance(v, dict) else "")
def test_bad_input(api, call, code):
    assert api.send(call)["error"]["code"] == code


def test_pipe(api, channel):
    name = channel("all")
    answer = api.send({"pipe": [
        {"call": "publish", "channel": name, "data": 1},
        {"call": "presence", "channel": "nosuch:x"},
        {"call": "broadcast", "channels": [name], "data": 2},
        {"call": "subscribe", "channel": name, "user": "nobody"},
        {"call": "unsubscribe", "channel": name, "user": "nobody"},
        {"call": "disconnect", "user": "nobody"},
        {"call": "presence_stats", "channel": name},
        {"call": "history", "channel": name, "limit": -1},
        {"call": "history_remove", "channel": name},
        {"call": "channels", "pattern": name},
        {"call": "info"},
    ]})
    replies = answer["replies"]
    assert len(replies) == 11
    assert replies[0]["result"]["offset"] == 1 and replies[1]["error"]["code"] == 102
    assert [p["data"] for p in replies[7]["result"]["publications"]] == [1, 2]
    assert all("error" not in r or r["error"] is None for r in replies[:1] + replies[2:])


def test_wrong_key(plain):
    one = Gocent(plain.address, key="wrong")
    assert "401" in one.send({"call": "info"})["error"]["message"]
    one.close()
