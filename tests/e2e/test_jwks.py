# SPDX-License-Identifier: MIT
"""Tokens signed with keys from a key set (JWKS)."""

import json
import signal
import time

import jwt
import pytest

from conftest import rotor_only
from rig import tokens
from rig.config import main as main_config
from rig.keyset import Key, KeyServer, certificate
from rig.server import run
from rig.ws import Closed

ALGS = ["RS256", "ES256", "ES384", "ES512", "EdDSA"]
KEYS = {alg: Key(alg, f"key-{alg}") for alg in ALGS}
FIRST, SECOND = KEYS["ES256"], Key("ES256", "second")


@pytest.fixture
def keyset():
    server = KeyServer()
    yield server
    server.close()


def jwks_config(url, section="token", **more):
    return main_config(client={section: {"jwks_public_endpoint": url, **more}})


@pytest.fixture
def served(start, keyset):
    """A daemon that takes the keys of `keyset`, where FIRST is published."""
    keyset.publish(FIRST)
    return start(jwks_config(keyset.url()))


def outcome(client, number):
    """How a connect ends: "ok", an error code, or a close code."""
    try:
        reply = client.reply(number)
    except Closed as e:
        return e.code
    return reply["error"]["code"] if "error" in reply else "ok"


def end(server, token):
    client = server.open()
    return outcome(client, client.ask("connect", token=token))


# Keys and algorithms


@pytest.mark.parametrize("alg", [*ALGS, "RS384", "RS512"])
@pytest.mark.parametrize("named", [True, False], ids=["alg", "no-alg"])
def test_algorithm(start, keyset, alg, named):
    key = KEYS.get(alg) or KEYS["RS256"]
    keyset.publish(key.jwk(alg=alg if named else None))
    server = start(jwks_config(keyset.url()))
    assert end(server, key.token(alg=alg)) == "ok"
    forged = Key(key.alg, key.kid)
    assert end(server, forged.token(alg=alg)) == 3500
    assert len(keyset.requests) == 1


def test_other_algorithm_than_the_key(start, keyset):
    rsa = KEYS["RS256"]
    keyset.publish(*KEYS.values())
    server = start(jwks_config(keyset.url()))
    assert end(server, rsa.token()) == "ok"
    assert end(server, rsa.token(alg="RS512")) == 3500      # its alg is RS256
    assert end(server, rsa.token(alg="PS256")) == 3500
    # Another family's key under this kid.
    for alg, kid in (("ES256", "key-RS256"), ("RS256", "key-ES256"), ("EdDSA", "key-ES256"),
                     ("ES256", "key-EdDSA"), ("ES256", "key-ES384")):
        assert end(server, KEYS[alg].token(kid=kid)) == 3500
    # The key set's public text is no HMAC secret.
    for secret in (rsa.jwk()["n"], tokens.SECRET):
        assert end(server, jwt.encode({"sub": "u1"}, secret.ljust(64), algorithm="HS256",
                                      headers={"kid": rsa.kid})) == 3500


@pytest.mark.parametrize("change", [
    {"use": None}, {"use": "enc"}, {"kid": None}, {"kid": "else"}, {"alg": "ES384"},
    {"alg": "RS256"}, {"crv": "P-384"}, {"x": "AAAA"}, {"y": None}, {"kty": "RSA"}, {"kty": None},
    {"d": "AAAA"}], ids=str)
def test_useless_key(start, keyset, change):
    keyset.publish(FIRST.jwk(**change))
    assert end(start(jwks_config(keyset.url())), FIRST.token()) == 3500


@rotor_only
def test_useless_keys_beside_a_good_one(start, keyset):
    """The reference refuses the whole set."""
    keyset.publish({"kty": "new"}, FIRST.jwk(kid="x", y="AAAA"), FIRST, {"kty": "oct", "k": "AAAA"})
    assert end(start(jwks_config(keyset.url())), FIRST.token()) == "ok"


def test_kid(served):
    assert end(served, jwt.encode({"sub": "u1"}, FIRST.private, algorithm="ES256")) == 3500
    assert end(served, FIRST.token(kid="unknown")) == 3500
    assert end(served, FIRST.token()) == "ok"


