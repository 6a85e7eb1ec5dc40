# SPDX-License-Identifier: MIT
"""history: limit, since, reverse, sizes and lifetimes."""

import pytest

from rig import tokens


def fill(server, name, n):
    """Publishes 1..n and returns the epoch."""
    for i in range(1, n + 1):
        result = server.api.publish(name, i)
        assert result["offset"] == i
    return result["epoch"]


def data(result):
    return [p["data"] for p in result["publications"]]


def test_position_only_without_limit(main, channel):
    name = channel("all")
    epoch = fill(main, name, 3)
    assert main.client().call("history", channel=name) == {
        "publications": [], "epoch": epoch, "offset": 3}


def test_never_published(main, channel):
    client, name = main.client(), channel("all")
    first = client.call("history", channel=name, limit=10)
    assert first["publications"] == [] and first["offset"] == 0 and len(first["epoch"]) == 8
    assert client.call("history", channel=name) == first
    assert main.api.publish(name, 1) == {"offset": 1, "epoch": first["epoch"]}


def test_members_of_a_publication(main, channel):
    name = channel("all")
    client = main.client(tokens.conn("u1", info={"i": 1}))
    client.publish(name, "one")
    main.api.publish(name, "two", tags={"k": "v"})
    first, second = client.call("history", channel=name, limit=5)["publications"]
    epoch = first.pop("epoch")
    assert len(epoch) == 8
    assert first == {"data": "one", "offset": 1,
                     "info": {"user": "u1", "client": client.id, "conn_info": {"i": 1}}}
    assert second == {"data": "two", "offset": 2, "tags": {"k": "v"}}


@pytest.mark.parametrize("fields, want", [
    ({"limit": 2}, [4, 5]),
    ({"limit": 100}, list(range(4, 14))),
    ({"limit": -1}, list(range(4, 14))),
    ({"limit": 2, "reverse": True}, [13, 12]),
    ({"limit": 3, "since": 6}, [7, 8, 9]),
    ({"limit": -1, "since": 11}, [12, 13]),
    ({"limit": 3, "since": 13}, []),
    ({"limit": 3, "since": 99}, []),
    ({"limit": 2, "since": 1}, [4, 5]),
    ({"limit": 2, "since": 9, "reverse": True}, [8, 7]),
    ({"limit": -1, "since": 6, "reverse": True}, [5, 4]),
    ({"limit": -1, "since": 4, "reverse": True}, []),
    ({"limit": 0, "since": 6}, []),
], ids=str)
def test_pages(plain, channel, fields, want):
    """13 published, 10 kept: 4..13."""
    name = channel("all")
    epoch = fill(plain, name, 13)
    for given in ("", epoch):
        request = dict(fields)
        if "since" in request:
            request["since"] = {"offset": request["since"], "epoch": given}
        result = plain.client().call("history", channel=name, **request)
        assert data(result) == want
        assert (result["offset"], result["epoch"]) == (13, epoch)
        assert [p["offset"] for p in result["publications"]] == want


def test_wrong_epoch(main, channel):
    name = channel("all")
    fill(main, name, 1)
    client = main.client()
    assert client.error("history", channel=name, limit=1, since={"offset": 0, "epoch": "x"}) == 112


def test_reverse_from_zero(main, channel):
    name = channel("all")
    fill(main, name, 1)
    assert main.client().error("history", channel=name, limit=1, reverse=True,
                               since={"offset": 0, "epoch": ""}) == 107


def test_publication_limit(main, channel):
    """A client gets at most 300, whatever it asks for."""
    client, name = main.client(), channel("big")
    ids = [client.next_id() for _ in range(310)]
    client.send(*({"id": n, "publish": {"channel": name, "data": n}} for n in ids))
    assert client.reply(ids[-1]) == {"publish": {}}
    for limit in (-1, 301, 5000):
        assert len(client.call("history", channel=name, limit=limit)["publications"]) == 300


@pytest.mark.parametrize("name, code", [
    ("nosuch:x", 102), ("plain:x", 108), ("closed:x", 103), ("regex:X", 107)])
def test_refused(main, name, code):
    assert main.client(tokens.conn("u1")).error("history", channel=name, limit=1) == code


def test_permissions(main, channel):
    name = channel("clients")
    assert main.client().error("history", channel=name) == 103
    assert main.client(tokens.conn("u1")).call("history", channel=name)
    name, client = channel("subs"), main.client(tokens.conn("u1"))
    assert client.error("history", channel=name) == 103
    client.subscribe(name)
    assert client.call("history", channel=name)


def test_empty_channel(main):
    client = main.client()
    client.ask("history", channel="")
    assert client.ended() == (3501, "bad request")


def test_ttl_drops_publications_and_keeps_the_position(plain, channel):
    client, name = plain.client(), channel("ttl")
    epoch = fill(plain, name, 2)
    plain.wait(lambda: not client.call("history", channel=name, limit=10)["publications"],
               "expiry of history")
    assert client.call("history", channel=name) == {"publications": [], "epoch": epoch, "offset": 2}
    assert plain.api.publish(name, 3) == {"offset": 3, "epoch": epoch}


def test_meta_ttl_starts_a_new_stream(start, channel):
    """The stream goes once nobody publishes or reads for long enough."""
    server = start()
    name, other = channel("meta"), channel("ttl")
    epoch = fill(server, name, 2)
    fill(server, other, 1)
    probe = server.client()
    server.wait(lambda: not probe.call("history", channel=other, limit=1)["publications"], "expiry")
    fill(server, channel("ttl"), 1)
    for _ in range(3):      # the sweep runs once a second, and a read would extend the life
        marker = channel("ttl")
        fill(server, marker, 1)
        server.wait(lambda m=marker: not probe.call("history", channel=m, limit=1)["publications"],
                    "expiry")
    result = server.api.publish(name, 1)
    assert result["offset"] == 1 and result["epoch"] != epoch


def test_history_remove_keeps_the_position(main, channel):
    client, name = main.client(), channel("all")
    epoch = fill(main, name, 3)
    main.api.call("history_remove", channel=name)
    assert client.call("history", channel=name, limit=10) == {
        "publications": [], "epoch": epoch, "offset": 3}
    assert main.api.publish(name, 4)["offset"] == 4
