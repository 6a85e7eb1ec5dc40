# SPDX-License-Identifier: MIT
"""The official JavaScript SDK in node, in both encodings; the checks are in js/sdk.mjs."""

import pytest

from rig import node, tokens
from rig.api import KEY

pytestmark = pytest.mark.skipif(node.missing() is not None, reason=str(node.missing()))

NAMESPACE = {"main_job": "all", "join_leave": "jl", "server_side": "plain", "rpc_and_errors": "plain",
             "tokens": "closed", "invalid_token": "plain", "batching": "all"}


@pytest.mark.parametrize("check", NAMESPACE)
def test_sdk(main, channel, check):
    name = channel(NAMESPACE[check])
    base = "%s:%d" % main.address
    node.run(
        "sdk.mjs", check, main.encoding, URL=f"ws://{base}/connection/websocket",
        API=f"http://{base}/api", API_KEY=KEY, CHANNEL=name,
        TOKEN=tokens.conn("js", info={"sdk": "js"}), EXPIRED=tokens.conn("js", exp=1),
        TOKEN_WITH_CHANNEL=tokens.conn(name, channels=[name]),
        SUB_TOKEN=tokens.sub("js", "$" + name), EXPIRED_SUB=tokens.sub("js", "$" + name, exp=1))