def test_other_keys_have_no_effect(start, keyset):
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url(), hmac_secret_key=tokens.SECRET))
    assert end(server, tokens.conn("u1")) == 3500
    assert end(server, tokens.make({"sub": "u1"}, headers={"kid": FIRST.kid})) == 3500
    assert end(server, FIRST.token()) == "ok"


def test_claims_still_count(start, keyset):
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url(), audience="me", issuer="you", user_id_claim="uid"))
    good = {"aud": "me", "iss": "you"}
    assert end(server, FIRST.token(**good)) == "ok"
    assert end(server, FIRST.token(aud="me")) == 3500
    assert end(server, FIRST.token(iss="you")) == 3500
    assert end(server, FIRST.token(exp=1, **good)) == 109
    assert end(server, FIRST.token(channel="x", **good)) == 3500


# Fetching


def test_cache_and_rotation(served, keyset):
    for _ in range(3):
        assert end(served, FIRST.token()) == "ok"
    assert len(keyset.requests) == 1
    # Asked for too early, it is asked for again.
    assert end(served, SECOND.token()) == 3500
    keyset.publish(SECOND)
    assert end(served, SECOND.token()) == "ok"
    assert len(keyset.requests) == 3
    # What is in use stays, though its set has it no longer.
    assert end(served, FIRST.token()) == "ok"
    assert len(keyset.requests) == 3


def test_merged_fetches(served, keyset):
    keyset.gate.clear()
    clients = [served.open() for _ in range(20)]
    numbers = [client.ask("connect", token=FIRST.token()) for client in clients]
    keyset.wait_requests(1)
    keyset.gate.set()
    for client, number in zip(clients, numbers):
        assert outcome(client, number) == "ok"
    assert len(keyset.requests) == 1


@rotor_only
def test_others_go_on_meanwhile(served, keyset):
    keyset.gate.clear()
    waiting = served.open()
    number = waiting.ask("connect", token=FIRST.token())
    # What it sends behind is in order, and answered later.
    later = waiting.ask("unsubscribe", channel="fence")
    keyset.wait_requests(1)
    for _ in range(3):
        served.client().fence()
    assert not waiting.inbox
    keyset.gate.set()
    assert outcome(waiting, number) == "ok"
    assert "error" not in waiting.reply(later)


@rotor_only
def test_client_leaves_meanwhile(served, keyset):
    keyset.gate.clear()
    waiting = served.open()
    waiting.ask("connect", token=FIRST.token())
    keyset.wait_requests(1)
    waiting.close()
    served.client().fence()
    keyset.gate.set()
    assert end(served, FIRST.token()) == "ok"


@rotor_only
def test_stop_meanwhile(served, keyset):
    keyset.gate.clear()
    served.open().ask("connect", token=FIRST.token())
    keyset.wait_requests(1)
    served.signal(signal.SIGTERM)
    assert served.wait_exit() == 0


@rotor_only
def test_unknown_kids_are_no_flood(served, keyset):
    began = time.monotonic()
    clients = [served.open() for _ in range(60)]
    numbers = [client.ask("connect", token=FIRST.token(kid=f"none{i}"))
               for i, client in enumerate(clients)]
    for client, number in zip(clients, numbers):
        assert outcome(client, number) == 3500
    assert end(served, FIRST.token()) == "ok"
    # In spite of all that, a new key is found as soon as the next turn comes.
    keyset.publish(SECOND)
    assert end(served, SECOND.token()) == "ok"
    assert len(keyset.requests) <= 5 + (time.monotonic() - began) + 1


def problems(server):
    return [line for line in server.log_lines() if "key set" in line.get("message", "") and
            line["level"] in ("warn", "info") and "url" in line]


