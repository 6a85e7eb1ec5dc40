# SPDX-License-Identifier: MIT
"""http_api.max_request_size, max_response_size and read_timeout."""

import json
import time

import pytest

from conftest import rotor_only
from rig.api import KEY
from rig.config import main as main_config
from rig.ws import DEADLINE, open_socket, read_head

pytestmark = rotor_only

LIMITS = {"max_request_size": 10000, "max_response_size": 20000, "read_timeout": "300ms"}


@pytest.fixture
def server(start, workers):
    return start(main_config(http_api=LIMITS), env={"ROTOR_WORKERS": workers})


def test_request_size(server):
    body = '{"channel":"all:x","data":"%s"}'
    room = 10000 - len(body % "")
    assert server.api.post("publish", body % ("x" * room)).status == 200
    assert server.api.post("publish", body % ("x" * (room + 1))).status == 413


def test_request_size_of_chunks(server):
    with open_socket(server.address) as sock:
        sock.sendall(f"POST /api/publish HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                     "Transfer-Encoding: chunked\r\n\r\n".encode())
        sock.sendall(b"1f40\r\n" + b" " * 8000 + b"\r\n1f40\r\n" + b" " * 8000)
        assert read_head(sock, bytearray())[0] == 413


def fill(server, channel):
    name = channel("all")
    for _ in range(3):
        server.api.publish(name, "x" * 3000)
    return {"channel": name, "limit": -1}


def test_response_size(server, channel):
    """What asks for more than fits is refused, and costs no more memory than that."""
    history = fill(server, channel)
    assert server.api.post("history", history).status == 200
    many = [{"history": history}] * 100
    assert server.api.post("batch", {"commands": many[:2]}).status == 200
    for parallel in (False, True):
        res = server.api.post("batch", {"commands": many[:3], "parallel": parallel})
        assert (res.status, res.body) == (500, b"Internal Server Error\n")
        # Results beyond any response are not even gathered.
        assert server.api.post("batch", {"commands": many, "parallel": parallel}).status == 500
    assert server.api.post("info", {}).status == 200


def test_response_size_of_the_old_endpoint(server, channel):
    one = json.dumps({"method": "history", "params": fill(server, channel)})
    for n, status in ((1, 200), (2, 200), (3, 500), (90, 500)):
        assert server.api.request("POST", "/api", one * n, {"X-API-Key": KEY}).status == status


def test_many_commands_in_one_request(plain, channel):
    """They take more than one turn of the loop, and stay in order."""
    name, n = channel("big"), 3000
    publish = {"channel": name, "data": 1}
    for parallel in (False, True):
        batch = {"commands": [{"publish": publish}] * n, "parallel": parallel}
        replies = plain.api.post("batch", batch).json["replies"]
        offsets = [reply["publish"]["offset"] for reply in replies]
        assert offsets == list(range(offsets[0], offsets[0] + n))
    names = [name, "nosuch:x"] * (n // 2)
    responses = plain.api.call("broadcast", channels=names, data=1)["responses"]
    offsets = [response["result"]["offset"] for response in responses[::2]]
    assert offsets == list(range(2 * n + 1, 2 * n + 1 + n // 2))
    assert all(response["error"]["code"] == 102 for response in responses[1::2])
    body = json.dumps({"method": "publish", "params": publish}) * n
    lines = plain.api.request("POST", "/api", body, {"X-API-Key": KEY}).body.splitlines()
    assert [json.loads(line)["result"]["offset"] for line in lines] == list(
        range(2 * n + 1 + n // 2, 3 * n + 1 + n // 2))


def test_read_timeout(server):
    with open_socket(server.address) as sock:
        sock.settimeout(DEADLINE)
        begin = time.monotonic()
        sock.sendall(f"POST /api/info HTTP/1.1\r\nHost: x\r\nX-API-Key: {KEY}\r\n"
                     "Content-Length: 2\r\n\r\n{".encode())
        assert sock.recv(1) == b""
    assert 0.25 < time.monotonic() - begin < 60      # the default


@pytest.mark.parametrize("key, value", [("max_request_size", 10), ("max_response_size", 4095),
                                        ("max_response_size", 2**31)])
def test_bounds(tmp_path, key, value):
    import yaml
    from rig.server import run
    file = tmp_path / "rotor.yaml"
    file.write_text(yaml.safe_dump(main_config(http_api={key: value})))
    done = run("checkconfig", "-c", str(file))
    assert done.returncode != 0 and f"http_api.{key}" in done.stdout + done.stderr
