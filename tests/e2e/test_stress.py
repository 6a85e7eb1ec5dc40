# SPDX-License-Identifier: MIT
"""Hundreds of clients do everything at once: tests/stress, started here for a moment.

STRESS_SECS     seconds of each of the two rounds (1.5)
STRESS_CLIENTS  clients (300)
STRESS_SEED     what they do (at random; a failure says which)
STRESS_RATE     actions a second of each client (4)

See tests/stress/README.md for longer runs.
"""

import json
import os
import random
import subprocess

import pytest

from conftest import rotor_only
from rig.api import KEY
from rig.tokens import SECRET
from rig.ws import DEADLINE
from test_churn import rss

PROGRAM = os.path.join(os.environ.get("TOP_BUILDDIR", "."), "tests", "stress", "stress")
SECS = float(os.environ.get("STRESS_SECS", 1.5))
CLIENTS = int(os.environ.get("STRESS_CLIENTS", 300))
SEED = int(os.environ.get("STRESS_SEED", random.randrange(1 << 32)))
RATE = os.environ.get("STRESS_RATE", "4")

pytestmark = [rotor_only, pytest.mark.skipif(not os.path.exists(PROGRAM),
                                             reason="not built: make tests/stress/stress")]


def config():
    namespaces = subprocess.run([PROGRAM, "--namespaces"], check=True, capture_output=True).stdout
    return {
        "client": {
            "token": {"hmac_secret_key": SECRET},
            # So small that those who do not read reach it.
            "queue_max_size": 262144,
            # So short that all of it happens during the test.
            "ping_interval": "3s", "pong_timeout": "2500ms",
            "presence_update_interval": "1s", "channel_position_check_delay": "1s",
        },
        "channel": {"namespaces": json.loads(namespaces)},
        "http_api": {"key": KEY},
        "shutdown": {"spread": "10ms", "timeout": "20s"},
    }


def run_round(server, number):
    done = subprocess.run(
        [PROGRAM, "--port", str(server.port), "--api-key", KEY, "--secret", SECRET,
         "--run", f"round{number}", "--seed", str(SEED + number), "--clients", str(CLIENTS),
         "--secs", str(SECS), "--rate", RATE, "--deadline", str(3 * DEADLINE)],
        stdout=subprocess.PIPE, text=True, timeout=SECS + 20 * DEADLINE)
    server.check()
    assert done.returncode == 0, done.stdout
    print(done.stdout)


def is_empty(server):
    node = server.api.call("info")["nodes"][0]
    counts = [node.get(name, 0) for name in ("num_clients", "num_users", "num_subs", "num_channels")]
    return counts == [0, 0, 0, 0]


@pytest.mark.parametrize("workers", [1, 2, 4])
def test_everything_at_once(start, workers):
    server = start(config(), env={"ROTOR_WORKERS": workers})
    memory = []
    for number in (1, 2):
        run_round(server, number)
        server.wait(lambda: is_empty(server), "the end of all clients")
        memory.append(rss(server))
    assert not [line for line in server.log_lines() if line.get("level") in ("error", "fatal")]
    if not server.sanitized():      # a sanitizer keeps freed memory for a while
        assert memory[1] - memory[0] < 16 << 20
