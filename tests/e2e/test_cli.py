# SPDX-License-Identifier: MIT
"""The command line: each subcommand's output and exit status."""

import base64
import json
import os
import re
import stat
import time

import jwt
import pytest
import yaml

from conftest import ROTOR, rotor_only
from rig import tokens
from rig.config import MAIN
from rig.server import environment, run


@pytest.fixture
def config(tmp_path):
    path = tmp_path / "main.yaml"
    path.write_text(yaml.safe_dump(MAIN))
    return str(path)


def ok(*args, **kw):
    done = run(*args, **kw)
    assert done.returncode == 0, done
    return done.stdout


def failed(*args, **kw):
    """Runs what must fail; returns all that it said."""
    done = run(*args, **kw)
    assert done.returncode != 0, done
    return done.stdout + done.stderr


def test_version():
    assert re.search(r"\d+\.\d+\.\d+", ok("version"))


@rotor_only
def test_version_names_the_abi():
    assert re.match(r"rotor v?\d+\.\d+\.\d+", ok("version").lower())


COMMANDS = ["serve", "checkconfig", "genconfig", "defaultconfig", "configdoc", "gentoken",
            "gensubtoken", "checktoken", "checksubtoken", "version"]


def test_help():
    for flag in ("--help", "-h", "help"):
        text = ok(flag)
        assert all(name in text for name in COMMANDS)


@pytest.mark.parametrize("command", COMMANDS + (["modules"] if ROTOR else []))
def test_help_of(command):
    assert "usage" in ok(command, "--help").lower()


@rotor_only
@pytest.mark.parametrize("args", [
    ("nosuch",), ("serve", "--nosuch"), ("checkconfig", "--nosuch"), ("version", "extra"),
    ("gentoken", "--ttl"), ("gentoken", "--ttl", "soon"), ("genconfig", "-c")], ids=str)
def test_wrong_usage(args):
    done = run(*args)
    assert done.returncode == 2 and done.stderr


# Configuration files


@pytest.mark.parametrize("name", ["new.yaml", "new.yml", "new.json"])
def test_genconfig(tmp_path, name):
    path = tmp_path / name
    assert ok("genconfig", "-c", str(path)) == ""
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    made = yaml.safe_load(path.read_text())
    secrets = {made["client"]["token"]["hmac_secret_key"], made["http_api"]["key"]}
    assert len(secrets) == 2 and all(len(s) >= 43 for s in secrets)
    assert ok("checkconfig", "-c", str(path)) == ""
    assert "already exists" in failed("genconfig", "-c", str(path))
    assert yaml.safe_load(path.read_text()) == made


def test_genconfig_never_repeats(tmp_path):
    keys = set()
    for i in range(2):
        path = tmp_path / f"{i}.json"
        ok("genconfig", "-c", str(path))
        keys.add(json.loads(path.read_text())["http_api"]["key"])
    assert len(keys) == 2


def test_genconfig_extension(tmp_path):
    assert "extension" in failed("genconfig", "-c", str(tmp_path / "new.txt"))


@rotor_only
def test_genconfig_starts(tmp_path, start):
    path = tmp_path / "new.yaml"
    ok("genconfig", "-c", str(path))
    made = yaml.safe_load(path.read_text())
    server = start(made)
    token = tokens.make({"sub": "u1"}, made["client"]["token"]["hmac_secret_key"])
    server.client(token).fence()


@pytest.mark.parametrize("name", ["all.yaml", "all.json"])
def test_defaultconfig(tmp_path, name):
    path = tmp_path / name
    ok("defaultconfig", "-c", str(path))
    made = yaml.safe_load(path.read_text())
    assert made["client"]["ping_interval"] == "25s"
    assert made["client"]["channel_limit"] == 128
    assert made["channel"]["history_meta_ttl"] in ("720h", "720h0m0s")
    assert made["http_api"]["handler_prefix"] == "/api"
    assert made["websocket"]["message_size_limit"] == 65536
    assert "presence" in made["channel"]["without_namespace"]
    assert ok("checkconfig", "-c", str(path)) == ""
    assert "already exists" in failed("defaultconfig", "-c", str(path))


def test_defaultconfig_dry_run(tmp_path):
    text = ok("defaultconfig", "-d", "-c", "none.yaml", cwd=tmp_path)
    assert yaml.safe_load(text)["client"]["pong_timeout"] == "8s"
    assert os.listdir(tmp_path) == []


@rotor_only
def test_configdoc():
    text = ok("configdoc")
    for key in ("client.ping_interval", "http_server.port", "websocket.compression",
                "channel.without_namespace.history_size", "client.token.hmac_secret_key"):
        assert key in text


def test_checkconfig(config):
    assert ok("checkconfig", "-c", config) == ""


def test_checkconfig_of_a_missing_file(tmp_path):
    assert "not found" in failed("checkconfig", "-c", str(tmp_path / "none.yaml"))


