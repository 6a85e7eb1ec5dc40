# SPDX-License-Identifier: MIT
"""block_user, unblock_user, revoke_token, invalidate_user_tokens: who is ended, and who
is not let in."""

import threading
import time

import pytest

from conftest import rotor_only
from rig import config, tokens
from rig.api import Api
from rig.ws import DEADLINE, Closed

pytestmark = rotor_only

BLOCKED = (3507, "permission denied")
REVOKED = (3500, "invalid token")
NOW = 1700000000


@pytest.fixture
def user(channel):
    return "user-" + channel()


@pytest.fixture
def jti(channel):
    return "token-" + channel()


def refused(server, token=None, **kw):
    """How a connect ends."""
    client = server.open(**kw)
    client.ask("connect", **({"token": token} if token else {}))
    return client.ended()


def metric(server, kind):
    metrics = server.api.call("info")["nodes"][0].get("metrics", {"items": {}})
    return metrics["items"].get(f"centrifugo.node.num_denied.kind.{kind}")


# Blocked users


def test_block(main, user):
    mine = [main.client(tokens.conn(user)) for _ in range(3)]
    other = main.client(tokens.conn(user + "x"))
    assert main.api.call("block_user", user=user) == {}
    assert [client.ended() for client in mine] == [BLOCKED] * 3
    assert refused(main, tokens.conn(user)) == BLOCKED
    assert other.pushes() == []
    main.client(tokens.conn(user + "x"))


def test_unblock(main, user):
    main.api.call("block_user", user=user)
    assert refused(main, tokens.conn(user)) == BLOCKED
    assert main.api.call("unblock_user", user=user) == {}
    main.client(tokens.conn(user)).fence()
    assert main.api.call("unblock_user", user=user) == {}


def test_block_ends(main, user):
    main.api.call("block_user", user=user, expire_at=int(time.time()) + 4)
    assert refused(main, tokens.conn(user)) == BLOCKED
    deadline = time.monotonic() + DEADLINE
    while True:
        client = main.open()
        number = client.ask("connect", token=tokens.conn(user))
        try:
            assert "connect" in client.reply(number)
            return
        except Closed as end:
            assert (end.code, end.reason) == BLOCKED and time.monotonic() < deadline
        time.sleep(0.1)


def test_block_again_replaces(main, user):
    until = int(time.time()) + 4
    main.api.call("block_user", user=user, expire_at=until)
    main.api.call("block_user", user=user)
    time.sleep(until - time.time() + 0.2)
    assert refused(main, tokens.conn(user)) == BLOCKED


def test_block_users_with_very_many_connections(plain, user):
    clients = [plain.client(tokens.conn(user)) for _ in range(150)]
    plain.api.call("block_user", user=user)
    assert {client.ended() for client in clients} == {BLOCKED}


def test_block_users_named_by_a_header(start, workers):
    server = start(config.main(client={"user_id_http_header": "X-User",
                                       "allow_anonymous_connect_without_token": False}),
                   env={"ROTOR_WORKERS": workers})
    client = server.client(headers=[("X-User", "u9")])
    server.api.call("block_user", user="u9")
    assert client.ended() == BLOCKED
    assert refused(server, headers=[("X-User", "u9")]) == BLOCKED
    server.client(headers=[("X-User", "u8")])


def test_anonymous_users_are_not_to_be_blocked(main, user):
    client = main.client()
    assert main.api.error("block_user", user="") == 107
    main.api.call("block_user", user=user)
    client.fence()
    main.client()


# Revoked tokens


def test_revoke(main, user, jti):
    mine, other = main.client(tokens.conn(user, jti=jti)), main.client(tokens.conn(user, jti="x" + jti))
    none = main.client(tokens.conn(user))
    assert main.api.call("revoke_token", uid=jti) == {}
    assert mine.ended() == REVOKED
    assert refused(main, tokens.conn(user, jti=jti)) == REVOKED
    for client in (other, none, main.client(tokens.conn(user, jti="x" + jti)), main.client()):
        client.fence()


def test_revoked_tokens_do_not_refresh(main, user, jti):
    client = main.client(tokens.conn(user, ttl=100))
    main.api.call("revoke_token", uid=jti)
    client.ask("refresh", token=tokens.conn(user, ttl=100, jti=jti))
    assert client.ended() == REVOKED


def test_a_refresh_leaves_the_old_token(main, user, jti):
    client = main.client(tokens.conn(user, ttl=100, jti=jti))
    client.call("refresh", token=tokens.conn(user, ttl=100, jti="x" + jti))
    main.api.call("revoke_token", uid=jti)
    client.fence()
    main.api.call("revoke_token", uid="x" + jti)
    assert client.ended() == REVOKED


def test_revoke_for_a_time(main, user, jti):
    until = int(time.time()) + 4
    main.api.call("revoke_token", uid=jti, expire_at=until)
    assert refused(main, tokens.conn(user, jti=jti)) == REVOKED
    time.sleep(until - time.time() + 0.1)
    main.client(tokens.conn(user, jti=jti)).fence()


