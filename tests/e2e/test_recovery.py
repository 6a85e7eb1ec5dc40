# SPDX-License-Identifier: MIT
"""Recovery of missed publications on subscribe."""

import pytest

from rig import tokens


def fill(server, name, n):
    for i in range(1, n + 1):
        epoch = server.api.publish(name, {"i": i})["epoch"]
    return epoch


def offsets(result):
    return [p["offset"] for p in result.get("publications", [])]


def test_missed_publications(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 3)
    assert main.client().subscribe(name, recover=True, offset=1, epoch=epoch) == {
        "recoverable": True, "epoch": epoch, "recovered": True, "offset": 1, "positioned": True,
        "was_recovering": True,
        "publications": [{"data": {"i": 2}, "offset": 2}, {"data": {"i": 3}, "offset": 3}]}


def test_nothing_missed(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 3)
    assert main.client().subscribe(name, recover=True, offset=3, epoch=epoch) == {
        "recoverable": True, "epoch": epoch, "recovered": True, "offset": 3, "positioned": True,
        "was_recovering": True}


def test_from_the_beginning(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 2)
    result = main.client().subscribe(name, recover=True)
    assert result["recovered"] and "offset" not in result
    assert result["publications"] == [{"data": {"i": 1}, "offset": 1, "epoch": epoch},
                                      {"data": {"i": 2}, "offset": 2}]


def test_empty_stream(main, channel):
    result = main.client().subscribe(channel("rec"), recover=True, offset=0, epoch="")
    assert result.pop("epoch")
    assert result == {"recoverable": True, "recovered": True, "positioned": True,
                      "was_recovering": True}


@pytest.mark.parametrize("offset, wrong_epoch", [(1, False), (99, False), (13, True), (0, True)])
def test_not_recovered(main, channel, offset, wrong_epoch):
    """13 published, 10 kept: 1 needs what is gone, 99 is ahead."""
    name = channel("rec")
    epoch = fill(main, name, 13)
    asked = "other" if wrong_epoch else epoch
    client = main.client()
    assert client.subscribe(name, recover=True, offset=offset, epoch=asked) == {
        "recoverable": True, "epoch": epoch, "offset": 13, "positioned": True,
        "was_recovering": True}
    main.api.publish(name, "next")
    assert client.pub() == {"data": "next", "offset": 14}


def test_not_recovered_as_an_error(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 13)
    client = main.client()
    assert client.error("subscribe", channel=name, recover=True, offset=1, epoch=epoch, flag=2) == 112
    assert client.error("subscribe", channel=name, recover=True, offset=1, epoch="x", flag=2) == 112
    assert client.subscribe(name, recover=True, offset=12, epoch=epoch, flag=2)["recovered"]


def test_after_an_unrecoverable_error_one_is_not_subscribed(main, channel):
    name = channel("rec")
    fill(main, name, 1)
    client = main.client()
    assert client.error("subscribe", channel=name, recover=True, offset=9, epoch="x", flag=2) == 112
    main.api.publish(name, 2)
    assert client.pushes() == []
    assert client.subscribe(name)["offset"] == 2


def test_oldest_kept_is_enough(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 13)
    result = main.client().subscribe(name, recover=True, offset=3, epoch=epoch)
    assert result["recovered"] and offsets(result) == list(range(4, 14))


def test_publication_limit(main, channel):
    """300 are recovered, 301 are too many."""
    client, name = main.client(), channel("big")
    ids = [client.next_id() for _ in range(301)]
    client.send(*({"id": n, "publish": {"channel": name, "data": 1}} for n in ids))
    client.reply(ids[-1])
    assert "recovered" not in client.subscribe(name, recover=True)
    result = main.client().subscribe(name, recover=True, offset=1)
    assert result["recovered"] and offsets(result) == list(range(2, 302))


def test_live_publications_follow(main, channel):
    name = channel("rec")
    epoch = fill(main, name, 2)
    client = main.client()
    client.subscribe(name, recover=True, offset=1, epoch=epoch)
    main.api.publish(name, "live")
    assert client.pub() == {"data": "live", "offset": 3}


def test_where_it_is_not_enabled(main, channel):
    client = main.client(tokens.conn("u1"))
    assert client.subscribe(channel("bare"), recover=True) == {"was_recovering": True}


def test_by_request(main, channel):
    name = channel("pos")
    epoch = fill(main, name, 2)
    result = main.client().subscribe(name, recoverable=True, recover=True, offset=1, epoch=epoch)
    assert result["recovered"] and offsets(result) == [2]


def test_reconnect(main, channel):
    """What happens while a client is away is recovered when it is back."""
    name = channel("rec")
    client = main.client()
    position = client.subscribe(name)
    main.api.publish(name, "seen")
    assert client.pub()["offset"] == 1
    client.close()
    main.api.publish(name, "missed")
    result = main.client().subscribe(name, recover=True, offset=1, epoch=position["epoch"])
    assert [p["data"] for p in result["publications"]] == ["missed"]


def test_publications_without_history_do_not_move_the_position(main, channel):
    name = channel("rec")
    client = main.client()
    client.subscribe(name)
    main.api.publish(name, 1)
    main.api.publish(name, 2, skip_history=True)
    main.api.publish(name, 3)
    assert [client.pub() for _ in range(3)][1:] == [{"data": 2}, {"data": 3, "offset": 2}]


def test_cache_is_empty(main, channel):
    result = main.client().subscribe(channel("cache"), recover=True)
    assert result.pop("epoch")
    assert result == {"recoverable": True, "positioned": True, "was_recovering": True}


def test_cache_gives_the_newest(main, channel):
    name = channel("cache")
    epoch = fill(main, name, 2)
    want = {"recoverable": True, "epoch": epoch, "positioned": True, "was_recovering": True,
            "recovered": True, "publications": [{"data": {"i": 2}, "offset": 2}]}
    assert main.client().subscribe(name, recover=True) == want
    assert main.client().subscribe(name, recover=True, offset=1, epoch="other") == {
        **want, "offset": 1}


def test_cache_is_up_to_date(main, channel):
    name = channel("cache")
    epoch = fill(main, name, 2)
    result = main.client().subscribe(name, recover=True, offset=2, epoch=epoch)
    assert result == {"recoverable": True, "epoch": epoch, "positioned": True, "offset": 2,
                      "was_recovering": True, "recovered": True}


def test_cache_needs_a_request(main, channel):
    name = channel("cache")
    fill(main, name, 1)
    result = main.client().subscribe(name)
    assert "publications" not in result and "was_recovering" not in result
    assert result["offset"] == 1


def test_cache_unasked(main, channel):
    name = channel("auto")
    epoch = fill(main, name, 2)
    assert main.client().subscribe(name) == {
        "recoverable": True, "epoch": epoch, "positioned": True, "was_recovering": True,
        "recovered": True, "publications": [{"data": {"i": 2}, "offset": 2}]}