def test_checkconfig_strict(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("client:\n  nosuch_key: 1\n")
    ok("checkconfig", "-c", str(path))
    assert "nosuch_key" in failed("checkconfig", "-s", "-c", str(path))
    assert "nosuch_key" in failed("checkconfig", "--strict", "-c", str(path))


# Tokens


def decoded(token):
    claims = jwt.decode(token, tokens.SECRET, algorithms=["HS256"])
    assert jwt.get_unverified_header(token) == {"alg": "HS256", "typ": "JWT"}
    return claims


def test_gentoken(config):
    first, token = ok("gentoken", "-c", config, "-u", "7", "-t", "60").strip().split("\n")
    assert first == 'HMAC SHA-256 JWT for user "7" with expiration TTL 1m0s:'
    claims = decoded(token)
    assert claims["sub"] == "7" and 0 < claims["exp"] - time.time() <= 61


def test_gentoken_variants(config):
    text = ok("gentoken", "-c", config, "-t", "-1")
    assert "anonymous user" in text and "without expiration" in text
    claims = decoded(text.strip().split("\n")[1])
    assert "exp" not in claims and "sub" not in claims
    quiet = ok("gentoken", "-c", config, "-q", "--user", "7")
    assert "\n" not in quiet
    assert abs(decoded(quiet)["exp"] - time.time() - 604800) < 60


def test_gensubtoken(config):
    first, token = ok("gensubtoken", "-c", config, "-u", "7", "-s", "ch").strip().split("\n")
    assert first == 'HMAC SHA-256 JWT for user "7" and channel "ch" with expiration TTL 168h0m0s:'
    claims = decoded(token)
    assert (claims["sub"], claims["channel"]) == ("7", "ch")
    assert "channel is required" in failed("gensubtoken", "-c", config)


def test_checktoken(config):
    token = tokens.conn("7", ttl=60)
    first, payload = ok("checktoken", "-c", config, token).strip().split("\n")
    assert first == "valid token for user 7"
    assert json.loads(payload.removeprefix("payload: "))["sub"] == "7"
    assert "anonymous user" in ok("checktoken", "-c", config, tokens.conn(""))


def test_checktoken_failures(config):
    assert "error: provide token to check" in failed("checktoken", "-c", config)
    assert "error: " in failed("checktoken", "-c", config, "garbage")
    assert "error: " in failed("checktoken", "-c", config, tokens.conn("7", exp=1))
    wrong = tokens.make({"sub": "7"}, "another-secret-of-more-than-thirty-two-bytes")
    text = failed("checktoken", "-c", config, wrong)
    assert "invalid token" in text and tokens.SECRET not in text


def test_checksubtoken(config):
    text = ok("checksubtoken", "-c", config, tokens.sub("7", "ch"))
    assert text.startswith('valid subscription token for user "7" and channel "ch"\n')
    assert "error: " in failed("checksubtoken", "-c", config, tokens.conn("7"))


def test_generated_tokens_are_accepted(start, channel):
    server = start()
    name = channel("closed")
    token = ok("gentoken", "-q", "-u", "7", "-c", str(server.file))
    sub = ok("gensubtoken", "-q", "-u", "7", "-s", name, "-c", str(server.file))
    client = server.client(token)
    assert client.subscribe(name, token=sub)["expires"]


def test_gentoken_needs_a_key(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text("client: {}\n")
    assert "error: " in failed("gentoken", "-c", str(path), "-u", "7")


# Flags of the server itself


def test_flags_win(start, channel):
    config = {**MAIN, "client": {**MAIN["client"], "insecure": False}}
    server = start(config, args=["--client.insecure"], env={"ROTOR_CLIENT_INSECURE": "false",
                                                            "CENTRIFUGO_CLIENT_INSECURE": "false"})
    assert server.client().subscribe(channel("closed")) is not None


@rotor_only
def test_serve(start):
    start(command=["serve"]).client().fence()


@rotor_only
def test_modules():
    text = ok("modules")
    for name in ("http", "websocket", "engine_memory", "auth_jwt", "api_http", "health", "demo"):
        line = next(line for line in text.splitlines() if re.match(rf"\s*{name}\b", line))
        assert re.search(r"\d+\.\d+", line)


@rotor_only
def test_modules_json():
    listed = json.loads(ok("modules", "--json"))
    assert {"http", "websocket", "auth_jwt"} <= {m["name"] for m in listed}


@rotor_only
def test_modules_that_cannot_be_loaded(tmp_path):
    """They are listed with the reason, and the exit status says so."""
    (tmp_path / "broken.so").write_bytes(b"\x7fELF but not really")
    done = run("modules", "--module-dir", str(tmp_path), env=environment())
    assert done.returncode == 1 and "broken" in done.stdout + done.stderr
    empty = tmp_path / "empty"
    empty.mkdir()
    assert run("modules", "--module-dir", str(empty)).returncode == 0


def test_secrets_are_urlsafe(tmp_path):
    path = tmp_path / "new.json"
    ok("genconfig", "-c", str(path))
    key = json.loads(path.read_text())["http_api"]["key"]
    assert len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) >= 32
