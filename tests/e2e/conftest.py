# SPDX-License-Identifier: MIT
"""Fixtures: shared daemons, daemons of one's own, channels, and what to skip.

A test that takes `main` or `quick` runs against a daemon that all tests of the
session share, once for each number of workers and each encoding; it uses
channels of its own.  A test that takes `start` gets daemons with any
configuration, which are stopped, and checked, when it ends.  A test that takes
`sdk` is a scenario that runs on each official SDK; with `together` and `everyone`
all of them run it at once.
"""

import concurrent.futures
import itertools
import os
import uuid

import pytest

from rig import config, sdk as sdks, server

ROTOR = server.is_rotor()
WORKERS = (1, 2) if ROTOR else (1,)
rotor_only = pytest.mark.skipif(not ROTOR, reason="a feature of Rotor's own")


class Pool:
    """The shared daemons of this process, by name and number of workers."""

    def __init__(self, factory):
        self.factory = factory
        self.running = {}

    def get(self, name, workers):
        key = (name, workers)
        if key not in self.running:
            directory = self.factory.mktemp(f"{name}{workers}")
            self.running[key] = server.Server(directory, config.SHARED[name],
                                              env={"ROTOR_WORKERS": workers})
        return self.running[key]

    def drop_dead(self):
        """A daemon that one test killed must not fail the next ones."""
        self.running = {k: s for k, s in self.running.items() if s.process.poll() is None}

    def stop(self):
        for shared in self.running.values():
            shared.stop()


@pytest.fixture(scope="session")
def pool(tmp_path_factory):
    shared = Pool(tmp_path_factory)
    yield shared
    shared.stop()


class Shared:
    """A shared daemon as one test sees it: with the encoding it is to use."""

    def __init__(self, shared, encoding):
        self.server = shared
        self.encoding = encoding

    def __getattr__(self, name):
        return getattr(self.server, name)

    def open(self, **kw):
        return self.server.open(kw.pop("encoding", self.encoding), **kw)

    def client(self, token=None, **kw):
        return self.server.client(token, kw.pop("encoding", self.encoding), **kw)


def _shared(pool, name, workers, encoding):
    shared = pool.get(name, workers)
    try:
        yield Shared(shared, encoding)
        shared.close_opened()
        shared.check()
    finally:
        shared.close_opened()
        pool.drop_dead()


@pytest.fixture
def workers(request):
    return request.param


@pytest.fixture(params=["json", "protobuf"])
def encoding(request):
    return request.param


@pytest.fixture
def main(pool, workers, encoding):
    yield from _shared(pool, "main", workers, encoding)


@pytest.fixture
def quick(pool, workers):
    yield from _shared(pool, "quick", workers, "json")


@pytest.fixture
def plain(pool, workers):
    """The main daemon for tests that have nothing to do with the encoding."""
    yield from _shared(pool, "main", workers, "json")


@pytest.fixture
def timed(pool):
    """A daemon for tests that spend their time waiting for something to expire.  It pings
    seldom: an SDK that writes its pong when the Close has come takes that for the cause."""
    yield from _shared(pool, "expiring", WORKERS[-1], "json")


@pytest.fixture
def pinging(pool):
    """The quick daemon for tests that spend their time waiting."""
    yield from _shared(pool, "quick", WORKERS[-1], "json")


@pytest.fixture
def start(tmp_path):
    """start(config, ...): a daemon of one's own."""
    running = []
    numbers = itertools.count()

    def start_one(conf=None, **kw):
        directory = tmp_path / f"server{next(numbers)}"
        directory.mkdir()
        one = server.Server(directory, config.MAIN if conf is None else conf, **kw)
        running.append(one)
        return one

    yield start_one
    for one in running:
        one.stop()


@pytest.fixture
def channel():
    """channel("ns"): a name that no other test uses."""
    def make(namespace=""):
        name = uuid.uuid4().hex[:12]
        return f"{namespace}:{name}" if namespace else name
    return make


@pytest.fixture(scope="session")
def drivers():
    """The drivers of this process's SDKs, by name."""
    running = {}
    yield running
    for driver in running.values():
        driver.close()


def pytest_generate_tests(metafunc):
    """A test runs once for each number of workers, unless it says which.  One that takes
    `sdk` runs once for each SDK that can do what it needs, with the most workers."""
    sdk = "sdk" in metafunc.fixturenames
    own = any("workers" in mark.args[0] for mark in metafunc.definition.iter_markers("parametrize"))
    if "workers" in metafunc.fixturenames and not own:
        metafunc.parametrize("workers", WORKERS[-1:] if sdk else WORKERS, indirect=True,
                             ids=lambda n: f"w{n}")
    if sdk:
        marker = metafunc.definition.get_closest_marker("needs")
        metafunc.parametrize("sdk_name", sdks.having(marker and marker.args[0]))


@pytest.fixture
def sdk(sdk_name, encoding, drivers):
    """Clients of one SDK and encoding."""
    missing = sdks.SDKS[sdk_name].missing
    if missing:
        pytest.skip(missing)
    clients = sdks.clients(drivers, sdk_name, encoding)
    yield clients
    clients.close()


@pytest.fixture
def everyone(drivers):
    """Clients of every SDK that is here, in both encodings."""
    clients = [sdks.clients(drivers, name, encoding)
               for name, one in sdks.SDKS.items() if one.missing is None
               for encoding in ("json", "protobuf")]
    yield clients
    for one in clients:
        one.close()


@pytest.fixture
def together(everyone):
    """together(scenario): runs scenario(sdk) for everyone at once, since it waits a lot."""
    def run(scenario):
        with concurrent.futures.ThreadPoolExecutor(len(everyone)) as pool:
            running = {str(one): pool.submit(scenario, one) for one in everyone}
        failed = [name for name, one in running.items() if one.exception() is not None]
        if failed:
            raise AssertionError(f"{failed} of {list(running)}") from running[failed[0]].exception()
    return run


def pytest_report_header():
    return f"server: {server.binary()}, asan options: {os.environ.get('ASAN_OPTIONS', '-')}"
