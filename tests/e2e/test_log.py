# SPDX-License-Identifier: MIT
"""The log: nobody waits for it, it says what it lost, and it follows a rotation."""

import fcntl
import json
import os
import re
import signal
import time

import pytest

from conftest import rotor_only
from rig import tokens
from rig.config import main as main_config
from rig.ws import Refused, open_socket

pytestmark = rotor_only

F_SETPIPE_SZ = 1031


class Pipe:
    """A pipe of a page, as the server's stderr."""

    def __init__(self):
        self.readable, self.writable = os.pipe()
        fcntl.fcntl(self.writable, F_SETPIPE_SZ, 4096)
        os.set_blocking(self.readable, False)
        self.text = b""

    def popen(self):
        return {"stdout": self.writable, "stderr": self.writable}

    def read(self):
        """What is there now is added to the text."""
        try:
            while True:
                data = os.read(self.readable, 65536)
                if not data:
                    break
                self.text += data
        except BlockingIOError:
            pass
        return self.text.decode(errors="replace")

    def lines(self):
        return [json.loads(line) for line in self.read().splitlines(keepends=True)
                if line.endswith("\n")]

    def close(self):
        os.close(self.readable)


def start_on(start, pipe, **config):
    server = start(main_config(log={"level": "debug"}, **config), popen=pipe.popen())
    os.close(pipe.writable)
    server.keep(pipe)
    return server


def refuse(server):
    client = server.open()
    client.send({"id": 1, "connect": {"token": "no.such.token"}})
    assert client.ended()[0] == 3500
    client.close()


def fill(server):
    """Far more lines than the pipe takes."""
    for _ in range(60):
        refuse(server)


def test_nobody_reads(start, channel, workers):
    pipe = Pipe()
    server = start_on(start, pipe)
    fill(server)
    name = channel("plain")
    client = server.client()
    client.subscribe(name)
    server.api.publish(name, 1)
    assert client.pub()["data"] == 1
    # Somebody reads again: nothing was lost, there was room to wait in.
    server.wait(lambda: sum(line["message"] == "disconnect" for line in pipe.lines()) >= 60, "all lines")
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0
    assert time.monotonic() - begin < 8


def test_stopping_while_nobody_reads(start):
    pipe = Pipe()
    server = start_on(start, pipe)
    fill(server)
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0
    assert time.monotonic() - begin < 8


def test_the_last_lines_are_written(start):
    pipe = Pipe()
    server = start_on(start, pipe)
    fill(server)
    server.signal(signal.SIGTERM)
    server.wait(lambda: "stopped" in [line["message"] for line in pipe.lines()], "the last lines")
    assert server.wait_exit() == 0
    assert "unloaded" in [line["message"] for line in pipe.lines()]


def test_reader_gone(start):
    """A pipe without a reader: EPIPE for each line, and nobody notices."""
    pipe = Pipe()
    server = start_on(start, pipe)
    server.opened.remove(pipe)
    pipe.close()
    fill(server)
    server.client().fence()
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0


def test_full_disk(start, tmp_path):
    log = tmp_path / "log"
    log.symlink_to("/dev/full")
    server = start(main_config(log={"level": "debug", "file": str(log)}))
    fill(server)
    log.unlink()
    server.signal(signal.SIGHUP)
    server.wait(lambda: log.exists() and log.read_text().count('"disconnect"') >= 60, "what was kept")
    json.loads(log.read_text().splitlines()[-1])


def test_rotation(start, tmp_path):
    log = tmp_path / "log"
    server = start(main_config(log={"level": "debug", "file": str(log)}))
    for i in range(5):
        refuse(server)
        server.wait(lambda: '"disconnect"' in log.read_text(), "a line")
        log.rename(tmp_path / f"log.{i}")
        server.signal(signal.SIGHUP)
        server.wait(log.exists, "the new file")
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0
    text = "".join((tmp_path / f"log.{i}").read_text() for i in range(5))
    assert text.count('"disconnect"') == 5
    assert '"stopped"' in log.read_text()


def test_a_fifo_that_nobody_reads(start, tmp_path):
    """As a log file it is refused, and waited for by nobody."""
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    server = start(main_config(log={"file": str(fifo)}), ready=False)
    assert server.wait_exit() == 1
    server.logged("log.file: cannot be opened")


def test_a_storm_is_limited(start):
    """Strangers do not fill the log: 20 lines a second, and how many more there were."""
    server = start(main_config(log={"level": "info"}))
    clients = [server.open() for _ in range(200)]
    for client in clients:
        client.send({"id": 1, "connect": {"token": "no.such.token"}})
    for client in clients:
        assert client.ended()[0] == 3500

    def refused():
        return [line for line in server.log_lines() if line["message"] == "connection token refused"]

    def left_out():
        return sum(line["lines"] for line in server.log_lines()
                   if line.get("of") == "connection token refused")
    server.wait(lambda: len(refused()) + left_out() == 200, "an account of all")
    assert 20 <= len(refused()) < 200


