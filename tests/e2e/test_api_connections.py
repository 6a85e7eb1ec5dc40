# SPDX-License-Identifier: MIT
"""The server API's `connections`: what it tells, and its pages."""

import time

import pytest

from conftest import rotor_only
from rig import config, tokens

pytestmark = rotor_only


@pytest.fixture
def user(channel):
    return "user-" + channel()


def of(server, user, **request):
    return server.api.call("connections", user=user, **request)["connections"]


def walk(server, **request):
    """All pages of a walk."""
    pages, cursor = [], ""
    while True:
        page = server.api.call("connections", cursor=cursor, **request)
        pages.append(page["connections"])
        cursor = page.get("cursor", "")
        if not cursor:
            return pages


def test_what_it_tells(main, user, encoding):
    before = int(time.time() * 1000)
    client = main.open()
    client.connect(token=tokens.conn(user, jti="t1", iat=1700000000, meta={"m": [1]}),
                   name="app", version="1.2")
    assert client.id in of(main, user)
    info = of(main, user)[client.id]
    assert before - 1000 <= info.pop("connected_at_ms") <= time.time() * 1000 + 1000
    assert info == {
        "app_name": "app", "app_version": "1.2", "transport": "websocket", "protocol": encoding,
        "user": user, "ping_pong_latency_ms": -1,
        "state": {"connection_token": {"uid": "t1", "issued_at": 1700000000}, "meta": {"m": [1]}}}


def test_nothing_to_tell(main, user):
    client = main.client(tokens.conn(user))
    info = of(main, user)[client.id]
    assert "app_name" not in info and "app_version" not in info and info["state"] == {}


def test_sources_of_subscriptions(main, channel, user):
    granted, open_one, by_token, listed, given = (
        channel("plain"), channel("plain"), channel("closed"), f"users:x#{user}", channel("plain"))
    client = main.client(tokens.conn(user, channels=[granted]))
    client.subscribe(open_one)
    client.subscribe(by_token, token=tokens.sub(user, by_token, jti="s1", iat=1700000001))
    client.subscribe(listed)
    main.api.call("subscribe", user=user, channel=given)
    state = of(main, user)[client.id]["state"]
    assert state["channels"] == {
        granted: {"source": 1}, by_token: {"source": 3}, listed: {"source": 5},
        open_one: {"source": 6}, given: {"source": 10}}
    assert state["subscription_tokens"] == {by_token: {"uid": "s1", "issued_at": 1700000001}}
    client.call("unsubscribe", channel=by_token)
    assert by_token not in of(main, user)[client.id]["state"]["channels"]


def test_a_refresh_brings_another_token(main, user):
    client = main.client(tokens.conn(user, ttl=100, jti="t1", iat=1700000000))
    client.call("refresh", token=tokens.conn(user, ttl=100, jti="t2"))
    assert of(main, user)[client.id]["state"]["connection_token"] == {"uid": "t2"}


def test_long_names_are_cut(main, user):
    client = main.open()
    client.connect(token=tokens.conn(user), name="ä" * 1000, version="v" * 1000)
    info = of(main, user)[client.id]
    assert info["app_name"] == "ä" * 32 and info["app_version"] == "v" * 64


def test_latency(start):
    server = start(config.main(client={"ping_interval": "500ms", "pong_timeout": "400ms"}))
    client = server.client(tokens.conn("u1"))
    client.wait_ping()
    client.fence()
    assert 0 <= of(server, "u1")[client.id].get("ping_pong_latency_ms", 0) < 400


def test_only_the_user(main, user):
    mine, other = main.client(tokens.conn(user)), main.client(tokens.conn(user + "x"))
    assert list(of(main, user)) == [mine.id]
    assert list(of(main, user + "x")) == [other.id]
    assert of(main, user + "y") == {}
    everyone = {id for page in walk(main) for id in page}
    assert {mine.id, other.id} <= everyone


def test_those_who_left_or_never_came(main, user):
    stays, leaves = main.client(tokens.conn(user)), main.client(tokens.conn(user))
    main.open()     # has not sent connect
    main.api.call("disconnect", user=user, client=leaves.id)
    leaves.ended()
    assert list(of(main, user)) == [stays.id]


