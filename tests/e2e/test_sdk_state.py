# SPDX-License-Identifier: MIT
"""SDKs: a stream that is another one than the subscription was made in.  A stream goes
when nobody has used it for a second; all SDKs wait for it together."""

import pytest

from rig import tokens
from rig.config import main as main_config


def user_of(name):
    """A token for a subscription whose state counts."""
    return tokens.conn("u1", subs={name: {"override": {"force_recovery": {"value": True}}}})


def test_next_publication_tells(start, everyone, channel):
    """2500 for a subscription, 3010 for one from the server; then none has recovered, and
    all goes on."""
    server, name = start(), channel("meta")
    conns = [sdk.client(server, user_of(name)) for sdk in everyone]
    subs = [sdk.client(server).subscribe(name, recoverable=True) for sdk in everyone]
    twins = [channel("meta") for _ in range(50)]
    epochs = {twin: server.api.publish(twin, 1)["epoch"] for twin in [name, *twins]}

    def gone():
        """Looks at a twin that no one has looked at, which would keep it."""
        twin = twins.pop()
        return server.api.call("history", channel=twin)["epoch"] != epochs[twin]

    for client in conns + subs:
        assert client.data(1) == [1]
    while not gone():
        with pytest.raises(TimeoutError):
            subs[0].next(timeout=0.1)
    assert server.api.publish(name, 2)["offset"] == 1
    for sub in subs:
        assert sub.wait("subscribing") == {"code": 2500, "reason": "insufficient state"}
    for client in conns:
        assert client.wait("connecting") == {"code": 3010, "reason": "insufficient state"}
    for client in conns + subs:
        again = client.wait("subscribed")
        assert again["was_recovering"] and not again["recovered"]
    server.api.publish(name, 3)
    for client in conns + subs:
        assert client.data(1) == [3]


def test_the_check_of_positions_tells(start, everyone, channel):
    """Even when nothing is published."""
    server = start(main_config(client={
        "channel_position_check_delay": "3s", "presence_update_interval": "300ms"}))
    name = channel("meta")
    server.api.publish(name, 1)
    conns = [sdk.client(server, user_of(name)) for sdk in everyone]
    subs = [sdk.client(server).subscribe(name, positioned=True) for sdk in everyone]
    for sub in subs:
        assert sub.wait("subscribing") == {"code": 2500, "reason": "insufficient state"}
        assert sub.wait("subscribed")["position"]["offset"] == 0
    for client in conns:
        assert client.wait("connecting") == {"code": 3010, "reason": "insufficient state"}
        client.wait("subscribed")
