# SPDX-License-Identifier: MIT
"""The scripts of wire_cases/*.yaml: frames in, frames out (see rig/script.py)."""

import itertools
import pathlib

import pytest
import yaml
from rig import config, server
from rig.script import Script
from rig.ws import WebSocket

FOLDER = pathlib.Path(__file__).parent / "wire_cases"
BASE = yaml.safe_load((FOLDER / "config.yaml").read_text())
unique = itertools.count()


class WireServer(server.Server):
    def open_ws(self, subprotocols):
        return self.keep(WebSocket(self.address, subprotocols=subprotocols))


def cases():
    for file in sorted(FOLDER.glob("*_cases.yaml")):
        topic = file.stem.removesuffix("_cases")
        suite = yaml.safe_load(file.read_text())
        for name, script in suite["cases"].items():
            yield pytest.param(topic, suite.get("config", {}), script.splitlines(),
                               id=f"{topic}: {name}")


@pytest.fixture(scope="session")
def wire_servers(tmp_path_factory):
    """(topic, extra configuration, workers) -> a daemon, one for all the topic's cases."""
    running = {}

    def get(topic, extra, workers):
        key = (topic, workers)
        if key not in running or running[key].process.poll() is not None:
            running[key] = WireServer(tmp_path_factory.mktemp(topic), config.merge(BASE, extra),
                                      env={"ROTOR_WORKERS": workers})
        return running[key]

    yield get
    for one in running.values():
        one.stop()


@pytest.mark.parametrize(("topic", "extra", "script"), list(cases()))
def test_wire(wire_servers, workers, topic, extra, script):
    one = wire_servers(topic, extra, workers)
    run = Script(one, f"Q{next(unique)}q")
    try:
        assert run.run(script) == script
    finally:
        run.close()
        one.close_opened()
    one.check()