# What operators look for first: one line each, at info, that says who and why.

def told(server, message, **fields):
    """The line with this message and these fields, once it is there."""
    def find():
        return next((line for line in server.log_lines() if line["message"] == message and
                     all(line.get(key) == value for key, value in fields.items())), None)
    server.wait(find, message)
    line = find()
    assert line["level"] == "info"
    return line


def is_local(address):
    return re.fullmatch(r"127\.0\.0\.1:\d+", address)


def test_refused_origin(start):
    server = start(main_config(client={"allowed_origins": ["https://a.example", "https://*.b.example"]}))
    with pytest.raises(Refused):
        server.open(headers={"Origin": "https://evil.example"})
    line = told(server, "origin refused")
    assert line["origin"] == "https://evil.example"
    assert line["client.allowed_origins"] == "https://a.example, https://*.b.example"
    assert is_local(line["address"])


HANDSHAKE = {"Host": "x", "Upgrade": "websocket", "Connection": "Upgrade",
             "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}


@pytest.mark.parametrize("field, value, why", [
    ("Upgrade", None, "proxy_http_version 1.1"),
    ("Connection", "close", "Connection headers"),
    ("Sec-WebSocket-Version", "8", "Sec-WebSocket-Version"),
    ("Sec-WebSocket-Key", "short", "Sec-WebSocket-Key"),
])
def test_bad_handshake(start, field, value, why):
    server = start()
    head = {**HANDSHAKE, field: value}
    with open_socket(server.address) as sock:
        sock.sendall(("GET /connection/websocket HTTP/1.1\r\n" + "".join(
            f"{k}: {v}\r\n" for k, v in head.items() if v) + "\r\n").encode())
        assert sock.recv(12) == b"HTTP/1.1 400"
    line = told(server, "websocket handshake refused")
    assert why in line["why"] and line["path"] == "/connection/websocket"
    assert is_local(line["address"])


@pytest.mark.parametrize("channel, code, why", [
    ("nosuch:x", 102, "unknown channel"),
    ("closed:x", 103, "allow_subscribe_for_client"),
    ("$secret", 103, "token"),
    ("users:x#8", 103, "list the user"),
])
def test_refused_subscription(start, channel, code, why):
    server = start()
    client = server.client(tokens.conn("7"))
    assert client.error("subscribe", channel=channel) == code
    line = told(server, "subscription refused", channel=channel)
    assert (line["code"], line["user"], line["client"]) == (code, "7", client.id)
    assert why in line["why"]
    assert is_local(line["address"])


def test_refused_tokens(start):
    server = start()
    stranger = server.open()
    stranger.send({"id": 1, "connect": {"token": "no.such.token"}})
    assert stranger.ended()[0] == 3500
    line = told(server, "connection token refused")
    assert line["code"] == 3500 and line["why"] and is_local(line["address"])
    assert "no.such.token" not in server.log

    client = server.client(tokens.conn("7"))
    for token, why in ((tokens.sub("8", "plain:x"), "another user"),
                       (tokens.sub("7", "plain:y"), "another channel"),
                       (tokens.sub("7", "plain:x", client="x"), "another client")):
        client = server.client(tokens.conn("7"))
        client.send({"id": 90, "subscribe": {"channel": "plain:x", "token": token}})
        assert client.ended()[0] == 3500
        line = told(server, "subscription refused", client=client.id)
        assert why in line["why"] and line["channel"] == "plain:x" and line["user"] == "7"
        assert token not in server.log

    client = server.client(tokens.conn("7"))
    client.send({"id": 90, "refresh": {"token": tokens.conn("8")}})
    assert client.ended()[0] == 3500
    line = told(server, "refresh refused", client=client.id)
    assert "another user" in line["why"] and line["user"] == "7"


def test_without_a_token(start):
    server = start(main_config(client={"allow_anonymous_connect_without_token": False}))
    client = server.open()
    client.send({"id": 1, "connect": {}})
    assert client.ended()[0] == 3501
    assert "allow_anonymous_connect_without_token" in told(server, "connection refused")["why"]


def test_data_that_is_no_json(start):
    """Who is disconnected for it is told what prevents it."""
    server = start()
    reader = server.client(tokens.conn("8"))
    reader.subscribe("plain:x")
    server.api.call("publish", channel="plain:x", b64data="/wA=")
    assert reader.ended()[0] == 3506
    line = told(server, "disconnected: data that is no JSON, for a client that speaks it")
    assert (line["code"], line["user"], line["channel"]) == (3506, "8", "plain:x")
    assert "publication_data_format: json" in line["why"]


def test_lost_lines_are_a_metric(start):
    server = start(main_config(node={"info_metrics_aggregate_interval": "200ms"}))

    def items():
        return server.api.call("info")["nodes"][0].get("metrics", {}).get("items", {})
    server.wait(lambda: "centrifugo.log.lines_lost_total" in items(), "the metric")
