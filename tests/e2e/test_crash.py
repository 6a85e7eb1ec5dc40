# SPDX-License-Identifier: MIT
"""A crash leaves a last line with the culprit's name and a backtrace, and the right status."""

import os
import signal

import pytest

from conftest import rotor_only
from rig.config import main as main_config
from rig.ws import open_socket

pytestmark = rotor_only

MODULE = os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests/abi/.libs/crash.so")
MODULES = ["http", "websocket", "engine_memory", "auth_jwt", os.path.abspath(MODULE)]

WAYS = {
    "write": signal.SIGSEGV,        # a wrong pointer
    "call": signal.SIGSEGV,         # a function that is not there
    "library": signal.SIGSEGV,      # inside the C library
    "stack": signal.SIGSEGV,        # there is no stack left for a handler
    "timer": signal.SIGSEGV,        # called by the core
    "divide": signal.SIGFPE,
    "assert": signal.SIGABRT,
    "abort": signal.SIGABRT,
}


def unless_sanitized(server):
    if server.sanitized():
        server.stop()
        return True         # their own handlers tell it
    return False


def last_line(server):
    lines = [line for line in server.log_lines() if line["message"] == "crashed"]
    assert len(lines) == 1, server.log
    return lines[0]


def backtrace(server):
    return server.log[server.log.rindex('"crashed"'):].splitlines()[1:]


@pytest.mark.parametrize("how", WAYS)
def test_the_module_is_named(start, how):
    server = start(main_config(modules=MODULES), ready=True)
    if unless_sanitized(server):
        return
    with open_socket(server.address, 10) as sock:
        sock.sendall(f"GET /crash?{how} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
        assert server.wait_exit() == -WAYS[how]
    line = last_line(server)
    assert line["level"] == "fatal"
    assert line["signal"] == WAYS[how].name
    assert line["module"] == "crash"
    assert line["thread"].startswith("rotor-w")
    assert line["busy"]
    frames = backtrace(server)
    assert any("crash.so" in frame for frame in frames[:8 if how != "stack" else 1])
    if how != "stack":
        assert any("librotor.so" in frame for frame in frames) or how == "call"


@pytest.mark.parametrize("number", [signal.SIGSEGV, signal.SIGBUS, signal.SIGILL, signal.SIGFPE,
                                    signal.SIGABRT, signal.SIGSYS, signal.SIGTRAP],
                         ids=lambda s: s.name)
def test_sent_from_outside(start, number):
    server = start()
    if unless_sanitized(server):
        return
    server.signal(number)
    assert server.wait_exit() == -number
    line = last_line(server)
    assert (line["signal"], line["thread"], line["module"]) == (number.name, "rotor", "")
    assert any("epoll_wait" in frame or "librotor" in frame for frame in backtrace(server))


def test_in_text_and_to_a_file(start, tmp_path):
    log = tmp_path / "rotor.log"
    server = start(main_config(log={"format": "text", "file": str(log)}))
    if unless_sanitized(server):
        return
    server.signal(signal.SIGABRT)
    assert server.wait_exit() == -signal.SIGABRT
    text = log.read_text()
    assert "FATAL server: crashed signal=SIGABRT thread=rotor " in text
    assert text.index("started") < text.index("crashed")
    assert server.log == ""


def test_nobody_reads_the_log(start):
    """The crash is not delayed for ever by a pipe that is full."""
    readable, writable = os.pipe()
    os.set_blocking(writable, False)
    server = start(main_config(log={"level": "debug"}), popen={"stderr": writable, "stdout": writable})
    sanitized = unless_sanitized(server)
    try:
        while not sanitized:
            os.write(writable, b"x" * 4096)
    except BlockingIOError:
        server.signal(signal.SIGSEGV)
        assert server.wait_exit() == -signal.SIGSEGV
    finally:
        os.close(writable)
        os.close(readable)
