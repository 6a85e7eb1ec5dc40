# SPDX-License-Identifier: MIT
"""A position that is lost: when the server finds out, and what it says to whom."""

import pytest
from conftest import WORKERS

from rig import tokens
from rig.config import EVERYTHING, main as main_config

LOST = {"code": 2500, "reason": "insufficient state"}
# A stream goes a second after its last use; nobody looks at it unasked.
SHORT = {**EVERYTHING, "history_size": 10, "history_ttl": "1s", "history_meta_ttl": "1s"}
NAMESPACES = [
    {"name": "live", **SHORT, "force_positioning": True},
    {"name": "rec", **SHORT, "force_recovery": True},
    {"name": "ask", **SHORT},
    {"name": "long", **EVERYTHING, "history_size": 10, "history_ttl": "300s", "force_positioning": True},
]
UNCHECKED = main_config(channel={"namespaces": NAMESPACES})
CHECKED = main_config(channel={"namespaces": NAMESPACES}, client={
    "presence_update_interval": "500ms", "channel_position_check_delay": "3s"})


@pytest.fixture(params=WORKERS, ids=lambda n: f"w{n}")
def unchecked(start, request):
    return start(UNCHECKED, env={"ROTOR_WORKERS": request.param})


@pytest.fixture(params=WORKERS, ids=lambda n: f"w{n}")
def checked(start, request):
    return start(CHECKED, env={"ROTOR_WORKERS": request.param})


def begin_again(server, twin, *names):
    """Publishes into new streams of the channels; their epochs.  That the old ones are gone
    is seen from twins that were made after them: a look keeps what is there alive."""
    api = server.api
    old = {name: api.publish(name, 1)["epoch"] for name in names}
    twins = [f"{twin}-{i}" for i in range(400)]
    made = api.call("broadcast", channels=twins, data=1)["responses"]
    epochs = {name: response["result"]["epoch"] for name, response in zip(twins, made)}

    def gone():
        name = twins.pop()
        return api.call("history", channel=name)["epoch"] != epochs[name]

    server.wait(gone, "the end of the streams")
    new = {name: api.publish(name, 2)["epoch"] for name in names}
    assert all(new[name] != old[name] for name in names)
    return new


def test_new_stream(unchecked, channel):
    """It ends client-side subscriptions, for the client to subscribe again, and the
    connections with server-side ones.  Who has no position loses none."""
    live, rec, ask, api = channel("live"), channel("rec"), channel("ask"), channel("live")
    client, protobuf = unchecked.client(), unchecked.client(encoding="protobuf")
    client.subscribe(live)
    protobuf.subscribe(rec)
    asked, other = unchecked.client(), unchecked.client()
    asked.subscribe(ask, positioned=True)
    other.subscribe(ask)
    token, ordered = (unchecked.client(tokens.conn(user, channels=names))
                      for user, names in (("u1", [live]), ("u2", [])))
    unchecked.api.call("subscribe", user="u2", channel=api)
    epochs = begin_again(unchecked, channel("ask"), live, rec, ask, api)
    for who, name in ((client, live), (protobuf, rec), (asked, ask)):
        assert who.pub()["data"] == 1
        assert who.push() == {"channel": name, "unsubscribe": LOST}
    assert [other.pub()["data"] for _ in range(2)] == [1, 2]
    assert token.ended() == ordered.ended() == (3010, "insufficient state")
    again = protobuf.subscribe(rec, recover=True, offset=1, epoch="gone")
    assert again["epoch"] == epochs[rec] and "recovered" not in again
    assert unchecked.api.publish(rec, 3)["offset"] == protobuf.pub()["offset"]


def test_check_finds_a_lost_stream(checked, channel):
    """Nothing is published any more, and still the client learns of it."""
    name = channel("live")
    client, server_side = checked.client(), checked.client(tokens.conn("u1", channels=[name]))
    client.subscribe(name)
    checked.api.publish(name, 1)
    assert client.pub()["offset"] == 1
    assert client.push() == {"channel": name, "unsubscribe": LOST}
    assert server_side.ended() == (3010, "insufficient state")


def test_check_is_content(checked, channel):
    """Neither publications without history nor a history that is cleared are a loss."""
    name, other = channel("long"), channel("live")
    client = checked.client()
    client.subscribe(name)
    checked.api.publish(name, 1)
    checked.api.publish(name, 2, skip_history=True)
    checked.api.call("history_remove", channel=name)
    # What is subscribed later on the same connection is not checked before.
    client.subscribe(other)
    checked.api.publish(other, "lost")
    assert [client.pub()["data"] for _ in range(3)] == [1, 2, "lost"]
    assert client.push() == {"channel": other, "unsubscribe": LOST}
    checked.api.publish(name, 3)
    assert [p["pub"]["data"] for p in client.pushes()] == [3]