def test_outage(start, keyset, channel):
    name = channel("closed")
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url()))
    client = server.client(FIRST.token())
    keyset.status = 503
    keyset.requests.clear()
    # The key is there, and its set is not asked.
    assert end(server, FIRST.token()) == "ok"
    assert keyset.requests == []
    assert end(server, SECOND.token()) == 3500
    assert len(keyset.requests) == 2
    assert client.error("subscribe", channel=name, token=SECOND.token(channel=name)) == 103
    client.subscribe(name, token=FIRST.token(channel=name, exp=4000000000))
    client.ask("refresh", token=SECOND.token())
    assert client.ended()[0] == 3500
    keyset.status = 200
    keyset.publish(FIRST, SECOND)
    assert end(server, SECOND.token()) == "ok"


@rotor_only
def test_outage_is_logged_once(start, keyset):
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url("/keys?token=hidden", user="me:hidden@")))
    for _ in range(3):
        assert end(server, FIRST.token()) == 3500       # no such path
    keyset.publish(FIRST, path="/keys?token=hidden")
    assert end(server, FIRST.token()) == "ok"
    server.wait(lambda: len(problems(server)) == 3, "three lines")
    using, lost, found = problems(server)
    assert lost["level"] == "warn" and lost["status"] == 404 and lost["attempts"] == 2
    assert found["level"] == "info" and found["keys"] == 1
    for line in using, lost, found:
        assert line["url"] == keyset.url()
    assert "hidden" not in server.log


@rotor_only
def test_fetches_are_counted(start, keyset):
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url()) |
                   {"node": {"info_metrics_aggregate_interval": "1s"}})
    assert end(server, FIRST.token()) == "ok"
    keyset.status = 500
    assert end(server, SECOND.token()) == 3500
    seen = {"ok": 0, "failed": 0}

    def counted():
        items = server.api.call("info")["nodes"][0].get("metrics", {}).get("items", {})
        for result in seen:
            name = f"auth_jwt.key_set_fetches_count.result.{result}"
            seen[result] = max([seen[result], *(items[i] for i in items if i.endswith(name))])
        return all(seen.values())

    server.wait(counted, "both counts")
    assert seen == {"ok": 1, "failed": 1}


@pytest.mark.parametrize("body", [
    "", "{", "[]", "{}", '{"keys":[]}', '{"keys":7}', "<html>", "x" * (2 << 20)],
    ids=lambda body: body[:10])
def test_bad_set(served, keyset, body):
    keyset.publish(body)
    assert end(served, FIRST.token()) == 3500
    keyset.publish(FIRST)
    assert end(served, FIRST.token()) == "ok"


def test_slow_set(served, keyset):
    keyset.gate.clear()
    began = time.monotonic()
    assert end(served, FIRST.token()) == 3500
    assert time.monotonic() - began > 1.9
    assert len(keyset.requests) == 2
    keyset.gate.set()
    assert end(served, FIRST.token()) == "ok"


@pytest.mark.parametrize("trusted", [True, False], ids=["trusted", "unknown"])
def test_https(start, tmp_path, trusted):
    file = certificate(tmp_path / "cert.pem")
    keyset = KeyServer(file)
    try:
        keyset.publish(FIRST)
        server = start(jwks_config(keyset.url()), env={"SSL_CERT_FILE": file} if trusted else {})
        assert end(server, FIRST.token()) == ("ok" if trusted else 3500)
        assert len(keyset.requests) == trusted
    finally:
        keyset.close()


@pytest.mark.parametrize("target, want", [("/elsewhere", "ok"), ("file:///etc/passwd", 3500)])
def test_redirect(served, keyset, target, want):
    keyset.redirects["/keys"] = target
    keyset.publish(FIRST, path="/elsewhere")
    assert end(served, FIRST.token()) == want


def test_proxy_variables_have_no_effect(start, keyset):
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url()), env={
        "http_proxy": "http://127.0.0.1:1", "HTTP_PROXY": "http://127.0.0.1:1",
        "ALL_PROXY": "http://127.0.0.1:1"})
    assert end(server, FIRST.token()) == "ok"


# Templates

ISSUER = r"^https://(?P<tenant>a|b)\.example$"


