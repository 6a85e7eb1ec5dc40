# SPDX-License-Identifier: MIT
"""Long requests to the server API, and long answers: others on the same loop go on."""

import base64
import json
import threading
import time

import pytest

from conftest import rotor_only
from rig.api import KEY, Api
from rig.config import main as main_config
from rig.ws import open_socket

pytestmark = rotor_only

TRIES = 3
SHORT = 0.06        # s; a wait that says nothing on a busy machine
PUBLISH = {"channel": "plain:x", "data": {}}
HISTORY = {"name": "long", "history_size": 5000, "history_ttl": "300s"}


@pytest.fixture
def server(start):
    conf = main_config()
    conf["channel"]["namespaces"].append(HISTORY)
    return start(conf, env={"ROTOR_WORKERS": "1"})


def commands(n, command, **more):
    return json.dumps({"commands": [command] * n, **more}, separators=(",", ":"))


def publish(data, **more):
    return json.dumps({"channel": "plain:x", **data, **more}, separators=(",", ":"))


REQUESTS = {
    "data": lambda: ("publish", publish({"data": "x" * 30_000_000})),
    "numbers": lambda: ("publish", publish({"data": [1] * 5_000_000})),
    "base64": lambda: ("publish", publish({"b64data": base64.b64encode(b"x" * 15_000_000).decode()})),
    "tags": lambda: ("publish", publish({"data": 1}, tags={f"k{i}": "v" for i in range(100_000)})),
    "nothing": lambda: ("batch", commands(300_000, {})),
    "broadcast": lambda: ("broadcast", json.dumps(
        {"channels": [f"plain:{i}" for i in range(100_000)], "data": 1})),
    "batch": lambda: ("batch", commands(30_000, {"publish": PUBLISH})),
    "parallel batch": lambda: ("batch", commands(30_000, {"publish": PUBLISH}, parallel=True)),
    "history": lambda: ("batch", commands(10, {"history": {"channel": "long:x", "limit": -1}})),
}


def wait_beside(server, client, method, body):
    """Has the request made, and meanwhile the client ask again and again: the longest it
    waited, and how long the request took."""
    answered, longest = [], 0
    thread = threading.Thread(target=lambda: answered.append(Api(server.address).post(method, body)))
    begun = time.monotonic()
    thread.start()
    while thread.is_alive():
        asked = time.monotonic()
        assert client.error("rpc", method="nosuch", data={}) == 104
        longest = max(longest, time.monotonic() - asked)
        time.sleep(0.001)
    thread.join()
    assert answered and answered[0].status == 200
    return longest, time.monotonic() - begun


@pytest.mark.parametrize("name", REQUESTS)
def test_others_go_on(server, name):
    method, body = REQUESTS[name]()
    if name == "history":
        fill = commands(5000, {"publish": {"channel": "long:x", "data": {"a": "b" * 50}}})
        assert server.api.post("batch", fill).status == 200
    client = server.client()
    waits = []
    for _ in range(TRIES):
        longest, whole = wait_beside(server, client, method, body)
        waits.append((longest, whole))
        if longest < SHORT or longest < whole / 5:
            return
    raise AssertionError(f"waited for {waits}")


def test_answers_in_order(server, channel):
    """Read and written aside, and gathered in many turns: each answer stands where it belongs."""
    n = 20000
    for parallel in (False, True):
        name = channel("long")
        body = commands(n, {"publish": {"channel": name, "data": 1}}, parallel=parallel)
        replies = server.api.post("batch", body).json["replies"]
        assert [reply["publish"]["offset"] for reply in replies] == list(range(1, n + 1))
    publications = server.api.call("history", channel=name, limit=-1)["publications"]
    assert [p["offset"] for p in publications] == list(range(n - 4999, n + 1))
    old = json.dumps({"id": 7, "method": "publish", "params": {"channel": name, "data": 1}}) * 3000
    lines = server.api.request("POST", "/api", old, {"X-API-Key": KEY}).body.splitlines()
    assert [json.loads(line)["result"]["offset"] for line in lines] == list(range(n + 1, n + 3001))


@pytest.mark.parametrize("body, status", [
    ('{"channel":"plain:x","data":"%s"' % ("x" * 100_000), 400),
    ('{"commands":[%s]}' % ",".join(["{}"] * 3_000_000), 400),    # too much in memory
    ('{"channel":"plain:x","b64data":"%s!"}' % ("x" * 100_003), 107),
    ('{"channel":"json:x","b64data":"%s"}' % base64.b64encode(b"[1" * 50_000).decode(), 107),
    ('{"channel":"nosuch:x","data":"%s"}' % ("x" * 100_000), 102),
], ids=["cut", "huge", "base64", "no json", "channel"])
def test_what_is_wrong_with_a_long_request(server, body, status):
    method = "batch" if body.startswith('{"commands') else "publish"
    res = server.api.post(method, body)
    assert res.status == status or (res.status == 200 and res.json["error"]["code"] == status)


def test_client_gone(server):
    """Whoever asked for much and left is no trouble to anybody."""
    body = commands(50_000, {"publish": PUBLISH}).encode()
    for _ in range(5):
        with open_socket(server.address) as sock:
            sock.sendall(f"POST /api/batch HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                         f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    assert server.api.call("info")["nodes"]


def test_stop_in_the_middle(server):
    """The fixture checks how the server ends."""
    body = commands(50_000, {"publish": PUBLISH}).encode()
    for _ in range(3):
        sock = open_socket(server.address)
        sock.sendall(f"POST /api/batch HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                     f"Content-Length: {len(body)}\r\n\r\n".encode() + body)
    server.stop()


def test_memory_of_invented_channels(start):
    """They cost a channel that nobody uses its past, in the end, and who comes back is told so;
    one with subscribers goes on from where it is."""
    server = start(main_config(engine={"type": "memory", "memory": {"max_bytes": 1_000_000}}))
    leaves, stays = server.client(), server.client()
    lost = leaves.subscribe("rec:lost", recover=True)["epoch"]
    epoch = stays.subscribe("rec:stays", recover=True)["epoch"]
    for name in ("rec:lost", "rec:stays"):
        server.api.publish(name, 1)
    leaves.close()
    server.wait(lambda: list(server.api.call("channels")["channels"]) == ["rec:stays"], "the end")
    for i in range(10):
        names = [f"all:{i}-{k}" for k in range(2000)]
        server.api.call("broadcast", channels=names, data=1)
    result = server.client().subscribe("rec:lost", recover=True, offset=1, epoch=lost)
    assert result["epoch"] != lost and not result.get("recovered")
    assert server.api.publish("rec:stays", 2) == {"offset": 2, "epoch": epoch}
    assert stays.pub()["offset"] == 1
