# SPDX-License-Identifier: MIT
"""Which tokens are good: algorithms, keys, claims; subscription tokens."""

import base64
import hashlib
import hmac
import json

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from conftest import rotor_only
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


@pytest.mark.parametrize("form, want", [
    ("%s\n", "ok"), ("%s\r\n", "ok"), ("\n%s", 3500), (" %s", 3500), ("%s ", 3500), ("Bearer %s", 3500),
], ids=ascii)
def test_line_end(plain, form, want):
    """Files with secrets end in one; nothing else is forgiven."""
    assert end(plain, form % tokens.conn("u1")) == want


REFUSED = [
    ({"aud": "x", "iss": "i"}, "claim aud"), ({"iss": "i"}, "no claim aud"),
    ({"aud": "a", "iss": "x"}, "claim iss"), ({"aud": "a"}, "no claim iss"),
    ({"aud": "a", "iss": "i", "channel": "c"}, "claim channel"), ({"sub": 7}, "claim sub"),
]


@rotor_only
@pytest.mark.parametrize("claims, why", REFUSED, ids=str)
def test_log_names_the_claim(start, claims, why):
    server = start(main_config(client={"token": {"audience": "a", "issuer": "i"}}))
    assert end(server, raw({"sub": "u1", **claims})) == 3500
    server.wait(lambda: why in server.log, "the log says " + why)


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


# What a block may ask for beside a key; tokens that have it, and that do not.
OPTIONS = {
    "audience": ({"audience": "me"}, [{"aud": "me"}, {"aud": ["x", "me"]}],
                 [{}, {"aud": "you"}, {"aud": ["mee"]}]),
    "issuer": ({"issuer": "me"}, [{"iss": "me"}], [{}, {"iss": "you"}, {"iss": "mee"}]),
    "audience_regex": ({"audience_regex": "^app-[ab]$"},
                       [{"aud": "app-a"}, {"aud": ["x", "app-b"]}],
                       [{}, {"aud": "app-c"}, {"aud": ["app-a "]}, {"aud": []}]),
    "issuer_regex": ({"issuer_regex": r"\.(com|org)$"},
                     [{"iss": "x.com"}, {"iss": "y.org"}], [{}, {"iss": "x.net"}, {"iss": "x.com\n"}]),
    "both": ({"audience_regex": "a", "issuer": "me"}, [{"aud": "bab", "iss": "me"}],
             [{"aud": "bab"}, {"iss": "me"}, {"aud": "bab", "iss": "a"}]),
}


@pytest.mark.parametrize("option", OPTIONS)
def test_option(start, option):
    options, good, bad = OPTIONS[option]
    server = start(main_config(client={"token": options}))
    for claims in good:
        assert end(server, tokens.conn("u1", **claims)) == "ok"
        assert end(server, tokens.make({"sub": "u1", **claims}, NEW_SECRET)) == 3500
    for claims in bad:
        assert end(server, raw({"sub": "u1", **claims})) == 3500
    # A wrong audience comes before an expiry.
    assert end(server, raw({"exp": 1, **bad[-1]})) == 3500


REFUSED = {
    "audiences": {"audience": "a", "audience_regex": "a"},
    "issuers": {"issuer": "a", "issuer_regex": "a"},
    "audience-regex": {"audience_regex": "("},
    "issuer-regex": {"issuer_regex": "(?=x)"},
    "user-id-claim": {"user_id_claim": "a.b"},
    "no-pem": {"rsa_public_key": "nonsense"},
    "rsa-for-ecdsa": {"ecdsa_public_key": public(RSA)},
    "ecdsa-for-rsa": {"rsa_public_key": public(ec.generate_private_key(CURVES["ES256"]))},
}


@pytest.mark.parametrize("name", REFUSED)
@pytest.mark.parametrize("section", ["token", "subscription_token"])
def test_refused_options(start, section, name):
    more = {"enabled": True} if section == "subscription_token" else {}
    server = start(main_config(client={section: {**REFUSED[name], **more}}), ready=False)
    assert server.wait_exit() != 0


PRIVATE = RSA.private_bytes(
    serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8,
    serialization.NoEncryption()).decode()


@rotor_only
@pytest.mark.parametrize("key, value, words", [
    ("rsa_public_key", PRIVATE, "is a private key"),
    ("ecdsa_public_key", public(RSA), "not an ECDSA key, but one of type RSA"),
    ("ecdsa_public_key", public(ec.generate_private_key(ec.SECP256K1())), "P-256, P-384, P-521"),
    ("issuer_regex", "a(b", "missing )"),
    ("jwks_public_endpoint", "ftp://x/", "expected a URL that begins with http:// or https://"),
    ("user_id_claim", "a.b", "letters and underscores")],
    ids=["private", "rsa", "curve", "regex", "url", "claim"])
def test_refusal_says_where(start, key, value, words):
    """File and line, the key, and what was expected; never the value of a key."""
    server = start(main_config(client={"token": {key: value}}), ready=False)
    assert server.wait_exit() != 0
    line = server.line(lambda line: line.get("key") == f"client.token.{key}")
    text = server.file.read_text().splitlines()
    number = next(i for i, each in enumerate(text, 1) if f"{key}:" in each)
    assert line["file"].endswith("rotor.yaml") and line["line"] == number and line["level"] == "fatal"
    assert words in line["message"]
    assert "MII" not in server.log


