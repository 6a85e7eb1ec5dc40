# SPDX-License-Identifier: MIT
"""The Python API library before its version 5, which knows the single endpoint only."""

import importlib
import os
import sys

import pytest

from rig import tokens
from rig.api import KEY
from rig.ws import DEADLINE

WHERE = os.environ.get("ROTOR_E2E_CENT4", "")
pytestmark = pytest.mark.skipif(not os.path.isdir(WHERE), reason="cent 4 is not installed")


@pytest.fixture(scope="module")
def cent():
    """cent 4, beside the cent 5 of the other tests."""
    ours = {k: sys.modules.pop(k) for k in list(sys.modules) if k.split(".")[0] == "cent"}
    sys.path.insert(0, WHERE)
    old = importlib.import_module("cent")
    sys.path.remove(WHERE)
    for name in [k for k in sys.modules if k.split(".")[0] == "cent"]:
        del sys.modules[name]
    sys.modules.update(ours)
    assert old.__file__.startswith(WHERE)
    return old


@pytest.fixture
def api(plain, cent):
    return cent.Client("http://%s:%d/api" % plain.address, api_key=KEY, timeout=DEADLINE)


def test_publishing(plain, api, channel):
    name, client = channel("all"), plain.client()
    client.subscribe(name)
    assert api.publish(name, {"a": 1})["offset"] == 1
    assert client.pub()["data"] == {"a": 1}
    responses = api.broadcast([name, "nosuch:x"], "x")["responses"]
    assert responses[0]["result"]["offset"] == 2 and responses[1]["error"]["code"] == 102
    assert client.pub()["data"] == "x"


def test_users(plain, api, channel):
    name, user = channel("plain"), "cent4-" + channel()
    client = plain.client(tokens.conn(user))
    api.subscribe(user, name)
    assert client.push()["channel"] == name
    api.unsubscribe(user, name)
    assert client.push()["unsubscribe"]["code"] == 2000
    api.disconnect(user)
    assert client.ended()[0] == 3503


def test_reading(plain, api, channel):
    name = channel("all")
    client = plain.client(tokens.conn("u1"))
    client.subscribe(name)
    assert api.presence(name)[client.id]["user"] == "u1"
    assert api.presence_stats(name) == {"num_clients": 1, "num_users": 1}
    for i in range(3):
        api.publish(name, i)
    history = api.history(name, limit=2, reverse=True)
    assert [p["data"] for p in history["publications"]] == [2, 1] and history["offset"] == 3
    history = api.history(name, limit=5, since={"offset": 1, "epoch": history["epoch"]})
    assert [p["offset"] for p in history["publications"]] == [2, 3]
    api.history_remove(name)
    assert api.history(name, limit=5)["publications"] == []
    assert api.channels(pattern=name)[name] == {"num_clients": 1}
    assert api.info()["nodes"][0]["uid"]


def test_many_commands(api, channel):
    name = channel("all")
    for i in range(5):
        api.add("publish", api.get_publish_params(name, i))
    api.add("history", api.get_history_params(name, limit=5))
    replies = api.send()
    assert [r["result"]["offset"] for r in replies] == [1, 2, 3, 4, 5, 5]
    assert [p["data"] for p in replies[5]["result"]["publications"]] == list(range(5))


def test_errors(plain, cent, api):
    with pytest.raises(cent.ResponseError, match="unknown channel"):
        api.publish("nosuch:x", 1)
    wrong = cent.Client("http://%s:%d/api" % plain.address, api_key="wrong", timeout=DEADLINE)
    with pytest.raises(cent.RequestException, match="401"):
        wrong.info()
