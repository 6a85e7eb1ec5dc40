# SPDX-License-Identifier: MIT
"""The daemon under test: found, configured, started, watched and stopped."""

import json
import os
import random
import re
import signal
import socket
import subprocess
import time

import yaml

from .api import Api
from .client import JSON, Client
from .ws import DEADLINE

HOST = "127.0.0.1"
REPORT = re.compile(r"ERROR: (Address|Leak)Sanitizer|WARNING: ThreadSanitizer|runtime error: |"
                    r"AddressSanitizer:DEADLYSIGNAL|SUMMARY: \w+Sanitizer")


def binary():
    """The executable: ROTOR_E2E_SERVER, or the one built in TOP_BUILDDIR."""
    build = os.environ.get("TOP_BUILDDIR", os.path.join(os.path.dirname(__file__), "../../.."))
    return os.environ.get("ROTOR_E2E_SERVER") or os.path.abspath(os.path.join(build, "rotor"))


def environment(**extra):
    env = {k: v for k, v in os.environ.items()
           if not k.startswith(("ROTOR_", "CENTRIFUGO_")) or k == "ROTOR_MODULE_DIR"}
    build = os.environ.get("TOP_BUILDDIR")
    if build and "ROTOR_MODULE_DIR" not in env:
        env["ROTOR_MODULE_DIR"] = os.path.join(os.path.abspath(build), "modules", ".libs")
    env.update({k: str(v) for k, v in extra.items()})
    # One worker writes to one socket after the other, several gather: both ways are tested.
    if env.get("ROTOR_WORKERS") == "1":
        env.setdefault("ROTOR_HTTP_SERVER_IO_URING", "false")
    return env


def run(*args, env=None, timeout=60, **kw):
    """Runs a subcommand to its end."""
    return subprocess.run([binary(), *args], env=env or environment(), timeout=timeout,
                          capture_output=True, text=True, **kw)


def is_rotor():
    """Whether the binary is Rotor, or another server of the same protocol."""
    return run("version").stdout.lower().startswith("rotor")


def free_port():
    """A port nobody listens on: below those that the kernel gives to clients, and in
    a range of this test process alone."""
    mine = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0")[2:]) % 10
    while True:
        port = 10000 + mine * 2000 + random.randrange(2000)
        with socket.socket() as sock:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                sock.bind((HOST, port))
            except OSError:
                continue
        return port


