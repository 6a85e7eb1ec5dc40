# SPDX-License-Identifier: MIT
"""Which endpoint is served where: external, internal, unix sockets, ports in use."""

import socket
import stat

import pytest

from conftest import rotor_only
from rig.api import KEY, Api
from rig.client import Client
from rig.config import main as main_config
from rig.server import HOST, free_port
from rig.ws import Refused, WebSocket, open_socket


def status(address, verb, path):
    api = Api(address)
    try:
        return api.request(verb, path, "{}", {"X-API-Key": KEY}).status
    finally:
        api.close()


def test_internal_port(start):
    port = free_port()
    server = start(main_config(http_server={"internal_port": str(port), "internal_address": HOST}))
    internal = (HOST, port)
    server.wait(lambda: listens(internal), "the internal listener")
    server.client().fence()
    assert status(server.address, "POST", "/api/info") == 404
    assert status(server.address, "GET", "/health") == 404
    assert status(internal, "POST", "/api/info") == 200
    assert status(internal, "GET", "/health") == 200
    with pytest.raises(Refused) as refused:
        WebSocket(internal)
    assert refused.value.status == 404


def listens(address):
    try:
        open_socket(address, 1).close()
    except OSError:
        return False
    return True


def test_external_api(start):
    port = free_port()
    server = start(main_config(http_server={"internal_port": str(port), "internal_address": HOST},
                               http_api={"external": True}))
    assert status(server.address, "POST", "/api/info") == 200
    server.wait(lambda: listens((HOST, port)), "the internal listener")
    assert status((HOST, port), "POST", "/api/info") == 404


def test_port_in_use(start):
    """The message names the address; the exit status is not 0."""
    first = start()
    second = start(main_config(http_server={"port": first.port}), ready=False)
    assert second.wait_exit() != 0
    second.logged(str(first.port))
    first.client().fence()


@rotor_only
def test_unix_socket(start, channel, tmp_path):
    path = tmp_path / "rotor.sock"
    server = start(main_config(http_server={"unix_socket": str(path), "unix_socket_mode": "0600"}))
    server.wait(path.exists, "the socket")
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    name = channel("plain")
    client = server.keep(Client(path))
    client.connect()
    client.subscribe(name)
    server.api.publish(name, 1)
    assert client.pub()["data"] == 1
    server.stop()
    assert not path.exists()


@rotor_only
def test_internal_unix_socket(start, tmp_path):
    path = tmp_path / "internal.sock"
    server = start(main_config(http_server={"internal_unix_socket": str(path)}))
    server.wait(path.exists, "the socket")
    assert status(path, "POST", "/api/info") == 200
    with pytest.raises(Refused):
        Client(path)


@rotor_only
def test_stale_unix_socket_is_replaced(start, tmp_path):
    path = tmp_path / "rotor.sock"
    config = main_config(http_server={"unix_socket": str(path)})
    first = start(config)
    first.wait(path.exists, "the socket")
    first.kill()
    second = start(config)
    second.wait(lambda: listens(path), "the socket")
    second.keep(Client(path)).connect()


@rotor_only
def test_port_zero_is_logged(start):
    """The kernel's choice is in the log, one line a listener."""
    server = start(main_config(http_server={"port": 0}), ready=False)

    def lines():
        return [line["message"] for line in server.log_lines() if "serving" in line["message"]]
    server.wait(lines, "the log line")
    line, = lines()
    assert "websocket" in line and "api" in line
    port = int(line.rsplit(":", 1)[1])
    server.keep(Client((HOST, port))).connect()


@rotor_only
def test_all_addresses_of_a_name(start):
    """"localhost" is 127.0.0.1 and, where there is IPv6, ::1."""
    found = {info[4][0] for info in socket.getaddrinfo("localhost", None, type=socket.SOCK_STREAM)}
    server = start(main_config(http_server={"address": "localhost", "internal_address": "127.0.0.1",
                                            "internal_port": str(free_port())}), ready=False)

    def served():
        return {line["message"].rsplit(" ", 1)[1].rsplit(":", 1)[0].strip("[]")
                for line in server.log_lines() if "serving websocket" in line["message"]}
    server.wait(served, "the listeners")
    assert "127.0.0.1" in served() and served() <= found
    left_out = [line["address"] for line in server.log_lines() if "one address of a name" in line["message"]]
    assert len(served()) + len(left_out) == len(found)
    for address in served():
        server.keep(Client((address, server.port))).connect()


@rotor_only
@pytest.mark.parametrize("exempt, left", [([], 3), (["127.0.0.0/8"], 6)], ids=["counted", "exempt"])
def test_connections_of_an_address(start, exempt, left):
    server = start(main_config(http_server={"max_connections_per_address": 3, "max_connections_exempt": exempt}),
                   ready=False)
    server.wait(lambda: "serving" in server.log, "readiness")
    socks = [open_socket(server.address) for _ in range(6)]

    def alive():
        count = 0
        for sock in socks:
            try:
                sock.sendall(b"GET /health HTTP/1.1\r\nHost: x\r\n\r\n")
                count += bool(sock.recv(65536))
            except ConnectionError:
                pass
        return count
    assert alive() == left
    for sock in socks:
        sock.close()

    def has_room():
        try:
            return status(server.address, "GET", "/health") == 200
        except ConnectionError:
            return False
    server.wait(has_room, "room again")
    if left == 3:
        server.logged("max_connections_per_address")
    else:
        assert "max_connections_per_address" not in server.log


@rotor_only
def test_address_that_is_not_here(start):
    """The message names it."""
    server = start(main_config(http_server={"address": "192.0.2.77"}), ready=False)
    assert server.wait_exit() != 0
    server.logged("192.0.2.77:")
