# SPDX-License-Identifier: MIT
"""Which tokens are good: algorithms, keys, claims; subscription tokens."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from rig import tokens
from rig.config import main as main_config
from rig.ws import Closed

RSA = rsa.generate_private_key(public_exponent=65537, key_size=2048)
CURVES = {"ES256": ec.SECP256R1(), "ES384": ec.SECP384R1(), "ES512": ec.SECP521R1()}
NEW_SECRET = "a-second-secret-" * 5


def public(key):
    return key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo).decode()


def end(server, token):
    """How a connect with this token ends: "ok", an error code, or a close code."""
    client = server.open()
    number = client.ask("connect", token=token)
    try:
        reply = client.reply(number)
    except Closed as e:
        return e.code
    return reply["error"]["code"] if "error" in reply else "ok"


def b64(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw(claims, key=tokens.SECRET):
    """A signed token with claims and keys that the JWT library refuses to handle."""
    body = b64(b'{"alg":"HS256","typ":"JWT"}') + "." + b64(json.dumps(claims).encode())
    return body + "." + b64(hmac.new(key.encode(), body.encode(), hashlib.sha256).digest())


@pytest.mark.parametrize("alg", ["HS256", "HS384", "HS512"])
def test_hmac(plain, alg):
    assert end(plain, tokens.make({"sub": "u1"}, alg=alg)) == "ok"
    assert end(plain, tokens.make({"sub": "u1"}, NEW_SECRET, alg=alg)) == 3500


def test_rsa(start):
    server = start(main_config(client={"token": {"rsa_public_key": public(RSA)}}))
    other = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    for alg in ("RS256", "RS384", "RS512"):
        assert end(server, tokens.make({"sub": "u1"}, RSA, alg)) == "ok"
        assert end(server, tokens.make({"sub": "u1"}, other, alg)) == 3500
    assert end(server, tokens.make({"sub": "u1"}, RSA, "PS256")) == 3500
    assert end(server, tokens.conn("u1")) == "ok"       # both families are active


@pytest.mark.parametrize("alg", CURVES)
def test_ecdsa(start, alg):
    key, other = (ec.generate_private_key(CURVES[alg]) for _ in range(2))
    server = start(main_config(client={"token": {"ecdsa_public_key": public(key)}}))
    assert end(server, tokens.make({"sub": "u1"}, key, alg)) == "ok"
    assert end(server, tokens.make({"sub": "u1"}, other, alg)) == 3500
    wrong = next(a for a in CURVES if a != alg)
    assert end(server, tokens.make({"sub": "u1"}, ec.generate_private_key(CURVES[wrong]),
                                   wrong)) == 3500


def test_key_confusion(start):
    """The public key is no HMAC secret."""
    pem = public(RSA)
    config = main_config(client={"token": {"rsa_public_key": pem, "hmac_secret_key": ""}})
    server = start(config)
    assert end(server, raw({"sub": "u1"}, pem)) == 3500
    assert end(server, tokens.conn("u1")) == 3500


@pytest.mark.parametrize("head", [
    {"alg": "none"}, {"alg": "None"}, {"alg": ""}, {}, {"alg": "RS256"}, {"alg": "HS1"},
    {"alg": ["HS256"]}], ids=str)
def test_bad_headers(plain, head):
    body = b64(json.dumps(head).encode()) + "." + b64(b'{"sub":"u1"}')
    for signature in ("", "AAAA", b64(bytes(32))):
        assert end(plain, f"{body}.{signature}") == 3500


@pytest.mark.parametrize("claims", [
    {"sub": 7}, {"sub": ["u1"]}, {"exp": "soon"}, {"exp": {}}, {"channels": "x"}, {"channels": [1]},
    {"subs": [1]}], ids=str)
def test_bad_claims(plain, claims):
    assert end(plain, raw({"sub": "u1", **claims})) == 3500


@pytest.mark.parametrize("claims, want", [
    ({"exp": 4000000000.5}, "ok"),
    ({"exp": "4000000000"}, "ok"),
    ({"nbf": 1000000000}, "ok"),
    ({"iat": 4000000000}, "ok"),
    ({"exp": 1700000000.5}, 109),
    ({"iss": "anyone", "aud": "anyone", "jti": "1"}, "ok"),
    ({"unknown": {"x": [1]}}, "ok"),
    ({"meta": {"m": 1}}, "ok"),
], ids=str)
def test_claims(plain, claims, want):
    assert end(plain, raw({"sub": "u1", **claims})) == want


def test_b64info_wins(plain, channel):
    name = channel("all")
    info = base64.b64encode(b'{"b": 1}').decode()
    client = plain.client(tokens.conn("u1", info={"a": 1}, b64info=info))
    client.subscribe(name)
    client.publish(name, 1)
    assert client.pub()["info"]["conn_info"] == {"b": 1}


def test_audience_and_issuer(start):
    server = start(main_config(client={"token": {"audience": "me", "issuer": "you"}}))
    good = {"aud": "me", "iss": "you"}
    assert end(server, tokens.conn("u1", **good)) == "ok"
    assert end(server, tokens.conn("u1", aud=["other", "me"], iss="you")) == "ok"
    for change in ({"aud": "other"}, {"aud": []}, {"iss": "me"}):
        assert end(server, tokens.conn("u1", **{**good, **change})) == 3500
    assert end(server, tokens.conn("u1", aud="me")) == 3500
    assert end(server, tokens.conn("u1", iss="you")) == 3500


def test_previous_key(start):
    def config(valid_until):
        return main_config(client={"token": {
            "hmac_secret_key": NEW_SECRET, "hmac_previous_secret_key": tokens.SECRET,
            "hmac_previous_secret_key_valid_until": valid_until}})
    for valid_until, old in ((0, "ok"), (4000000000, "ok"), (1, 3500)):
        server = start(config(valid_until))
        assert end(server, tokens.make({"sub": "u1"}, NEW_SECRET)) == "ok"
        assert end(server, tokens.conn("u1")) == old


def test_user_id_claim(start, channel):
    server = start(main_config(client={"token": {"user_id_claim": "uid"}}))
    client = server.client(tokens.conn("ignored", uid="u9"))
    name = channel("all")
    client.subscribe(name)
    assert client.call("presence", channel=name)["presence"][client.id]["user"] == "u9"


def test_skipped_signature(start):
    server = start(main_config(client={"insecure_skip_token_signature_verify": True}))
    assert end(server, tokens.make({"sub": "u1"}, NEW_SECRET)) == "ok"
    assert end(server, tokens.make({"sub": "u1", "exp": 1}, NEW_SECRET)) == 109


# Subscription tokens


def test_private_channel(main, channel):
    name = "$" + channel("closed")
    client = main.client(tokens.conn("u1"))
    assert client.error("subscribe", channel=name) == 103
    assert client.subscribe(name, token=tokens.sub("u1", name)) == {}


def test_subscription_data_and_overrides(main, channel):
    name = channel("all")
    client = main.client(tokens.conn("u1"))
    token = tokens.sub("u1", name, data={"d": 1}, override={"force_recovery": {"value": True}})
    result = client.subscribe(name, token=token)
    assert result["data"] == {"d": 1} and result["recoverable"] is True


@pytest.mark.parametrize("change, code", [
    ({"exp": 1}, 109), ({"nbf": 4000000000}, 109), ({"expire_at": 1}, 110)], ids=str)
def test_subscription_error(main, channel, change, code):
    name = channel("closed")
    client = main.client(tokens.conn("u1"))
    assert client.error("subscribe", channel=name, token=tokens.sub("u1", name, **change)) == code


def test_subscription_token_invalid(main, channel):
    name = channel("closed")
    client = main.client(tokens.conn("u1"))
    for token in ("garbage", tokens.conn("u1"), tokens.make({"channel": name}, NEW_SECRET)):
        assert client.error("subscribe", channel=name, token=token) == 103


@pytest.mark.parametrize("change", [
    {"user": "u2"}, {"user": ""}, {"channel": "closed:other"}, {"client": "0" * 36}], ids=str)
def test_subscription_token_of_another(main, channel, change):
    name = channel("closed")
    client = main.client(tokens.conn("u1"))
    client.ask("subscribe", channel=name,
               token=tokens.sub(**{"user": "u1", "channel": name, **change}))
    assert client.ended() == (3500, "invalid token")


def test_subscription_token_for_this_client(main, channel):
    name = channel("closed")
    client = main.client(tokens.conn("u1"))
    assert client.subscribe(name, token=tokens.sub("u1", name, client=client.id)) == {}


def test_separate_subscription_key(start, channel):
    name = channel("closed")
    server = start(main_config(client={"subscription_token": {
        "enabled": True, "hmac_secret_key": NEW_SECRET}}))
    client = server.client(tokens.conn("u1"))
    assert client.error("subscribe", channel=name, token=tokens.sub("u1", name)) == 103
    token = tokens.make({"sub": "u1", "channel": name}, NEW_SECRET)
    assert client.subscribe(name, token=token) == {}