class Server:
    """One running daemon.  `config` is written as YAML, as JSON for a .json name, or
    not at all when `write` is false.  `popen` says how its process differs from others."""

    def __init__(self, directory, config, *, name="rotor.yaml", env=None, args=(), ready=True,
                 command=(), write=True, popen=None):
        self.directory = directory
        self.port = free_port()
        self.address = (HOST, self.port)
        self.config = self._complete(config)
        self.file = directory / name
        if write:
            dump = json.dumps if name.endswith(".json") else yaml.safe_dump
            self.file.write_text(dump(self.config))
        self.log_path = directory / "stderr.log"
        with open(self.log_path, "wb") as log:
            self.process = subprocess.Popen(
                [binary(), *command, "-c", str(self.file), *args], cwd=directory,
                env=environment(**(env or {})),
                **{"stdin": subprocess.DEVNULL, "stdout": log, "stderr": log, **(popen or {})})
        self.opened = []
        # What is logged at the start is then in the log, as long as that is one.
        self.says_started = is_rotor() and write and popen is None and "log" not in self.config and not any(
            "log" in one.lower() for one in (*args, *(env or {})))
        self.stopping = False       # once it was told to stop
        self.exit_status = None     # once a test has waited for the end
        if ready:
            self.wait_ready()

    def _complete(self, config):
        http = dict(config.get("http_server", {}))
        http.setdefault("address", HOST)
        http.setdefault("port", self.port)
        self.port, self.address = http["port"], (http["address"], http["port"])
        config = {**config, "http_server": http}
        self.grpc_address = None
        if config.get("grpc_api", {}).get("enabled"):
            config["grpc_api"] = {"address": HOST, "port": free_port(), **config["grpc_api"]}
            self.grpc_address = (config["grpc_api"]["address"] or HOST,
                                 config["grpc_api"]["port"])
        return config

    # Watching

    @property
    def log(self):
        return self.log_path.read_text(errors="replace")

    def log_lines(self):
        """The log's JSON lines."""
        lines = []
        for line in self.log.splitlines():
            try:
                lines.append(json.loads(line))
            except ValueError:
                pass
        return lines

    def logged(self, text):
        """Waits until the log has it: what is logged is written by and by."""
        self.wait(lambda: text in self.log, text)

    def line(self, wanted):
        """The first of the log's JSON lines that is wanted, as soon as it is there."""
        self.wait(lambda: any(map(wanted, self.log_lines())), "the line")
        return next(filter(wanted, self.log_lines()))

    def wait(self, condition, what, timeout=DEADLINE):
        """Polls until the condition holds."""
        deadline = time.monotonic() + timeout
        while not condition():
            assert time.monotonic() < deadline, f"{what} did not happen; log:\n{self.log}"
            time.sleep(0.01)

    def wait_ready(self):
        def accepts(address):
            assert self.process.poll() is None, f"the server ended:\n{self.log}"
            try:
                socket.create_connection(address, 1).close()
            except OSError:
                return False
            return True
        for address in (self.address, self.grpc_address):
            if address is not None and address[1] != 0:
                self.wait(lambda: accepts(address), "readiness", 3 * DEADLINE)
        if self.says_started:
            self.line(lambda line: line.get("message") == "started")

    def check(self):
        """Fails when the daemon died or a sanitizer complained."""
        assert not REPORT.search(self.log), f"sanitizer report:\n{self.log[-20000:]}"
        assert self.process.poll() is None, f"the server ended:\n{self.log[-20000:]}"

    def cpu(self):
        """Seconds of CPU time used so far."""
        with open(f"/proc/{self.process.pid}/stat") as stat:
            fields = stat.read().rpartition(")")[2].split()
        return sum(map(int, fields[11:13])) / os.sysconf("SC_CLK_TCK")

    def peak_memory(self):
        """The most that it had resident so far, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return int(re.search(r"VmHWM:\s*(\d+) kB", status.read())[1]) * 1024

    # Ending

    def signal(self, number):
        self.stopping = self.stopping or number in (signal.SIGTERM, signal.SIGINT)
        self.process.send_signal(number)

    def wait_exit(self, timeout=3 * DEADLINE):
        """The exit status."""
        try:
            self.exit_status = self.process.wait(timeout)
        except subprocess.TimeoutExpired:
            self.kill()
            raise AssertionError(f"the server did not stop; log:\n{self.log[-20000:]}") from None
        return self.exit_status

    def kill(self):
        self.process.kill()
        self.exit_status = self.process.wait()

    def stop(self):
        """Stops it, unless it has ended by the test's will, and checks how it ended."""
        self.close_opened()
        if self.exit_status is None:
            if not self.stopping and self.process.poll() is None:
                self.signal(signal.SIGTERM)
            status = self.wait_exit()
            assert status == 0, f"exit status {status}; log:\n{self.log[-20000:]}"
        assert not REPORT.search(self.log), f"sanitizer report:\n{self.log[-20000:]}"

    def sanitized(self):
        """Whether it was built with a sanitizer."""
        with open(f"/proc/{self.process.pid}/maps") as maps:
            return bool(re.search(r"lib[atu]b?san", maps.read()))

    # Talking to it; whatever is opened here is closed at the end of the test.

    def keep(self, thing):
        self.opened.append(thing)
        return thing

    def close_opened(self):
        while self.opened:
            self.opened.pop().close()

    def open(self, encoding=JSON, **kw):
        """A client that has not sent `connect` yet."""
        return self.keep(Client(self.address, encoding, **kw))

    def client(self, token=None, encoding=JSON, **kw):
        """A connected client."""
        client = self.open(encoding, **kw)
        client.connect(**({"token": token} if token else {}))
        return client

    @property
    def api(self):
        """The API over a connection that lasts for the test."""
        found = next((thing for thing in self.opened if isinstance(thing, Api)), None)
        return found or self.keep(Api(self.address))
