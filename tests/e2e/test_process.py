# SPDX-License-Identifier: MIT
"""The process's environment: limits, CPUs, descriptors, signals, children."""

import os
import re
import resource
import signal
import subprocess
import time

import pytest

from conftest import rotor_only
from rig.config import main as main_config
from rig.server import binary, environment
from rig.ws import open_socket

pytestmark = rotor_only

MEANINGLESS = ["SIGUSR1", "SIGUSR2", "SIGALRM", "SIGVTALRM", "SIGPROF", "SIGIO", "SIGSTKFLT",
               "SIGPWR", "SIGXFSZ", "SIGXCPU", "SIGPIPE", "SIGQUIT", "SIGCHLD", "SIGURG",
               "SIGWINCH", "SIGCONT", "SIGRTMIN", "SIGRTMAX"]


def started(server):
    return server.line(lambda line: line["message"] == "started")


def accepts(server):
    server.open().close()


def health(server):
    """Whether the server answers on a new connection, within a second."""
    try:
        with open_socket(server.address, 1) as sock:
            sock.sendall(b"GET /nothing HTTP/1.1\r\nHost: x\r\n\r\n")
            return sock.recv(12).startswith(b"HTTP/1.1 404")
    except OSError:
        return False


def test_signals_that_mean_nothing(start):
    server = start()
    client = server.client()
    for name in MEANINGLESS:
        server.signal(getattr(signal, name))
    for number in range(signal.SIGRTMIN, signal.SIGRTMAX + 1):
        server.signal(number)
    client.fence()
    server.check()


def test_inherited_mask_and_dispositions(start):
    """Who started us may have blocked or ignored what we need."""
    def spoil():
        signal.pthread_sigmask(signal.SIG_SETMASK, signal.valid_signals())
        for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGCHLD):
            signal.signal(number, signal.SIG_IGN)
    server = start(popen={"preexec_fn": spoil})
    server.signal(signal.SIGTERM)
    assert server.wait_exit() == 0


def takes_signals(pid):
    """Whether it has got that far: SIGUSR2 is ignored."""
    with open(f"/proc/{pid}/status", encoding="ascii") as status:
        mask = re.search(r"SigIgn:\s*(\w+)", status.read())[1]
    return int(mask, 16) >> (signal.SIGUSR2 - 1) & 1


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda s: s.name)
def test_a_signal_during_the_start(start, number):
    """It waits until the server is ready for it."""
    server = start(ready=False)
    server.wait(lambda: takes_signals(server.process.pid), "taking signals")
    server.signal(number)
    if number == signal.SIGTERM:
        assert server.wait_exit() == 0
    else:
        server.wait_ready()
        accepts(server)


def test_descriptors_0_to_2_are_guarded(start):
    def close():
        for fd in (0, 1, 2):
            os.close(fd)
    server = start(popen={"preexec_fn": close})
    for fd in (0, 1, 2):
        assert os.readlink(f"/proc/{server.process.pid}/fd/{fd}") == "/dev/null"
    client = server.open()
    client.send({"id": 1, "connect": {"token": "no.such.token"}})
    assert client.ended()[0] == 3500
    server.client().fence()


def test_closed_stderr_of_a_command():
    done = subprocess.run([binary(), "version"], env=environment(), stdout=subprocess.PIPE,
                          preexec_fn=lambda: os.close(2), timeout=60)
    assert done.returncode == 0 and done.stdout.startswith(b"Rotor")


def limit_files(soft, hard):
    return lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_limit_of_files_is_lifted(start):
    server = start(popen={"preexec_fn": limit_files(64, 1000)})
    with open(f"/proc/{server.process.pid}/limits") as limits:
        assert re.search(r"Max open files\s+1000\s+1000", limits.read())
    assert server.line(lambda line: line.get("limit"))["limit"] == 1000     # that is not many
    clients = [server.client() for _ in range(100)]
    clients[-1].fence()


