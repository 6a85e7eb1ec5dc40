# SPDX-License-Identifier: MIT
"""Stopping: clients are told, what is queued is sent, the exit status is 0."""

import os
import signal
import time

import pytest

from conftest import rotor_only
from rig.config import main as main_config
from rig.ws import open_socket


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_clients_are_told(start, workers, encoding, number):
    server = start(env={"ROTOR_WORKERS": workers})
    clients = [server.client(encoding=encoding) for _ in range(20)]
    idle = server.open(encoding)
    server.signal(number)
    for client in clients:
        assert client.ended() == (3001, "shutdown")
    assert idle.ended()[0] in (3001, None)
    assert server.wait_exit() == 0


def test_without_clients(start):
    server = start()
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0
    assert time.monotonic() - begin < 15   # shutdown.timeout: 20s


def test_listeners_are_closed(start):
    server = start()
    client = server.client()
    server.signal(signal.SIGTERM)
    client.ended()
    server.wait_exit()
    with pytest.raises(OSError):
        open_socket(server.address, 1)


def test_port_can_be_used_again_at_once(start):
    first = start()
    client = first.client()
    first.stop()
    client.close()
    second = start(main_config(http_server={"port": first.port}))
    second.client().fence()


def test_queued_publications_are_sent_first(start, channel):
    server = start()
    name = channel("plain")
    client = server.client()
    client.subscribe(name)
    for i in range(200):
        server.api.publish(name, i)
    server.signal(signal.SIGTERM)
    assert client.ended() == (3001, "shutdown")
    assert [m["push"]["pub"]["data"] for m in client.inbox] == list(range(200))


def test_clients_that_do_not_answer(start):
    """Their silence delays the end, but not for ever."""
    server = start(main_config(shutdown={"timeout": "15s"}))
    client = server.client()
    client.ws.close_sent = True
    server.signal(signal.SIGTERM)
    assert server.wait_exit(14) == 0


def test_clients_that_do_not_answer_and_little_time(start):
    """They are dropped before shutdown.timeout, which is for what hangs."""
    server = start(main_config(shutdown={"timeout": "3s"}))
    for _ in range(4):
        server.client().ws.close_sent = True
    server.signal(signal.SIGTERM)
    assert server.wait_exit(14) == 0
    assert "giving up" not in server.log


def test_second_signal(start):
    """It may cut the waiting short (status 1), not more."""
    server = start()
    server.client()
    server.signal(signal.SIGTERM)
    server.wait(lambda: "shut" in server.log or "stopping" in server.log, "stopping")
    server.signal(signal.SIGTERM)
    assert server.wait_exit() in (0, 1)


def test_pid_file(start, tmp_path):
    path = tmp_path / "rotor.pid"
    server = start(main_config(pid_file=str(path)))
    server.wait(path.exists, "the pid file")
    server.client().fence()
    assert path.read_text() == f"{server.process.pid}\n"
    assert path.stat().st_mode & 0o777 == 0o600
    server.stop()
    assert not path.exists()


@rotor_only
def test_clients_leave_spread_over_time(start):
    """So that they do not all come back in one moment."""
    server = start(main_config(shutdown={"spread": "1s"}))
    clients = [server.client() for _ in range(20)]
    server.signal(signal.SIGTERM)
    begin, ends = time.monotonic(), []
    for client in clients:
        assert client.ended() == (3001, "shutdown")
        ends.append(time.monotonic() - begin)
    assert 0.4 < max(ends) < 15
    assert server.wait_exit() == 0


@rotor_only
def test_sighup_keeps_everything_running(start, channel):
    server = start()
    name, client = channel("plain"), server.client()
    client.subscribe(name)
    server.signal(signal.SIGHUP)
    server.api.publish(name, 1)
    assert client.pub()["data"] == 1
    server.check()
    assert os.path.exists(f"/proc/{server.process.pid}")