def test_revoke_ends_subscriptions(main, channel, user, jti):
    a, b, c = channel("closed"), channel("closed"), channel("plain")
    client = main.client(tokens.conn(user))
    client.subscribe(a, token=tokens.sub(user, a, jti=jti))
    client.subscribe(b, token=tokens.sub(user, b, jti="x" + jti))
    client.subscribe(c)
    main.api.call("revoke_token", uid=jti)
    assert client.push() == {"channel": a, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    assert client.error("subscribe", channel=a, token=tokens.sub(user, a, jti=jti)) == 103
    client.subscribe(a, token=tokens.sub(user, a))
    assert client.pushes() == []


def test_revoked_tokens_do_not_refresh_subscriptions(main, channel, user, jti):
    name = channel("closed")
    client = main.client(tokens.conn(user))
    client.subscribe(name, token=tokens.sub(user, name, ttl=100))
    main.api.call("revoke_token", uid=jti)
    client.ask("sub_refresh", channel=name, token=tokens.sub(user, name, ttl=100, jti=jti))
    assert client.ended() == REVOKED


def test_a_sub_refresh_brings_another_token(main, channel, user, jti):
    name = channel("closed")
    client = main.client(tokens.conn(user))
    client.subscribe(name, token=tokens.sub(user, name, ttl=100, jti=jti))
    client.call("sub_refresh", channel=name, token=tokens.sub(user, name, ttl=100, jti="x" + jti))
    main.api.call("revoke_token", uid=jti)
    assert client.pushes() == []
    main.api.call("revoke_token", uid="x" + jti)
    assert client.push()["unsubscribe"]["code"] == 2000


def test_revoke_by_session(main, user, jti):
    a, b = main.client(tokens.conn(user, jti=jti)), main.client(tokens.conn(user, jti=jti))
    other = main.client(tokens.conn(user, jti="x" + jti))
    assert main.api.call("revoke_token", session=a.id) == {}
    assert a.ended() == b.ended() == REVOKED
    assert refused(main, tokens.conn(user, jti=jti)) == REVOKED
    other.fence()


def test_revoke_by_session_errors(main, user):
    client = main.client(tokens.conn(user))
    assert main.api.error("revoke_token", session=client.id) == 108     # a token without an id
    assert main.api.error("revoke_token", session=main.client().id) == 108
    for session in ("x", "00000000-0000-4000-8000-000000000000"):
        assert main.api.error("revoke_token", session=session) == 104
    client.fence()


# Tokens by the time of their issue


def test_invalidate(main, user):
    old, new = main.client(tokens.conn(user, iat=NOW - 1)), main.client(tokens.conn(user, iat=NOW))
    silent, other = main.client(tokens.conn(user)), main.client(tokens.conn(user + "x", iat=NOW - 1))
    assert main.api.call("invalidate_user_tokens", user=user, issued_before=NOW) == {}
    assert old.ended() == silent.ended() == REVOKED
    assert refused(main, tokens.conn(user, iat=NOW - 1)) == REVOKED
    assert refused(main, tokens.conn(user)) == REVOKED
    for client in (new, other, main.client(tokens.conn(user, iat=NOW))):
        client.fence()
    new.ask("refresh", token=tokens.conn(user, iat=NOW - 1))
    assert new.ended() == REVOKED


def test_invalidate_up_to_now(main, user):
    now = int(time.time())
    old = main.client(tokens.conn(user, iat=now - 5))
    main.api.call("invalidate_user_tokens", user=user)
    assert old.ended() == REVOKED
    main.client(tokens.conn(user, iat=now + 5, nbf=now - 5)).fence()


def test_invalidate_leaves_those_without_a_token(start):
    server = start(config.main(client={"user_id_http_header": "X-User",
                                       "allow_anonymous_connect_without_token": False}))
    client = server.client(headers=[("X-User", "u9")])
    server.api.call("invalidate_user_tokens", user="u9")
    client.fence()
    server.client(headers=[("X-User", "u9")]).fence()


def test_invalidate_subscription_tokens(main, channel, user):
    a, b = channel("closed"), channel("closed")
    client = main.client(tokens.conn(user, iat=NOW - 1))
    client.subscribe(a, token=tokens.sub(user, a, iat=NOW - 1))
    client.subscribe(b, token=tokens.sub(user, b, iat=NOW - 1))
    main.api.call("invalidate_user_tokens", user=user, channel=a, issued_before=NOW)
    assert client.push() == {"channel": a, "unsubscribe": {"code": 2000, "reason": "server unsubscribe"}}
    assert client.error("subscribe", channel=a, token=tokens.sub(user, a, iat=NOW - 1)) == 103
    client.subscribe(a, token=tokens.sub(user, a, iat=NOW))
    assert client.pushes() == []
    main.client(tokens.conn(user, iat=NOW - 1)).fence()


def test_invalidate_connection_tokens_leaves_subscription_tokens(main, channel, user):
    name = channel("closed")
    client = main.client(tokens.conn(user, iat=NOW))
    client.subscribe(name, token=tokens.sub(user, name, iat=NOW - 1))
    main.api.call("invalidate_user_tokens", user=user, issued_before=NOW)
    assert client.pushes() == []


# Bad requests, and the set's bounds


@pytest.mark.parametrize("method, fields", [
    ("block_user", {}), ("block_user", {"user": "x", "expire_at": -1}),
    ("block_user", {"user": "x", "expire_at": 1}), ("block_user", {"user": "x" * 2000}),
    ("unblock_user", {}),
    ("revoke_token", {}), ("revoke_token", {"uid": "x", "session": "y"}),
    ("revoke_token", {"uid": "x", "expire_at": 1}), ("revoke_token", {"uid": "x" * 2000}),
    ("invalidate_user_tokens", {}), ("invalidate_user_tokens", {"user": "x", "issued_before": -1}),
    ("invalidate_user_tokens", {"user": "x", "expire_at": 1}),
    ("invalidate_user_tokens", {"channel": "x"}),
    ("invalidate_user_tokens", {"user": "x", "channel": "x" * 2000})],
    ids=lambda v: v if isinstance(v, str) else str(v)[:60])
def test_bad_requests(plain, method, fields):
    assert plain.api.error(method, **fields) == 107


@pytest.mark.parametrize("method, field", [
    ("block_user", "user"), ("unblock_user", "user"), ("revoke_token", "uid"), ("revoke_token", "session"),
    ("revoke_token", "expire_at"), ("invalidate_user_tokens", "issued_before")])
@pytest.mark.parametrize("body", ['{"%s":{}}', '{"%s":1.5}', "[]", "", "{"])
def test_malformed(plain, method, field, body):
    body = body % field if "%" in body else body
    assert plain.api.post(method, body).status == 400


def test_names_that_look_alike(main, user):
    """A user is not a token, and a user with a channel not another user."""
    main.api.call("block_user", user=user)
    main.api.call("invalidate_user_tokens", user=user + "a", channel="bc", issued_before=NOW)
    for token in (tokens.conn(user + "y", jti=user), tokens.conn(user + "ab", iat=1)):
        main.client(token).fence()


def test_the_set_has_a_bound(start):
    server = start(config.main(api={"max_denied": 2}, node={"info_metrics_aggregate_interval": "100ms"}))
    server.api.call("block_user", user="a", expire_at=int(time.time()) + 2)
    server.api.call("revoke_token", uid="b")
    assert server.api.error("block_user", user="c") == 106
    assert server.api.error("revoke_token", uid="c") == 106
    server.api.call("block_user", user="a", expire_at=int(time.time()) + 2)     # is there already
    server.wait(lambda: metric(server, "user") == 1, "the metric")
    assert metric(server, "token") == 1 and metric(server, "issued") == 0
    server.wait(lambda: metric(server, "user") == 0, "the sweep")
    server.api.call("block_user", user="c")
    server.api.call("unblock_user", user="c")
    server.api.call("invalidate_user_tokens", user="c")


def test_no_room_at_all(start):
    server = start(config.main(api={"max_denied": 0}))
    assert server.api.error("block_user", user="a") == 106
    server.client(tokens.conn("a")).fence()


def test_in_a_batch(main, user, jti):
    client = main.client(tokens.conn(user, jti=jti))
    res = main.api.post("batch", {"parallel": True, "commands": [
        {"block_user": {"user": user + "x"}}, {"revoke_token": {"session": client.id}},
        {"invalidate_user_tokens": {"user": user + "y"}}, {"unblock_user": {"user": user + "x"}},
        {"block_user": {}}]}).json
    assert res["replies"][:4] == [{"block_user": {}}, {"revoke_token": {}},
                                  {"invalidate_user_tokens": {}}, {"unblock_user": {}}]
    assert res["replies"][4]["error"]["code"] == 107
    assert client.ended() == REVOKED


# All at once


def test_a_blocked_user_does_not_slip_in(start, workers):
    """Clients connect as fast as they can while their user is blocked and let in again:
    after a block nobody of his is there."""
    server = start(config.main(), env={"ROTOR_WORKERS": workers})
    stop = threading.Event()
    seen = []

    def connect():
        while not stop.is_set():
            client = None
            try:
                client = server.open()
                client.connect(token=tokens.conn("u1", jti="j", channels=["a", "b"]))
                seen.append(1)
            except (Closed, OSError):
                pass
            finally:
                if client is not None:
                    client.close()

    threads = [threading.Thread(target=connect) for _ in range(4)]
    for thread in threads:
        thread.start()
    api = Api(server.address)
    for i in range(40):
        api.call("block_user", user="u1")
        assert api.call("connections", user="u1")["connections"] == {}
        api.call("unblock_user", user="u1")
        api.call("revoke_token", uid=f"j{i}")
        api.call("connections", limit=2)
        wanted, deadline = len(seen) + 2, time.monotonic() + DEADLINE
        while len(seen) < wanted and time.monotonic() < deadline:
            time.sleep(0.001)
    api.call("revoke_token", uid="j")
    server.wait(lambda: api.call("connections", user="u1")["connections"] == {}, "the patrol")
    stop.set()
    for thread in threads:
        thread.join()
    api.close()
    assert len(seen) > 40