def test_template(start, keyset):
    one, other = Key("ES256", "same"), Key("ES256", "same")
    keyset.publish(one, path="/a/keys")
    keyset.publish(other, path="/b/keys")
    server = start(jwks_config(keyset.url("/{{tenant}}/keys"), issuer_regex=ISSUER))
    assert end(server, one.token(iss="https://a.example")) == "ok"
    assert end(server, other.token(iss="https://b.example")) == "ok"
    assert end(server, other.token(iss="https://a.example")) == 3500
    assert end(server, one.token(iss="https://b.example")) == 3500
    assert keyset.requests == ["/a/keys", "/b/keys"]
    assert end(server, one.token(iss="https://c.example")) == 3500
    assert end(server, one.token()) == 3500
    assert len(keyset.requests) == 2


def test_template_of_audience(start, keyset):
    keyset.publish(FIRST, path="/b/keys")
    server = start(jwks_config(keyset.url("/{{tenant}}/keys{{no_such_group}}"),
                               audience_regex="^app-(?P<tenant>a|b)$"))
    assert end(server, FIRST.token(aud=["app-c", "app-b", "app-a"])) == "ok"
    assert keyset.requests == ["/b/keys"]


@pytest.mark.parametrize("issuer", [
    "https://(?P<tenant>.*)", "https://(?P<tenant>[a-z]+)", r"(?P<tenant>\w+)", "(?P<tenant>a?)",
    "[ab](?P<tenant>c)", "(?P<tenant>a|b$)", "(?P<tenant>a{2})"], ids=str)
def test_unsafe_template(start, issuer):
    config = {"issuer_regex": issuer}
    done = start_fails(start, jwks_config("http://127.0.0.1:1/{{tenant}}", **config))
    assert "issuer_regex" in done.log
    start(jwks_config("http://127.0.0.1:1/{{tenant}}", **config,
                      insecure_skip_jwks_endpoint_safety_check=True))
    start(jwks_config("http://127.0.0.1:1/", **config))     # it fills nothing


def start_fails(start, config):
    server = start(config, ready=False)
    assert server.wait_exit() != 0
    return server


@pytest.mark.parametrize("tenant", ["..", "a/..", "a//b", ".", "", "%2e%2e", "../../x", "a b"], ids=str)
def test_unclean_path(start, keyset, tenant):
    keyset.publish(FIRST, path="/t/x/keys")
    server = start(jwks_config(
        keyset.url("/t/{{tenant}}/keys"), issuer_regex="^i:(?P<tenant>.*)$",
        insecure_skip_jwks_endpoint_safety_check=True))
    assert end(server, FIRST.token(iss=f"i:{tenant}")) == 3500
    assert end(server, FIRST.token(iss="i:x")) == "ok"
    assert [path for path in keyset.requests if path != "/t/a%20b/keys"] in (
        ["/t/x/keys"], ["/t/a%20b/keys", "/t/x/keys"])


@pytest.mark.parametrize("url", ["ftp://127.0.0.1/", "keys.json", "file:///etc/passwd"])
def test_bad_url(start, url):
    server = start_fails(start, jwks_config(url))
    server.logged("http")


# Elsewhere


def test_subscription_tokens_of_their_own(start, keyset, channel):
    name = channel("closed")
    keyset.publish(FIRST)
    server = start(jwks_config(keyset.url(), section="subscription_token", enabled=True))
    client = server.client(tokens.conn("u1"))
    assert keyset.requests == []
    assert client.error("subscribe", channel=name, token=tokens.sub("u1", name)) == 103
    assert client.subscribe(name, token=FIRST.token(channel=name)) == {}
    assert end(server, FIRST.token()) == 3500


def test_skipped_signature(start, keyset):
    server = start(main_config(client={
        "insecure_skip_token_signature_verify": True,
        "token": {"jwks_public_endpoint": keyset.url()}}))
    assert end(server, FIRST.token()) == "ok"
    assert keyset.requests == []


def test_checktoken(tmp_path, keyset):
    path = tmp_path / "config.json"
    path.write_text(json.dumps(
        {"client": {"token": {"jwks_public_endpoint": keyset.url()}}}))
    keyset.publish(FIRST)
    done = run("checktoken", "-c", str(path), FIRST.token())
    assert done.returncode == 0 and "valid token for user u1" in done.stdout + done.stderr
    done = run("checktoken", "-c", str(path), SECOND.token())
    assert done.returncode != 0