@pytest.mark.parametrize("limit", [1, 3, 7, 10, 100])
def test_pages(main, user, limit):
    ids = {main.client(tokens.conn(user)).id for _ in range(10)}
    pages = walk(main, user=user, limit=limit)
    assert all(len(page) <= limit for page in pages)
    assert [len(page) for page in pages[:-1]] == [limit] * (len(pages) - 1)
    found = [id for page in pages for id in page]
    assert len(found) == 10 and set(found) == ids


def test_pages_of_very_many(main, user):
    """More than a user may have for his list to be gone through."""
    ids = {main.client(tokens.conn(user)).id for _ in range(150)}
    found = [id for page in walk(main, user=user, limit=20) for id in page]
    assert len(found) == 150 and set(found) == ids


def test_pages_while_others_come_and_go(plain, user):
    stay = {plain.client(tokens.conn(user)).id for _ in range(40)}
    guests, found, cursor = [plain.client(tokens.conn(user)) for _ in range(40)], [], ""
    while True:
        page = plain.api.call("connections", user=user, limit=5, cursor=cursor)
        found += page["connections"]
        cursor = page.get("cursor", "")
        if not cursor:
            break
        for guest in guests[:6]:
            plain.api.call("disconnect", user=user, client=guest.id)
        guests = guests[6:] + [plain.client(tokens.conn(user)) for _ in range(3)]
    assert len(found) == len(set(found)) and stay <= set(found)


@pytest.mark.parametrize("fields, code", [
    ({"limit": -1}, 107), ({"limit": 10001}, 107), ({"cursor": "x"}, 107),
    ({"cursor": "0" * 26}, 112), ({"cursor": "0" * 25}, 107), ({"cursor": "Z" * 26}, 107),
    ({"expression": "true"}, 108), ({"label_filter": {"op": "and"}}, 108)], ids=str)
def test_bad_requests(plain, fields, code):
    assert plain.api.error("connections", **fields) == code


@pytest.mark.parametrize("tail", ["ff" + "0" * 16, "00" + "f" * 16, "00" + "8" + "0" * 15])
def test_cursors_that_were_never_given(plain, user, tail):
    for _ in range(2):
        plain.client(tokens.conn(user))
    cursor = plain.api.call("connections", user=user, limit=1)["cursor"][:8] + tail
    res = plain.api.post("connections", {"user": user, "cursor": cursor}).json
    assert res.get("error", {}).get("code") == 107 or set(res["result"]) <= {"connections", "cursor"}


@pytest.mark.parametrize("body", ['{"user":1}', '{"limit":"1"}', '{"limit":1.5}', "[]", "", '{"cursor":{}}'])
def test_malformed(plain, body):
    assert plain.api.post("connections", body).status == 400


def test_pages_fit_into_a_response(start):
    server = start(config.main(http_api={"max_response_size": 20000}))
    ids = {server.client(tokens.conn("u1")).id for _ in range(100)}
    pages = walk(server)
    assert len(pages) > 1 and {id for page in pages for id in page} == ids


def test_in_a_batch(main, user):
    client = main.client(tokens.conn(user))
    res = main.api.post("batch", {"parallel": True, "commands": [
        {"connections": {"user": user}}, {"connections": {"user": user + "x"}},
        {"connections": {"limit": -1}}, {"info": {}}, {"connections": {"user": user}}]}).json
    first, second, third, fourth, fifth = res["replies"]
    assert list(first["connections"]["connections"]) == [client.id] and first == fifth
    assert second == {"connections": {"connections": {}}}
    assert third["error"]["code"] == 107 and "info" in fourth


def test_single_endpoint_of_old(plain, user):
    client = plain.client(tokens.conn(user))
    for method in ("connections", 14):
        res = plain.api.request("POST", "/api", '{"method":%s,"params":{"user":"%s"}}'
                                % ('"connections"' if method != 14 else 14, user),
                                {"X-API-Key": plain.api.key}).json
        assert list(res["result"]["connections"]) == [client.id]
