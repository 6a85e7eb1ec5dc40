# SPDX-License-Identifier: MIT
"""A NUL inside a counted text: never its end, never a crash."""

import pytest

from rig import tokens
from rig.client import Client
from rig.config import main as main_config


def long_key(name, size):
    return '{"%s\\u0000%s":1}' % (name, "a" * size)


@pytest.mark.parametrize("size", [0, 60_000, 600_000])
def test_key_of_a_command_before_connect(start, size):
    """621 bytes on the wire were enough once."""
    server = start(main_config(websocket={"compression": True}))
    client = server.open(deflate=True)
    client.ws.send(long_key("id", size), compress=True)
    assert client.ended() == (3501, "bad request")
    assert server.client().id


@pytest.mark.parametrize("name", ["channel", "chan", ""])
@pytest.mark.parametrize("size", [0, 2_000_000])
def test_key_of_an_api_request(plain, name, size):
    """The field it looks like is missing, so the channel is."""
    res = plain.api.post("publish", long_key(name, size))
    assert (res.status, res.json["error"]["code"]) == (200, 107)
    assert plain.client().id


CLAIMS = [
    {"sub": "u\0x"}, {"channels": ["plain:a\0b"]}, {"subs": {"plain:a\0b": {}}},
    {"jti": "a\0"}, {"channels": ["\0"]},
]


@pytest.mark.parametrize("claims", CLAIMS, ids=ascii)
def test_claims(plain, claims):
    """Somebody else would read the name as it ends at the NUL."""
    client = Client(plain.address)
    client.ask("connect", token=tokens.make({"sub": "u1", **claims}))
    assert client.ended()[0] == 3500
    assert "\0" not in "".join(plain.api.call("channels")["channels"])


def test_channel_of_a_subscription_token(plain, channel):
    client, name = plain.client(tokens.conn("u1")), channel("closed")
    assert client.error("subscribe", channel=name, token=tokens.sub("u1", name + "\0")) == 103
    assert client.error("subscribe", channel=name, token=tokens.sub("u1", name, client="\0")) == 103
