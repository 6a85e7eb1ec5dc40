# SPDX-License-Identifier: MIT
"""Running the JavaScript checks; their packages are where `npm ci` put them."""

import os
import shutil
import subprocess

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
HOME = os.environ.get("ROTOR_E2E_NODE", HERE)


def missing():
    """Why the checks cannot run, or None."""
    if not shutil.which("node"):
        return "node is not installed"
    if not os.path.isdir(os.path.join(HOME, "node_modules")):
        return f"no node_modules in {HOME}"
    return None


def run(script, *args, timeout=60, **env):
    """Runs js/<script>; fails with what it said."""
    done = subprocess.run(
        ["node", os.path.join(HERE, "js", script), *args], timeout=timeout, text=True,
        capture_output=True, env={**os.environ, "NODE_HOME": HOME, **env})
    assert done.returncode == 0, f"{script} {' '.join(args)}:\n{done.stdout}{done.stderr}"
    return done.stdout