def spells(server):
    return [line for line in server.log_lines() if line["message"].startswith(
        ("cannot accept connections", "accepting connections again"))]


@pytest.mark.parametrize("workers", [1], indirect=True)
def test_each_spell_without_descriptors(start, workers):
    server = start(env={"ROTOR_WORKERS": workers}, popen={"preexec_fn": limit_files(100, 100)})
    for spell in (1, 2, 3):
        socks = []
        for _ in range(130):
            socks.append(open_socket(server.address, 5))
        server.wait(lambda: len(spells(server)) == 2 * spell - 1, "a word about the shortage")
        time.sleep(0.5)         # a flood of further words, if there is one
        for sock in socks:
            sock.close()
        server.wait(lambda: health(server), "serving again")
        server.wait(lambda: len(spells(server)) == 2 * spell, "the end of the shortage")
    lines = spells(server)
    assert [line["level"] for line in lines] == ["warn", "info"] * 3
    assert all(line["error"] == "Too many open files" for line in lines[::2])
    assert all(400 <= line["ms"] < 60000 for line in lines[1::2])


def test_workers_by_affinity(start):
    one = {min(os.sched_getaffinity(0))}
    server = start(popen={"preexec_fn": lambda: os.sched_setaffinity(0, one)})
    server.wait(lambda: '"started"' in server.log, "the start")
    assert started(server)["workers"] == 1


def test_more_workers_than_cpus_by_the_configuration(start):
    one = {min(os.sched_getaffinity(0))}
    server = start(env={"ROTOR_WORKERS": 3},
                   popen={"preexec_fn": lambda: os.sched_setaffinity(0, one)})
    server.wait(lambda: '"started"' in server.log, "the start")
    assert started(server)["workers"] == 3


def cpu_cgroup():
    """A folder in which a cgroup with a quota can be made, and the name of the quota's file."""
    with open("/proc/self/mountinfo") as mounts:
        for line in mounts:
            left, _, right = line.partition(" - ")
            kind, options, folder = right.split()[0], right.split()[2], left.split()[4]
            if kind == "cgroup" and "cpu" in options.split(","):
                return folder, "cpu.cfs_quota_us", "{}"
            if kind == "cgroup2":
                with open(os.path.join(folder, "cgroup.subtree_control"), encoding="ascii") as control:
                    if "cpu" in control.read().split():
                        return folder, "cpu.max", "{} 100000"
    return None


def test_workers_by_quota(start):
    """Where we may make cgroups.  (tests/unit/test_cpus.c has all kinds of them.)"""
    place = cpu_cgroup()
    if place is None or not os.access(place[0], os.W_OK):
        return
    folder, name, text = place
    group = os.path.join(folder, f"rotor-e2e-{os.getpid()}")
    try:
        os.makedirs(os.path.join(group, "inner"))
        with open(os.path.join(group, name), "w", encoding="ascii") as quota:
            quota.write(text.format(100000))
    except OSError:
        return

    def enter():
        with open(os.path.join(group, "inner", "cgroup.procs"), "w", encoding="ascii") as procs:
            procs.write(str(os.getpid()))
    try:
        server = start(popen={"preexec_fn": enter})
        server.wait(lambda: '"started"' in server.log, "the start")
        assert started(server)["workers"] == 1
        server.stop()
    finally:
        os.rmdir(os.path.join(group, "inner"))
        os.rmdir(group)


def children(server):
    pid = server.process.pid
    with open(f"/proc/{pid}/task/{pid}/children", encoding="ascii") as listed:
        return listed.read().split()


def test_inherited_children_leave_no_zombies(start):
    """As those that the first process of a container inherits."""
    def fork():
        for seconds in (0, 1):
            if os.fork() == 0:
                time.sleep(seconds)
                os._exit(0)
    server = start(popen={"preexec_fn": fork})
    server.wait(lambda: not children(server), "the end of the last child")
    server.check()