@rotor_only
def test_refusal_says_which_variable(start):
    server = start(env={"ROTOR_CLIENT_TOKEN_USER_ID_CLAIM": "a.b"}, ready=False)
    assert server.wait_exit() != 0
    line = server.line(lambda line: "key" in line)
    assert (line["file"], line["key"]) == ("environment", "ROTOR_CLIENT_TOKEN_USER_ID_CLAIM")


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


def separate(options):
    """client.subscription_token alone has these; client.token has its secret."""
    return main_config(client={"subscription_token": {"enabled": True, **options}})


def subscribed(client, name, token):
    """How a subscribe with this token ends: "ok" or an error code."""
    reply = client.reply(client.ask("subscribe", channel=name, token=token))
    if "error" in reply:
        return reply["error"]["code"]
    client.call("unsubscribe", channel=name)
    return "ok"


@pytest.mark.parametrize("alg", ["RS256", *CURVES])
def test_separate_public_key(start, channel, alg):
    name = channel("closed")
    key = RSA if alg == "RS256" else ec.generate_private_key(CURVES[alg])
    option = "rsa_public_key" if alg == "RS256" else "ecdsa_public_key"
    server = start(separate({option: public(key)}))
    claims = {"sub": "u1", "channel": name}
    client = server.client(tokens.conn("u1"))
    assert subscribed(client, name, tokens.make(claims, key, alg)) == "ok"
    assert subscribed(client, name, tokens.sub("u1", name)) == 103
    assert end(server, tokens.make({"sub": "u1"}, key, alg)) == 3500


@pytest.mark.parametrize("option", OPTIONS)
def test_separate_option(start, channel, option):
    """It counts for subscription tokens and for no others."""
    name = channel("closed")
    options, good, bad = OPTIONS[option]
    server = start(separate({"hmac_secret_key": NEW_SECRET, **options}))
    client = server.client(tokens.conn("u1"))
    for claims in good:
        token = tokens.make({"sub": "u1", "channel": name, **claims}, NEW_SECRET)
        assert subscribed(client, name, token) == "ok"
    for claims in bad:
        token = raw({"sub": "u1", "channel": name, **claims}, NEW_SECRET)
        assert subscribed(client, name, token) == 103


def test_separate_section_inherits_nothing(start, channel):
    """Options of client.token do not count for subscription tokens."""
    name = channel("closed")
    server = start(main_config(client={
        "token": {"audience": "me", "issuer_regex": "^me$", "user_id_claim": "uid"},
        "subscription_token": {"enabled": True, "hmac_secret_key": NEW_SECRET}}))
    client = server.client(tokens.conn("x", aud="me", iss="me", uid="u1"))
    token = tokens.make({"sub": "u1", "channel": name}, NEW_SECRET)
    assert subscribed(client, name, token) == "ok"


def test_separate_user_id_claim(start, channel):
    name = channel("closed")
    server = start(separate({"hmac_secret_key": NEW_SECRET, "user_id_claim": "uid"}))
    client = server.client(tokens.conn("u1"))
    token = tokens.make({"sub": "x", "uid": "u1", "channel": name}, NEW_SECRET)
    assert subscribed(client, name, token) == "ok"


def test_separate_previous_key(start, channel):
    name = channel("closed")
    for valid_until, old in ((0, "ok"), (4000000000, "ok"), (1, 103)):
        server = start(separate({"hmac_secret_key": NEW_SECRET,
                                 "hmac_previous_secret_key": tokens.SECRET,
                                 "hmac_previous_secret_key_valid_until": valid_until}))
        client = server.client(tokens.conn("u1"))
        claims = {"sub": "u1", "channel": name}
        assert subscribed(client, name, tokens.make(claims, NEW_SECRET)) == "ok"
        assert subscribed(client, name, tokens.make(claims, tokens.SECRET)) == old


def test_separate_but_disabled(start, channel):
    name = channel("closed")
    server = start(main_config(client={"subscription_token": {
        "enabled": False, "hmac_secret_key": NEW_SECRET, "audience": "x"}}))
    client = server.client(tokens.conn("u1"))
    assert subscribed(client, name, tokens.sub("u1", name)) == "ok"
    assert subscribed(client, name, tokens.make({"sub": "u1", "channel": name}, NEW_SECRET)) == 103


def test_separate_and_skipped_signature(start, channel):
    """The switch counts for both kinds."""
    name = channel("closed")
    config = separate({"hmac_secret_key": NEW_SECRET})
    config["client"]["insecure_skip_token_signature_verify"] = True
    client = start(config).client(tokens.conn("u1"))
    claims = {"sub": "u1", "channel": name}
    assert subscribed(client, name, tokens.make(claims, "x" * 64)) == "ok"
    assert subscribed(client, name, tokens.make({**claims, "exp": 1}, "x" * 64)) == 109
