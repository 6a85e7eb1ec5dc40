# SPDX-License-Identifier: MIT
"""Configuration of the running daemon: files, environment, errors, warnings."""

import json
import re

import pytest

from conftest import ROTOR, rotor_only
from rig import tokens
from rig.api import KEY
from rig.config import MAIN
from rig.config import main as main_config
from rig.server import HOST, free_port, run


def refused(tmp_path, text):
    """Tries to start with this file, which must fail; returns what was said."""
    path = tmp_path / "bad.yaml"
    path.write_text(text)
    done = run("-c", str(path))
    assert done.returncode != 0
    return done.stdout + done.stderr


def test_json_file(start):
    start(name="rotor.json").client(tokens.conn("u1")).fence()


@rotor_only
def test_json_file_with_tabs(tmp_path):
    path = tmp_path / "tabs.json"
    path.write_text(json.dumps(MAIN, indent="\t"))
    assert run("checkconfig", "-c", str(path)).returncode == 0


def test_keys_in_any_case(start):
    config = {key: value for key, value in MAIN.items() if key != "http_api"}
    server = start({**config, "HTTP_Api": {"KEY": KEY}})
    assert server.api.call("info")


def test_missing_file_is_no_error(start):
    """The environment is enough."""
    port = free_port()
    server = start({"http_server": {"port": port}}, write=False, env={
        "CENTRIFUGO_HTTP_SERVER_ADDRESS": HOST, "CENTRIFUGO_HTTP_SERVER_PORT": port,
        "CENTRIFUGO_CLIENT_ALLOW_ANONYMOUS_CONNECT_WITHOUT_TOKEN": "true"})
    server.client().fence()


@pytest.mark.parametrize("text, words", [
    ("client: [", []),
    ("client:\n  ping_interval: soon\n", ["ping_interval"]),
    ("client:\n  channel_limit: many\n", ["channel_limit"]),
    ("client:\n  insecure: perhaps\n", ["insecure"]),
    ("client: 5\n", []),
    ("client:\n  ping_interval: 5s\n  pong_timeout: 6s\n", []),
    ("channel:\n  namespaces:\n    - name: x\n", ["name"]),
    ("channel:\n  namespaces:\n    - name: a b\n", ["name"]),
    ("channel:\n  namespaces:\n    - name: aa\n    - name: aa\n", ["aa"]),
    ("channel:\n  without_namespace:\n    history_size: 5\n", []),
    ("channel:\n  without_namespace:\n    history_ttl: 5s\n", []),
    ("channel:\n  without_namespace:\n    force_recovery: true\n", []),
    ("channel:\n  without_namespace:\n    history_size: 5\n    history_ttl: 1500ms\n", []),
    ("channel:\n  without_namespace:\n    history_size: 5\n    history_ttl: 10s\n"
     "    history_meta_ttl: 5s\n", []),
    ("channel:\n  without_namespace:\n    publication_data_format: xml\n", []),
    ("channel:\n  without_namespace:\n    channel_regex: '('\n", []),
    ("client:\n  subscribe_to_user_personal_channel:\n    enabled: true\n"
     "    personal_channel_namespace: nosuch\n", ["nosuch"]),
    ("client:\n  token:\n    rsa_public_key: garbage\n", []),
    ("engine:\n  type: nosuch\n", ["nosuch"]),
    ("http_api:\n  error_mode: nosuch\n", []),
], ids=lambda v: v[:60].replace("\n", "/") if isinstance(v, str) else "")
def test_refused(tmp_path, text, words):
    log = refused(tmp_path, text)
    assert all(word in log for word in words), log


@rotor_only
@pytest.mark.parametrize("text, line, key", [
    ("a: 1\nclient:\n  ping_interval: soon\n", 3, "client.ping_interval"),
    ("client:\n  token: {}\n\n  channel_limit: many\n", 4, "client.channel_limit"),
    ("channel:\n  namespaces:\n    - name: good\n      presence: 7x\n", 4, "presence"),
    ("http_server:\n  port: 70000000\n", 2, "http_server.port"),
    ("websocket:\n  message_size_limit: x\n", 2, "websocket.message_size_limit"),
    ("client:\n  insecure: true\n  insecure: false\n", 3, "insecure"),
    ("a: 1\nclient:\n  - a\n", 2, "client"),
], ids=lambda v: v if isinstance(v, str) and "\n" not in v else "")
def test_errors_name_file_line_and_key(tmp_path, text, line, key):
    log = refused(tmp_path, text)
    assert re.search(rf'bad\.yaml(:{line}:|","line":{line}\b)', log) and key in log, log


@rotor_only
def test_tls_is_refused_rather_than_ignored(tmp_path):
    log = refused(tmp_path, "http_server:\n  tls:\n    enabled: true\n")
    assert "tls" in log


def warnings(server):
    return [line for line in server.log_lines() if line["level"] == "warn"]


def warned(server, word):
    server.wait(lambda: any(word in json.dumps(line) for line in warnings(server)),
                f"a warning of {word}")


def test_unknown_keys_warn(start):
    server = start(main_config(client={"nosuch_key": 1}, nosuch_section={"a": 1}),
                   env={"ROTOR_NOSUCH_VARIABLE": "1", "CENTRIFUGO_NOSUCH_VARIABLE": "1"})
    warned(server, "nosuch_key")
    warned(server, "nosuch_section")
    warned(server, "NOSUCH_VARIABLE")
    server.client().fence()


@rotor_only
def test_keys_without_effect_warn(start):
    """A known key of a feature that is not there yet is not silently ignored."""
    server = start(main_config(sse={"enabled": True}, admin={"enabled": False}))
    warned(server, "sse.enabled")
    assert not any("admin" in json.dumps(line) for line in warnings(server))


@pytest.mark.parametrize("prefix", [pytest.param("ROTOR_", marks=rotor_only), "CENTRIFUGO_"])
def test_environment(start, channel, prefix):
    namespaces = [{"name": "en-v", "allow_subscribe_for_client": True,
                   "allow_subscribe_for_anonymous": True}, {"name": "other"}]
    config = {key: value for key, value in MAIN.items() if key != "channel"}
    server = start(config, env={
        prefix + "HTTP_API_KEY": "from the environment",
        prefix + "CLIENT_ALLOWED_ORIGINS": "http://a.example http://b.example",
        prefix + "CLIENT_PING_INTERVAL": "40s",
        prefix + "CLIENT_CONNECT_INCLUDE_SERVER_TIME": "T",
        prefix + "CHANNEL_NAMESPACES": json.dumps(namespaces),
        prefix + "CHANNEL_NAMESPACES_EN_V_HISTORY_SIZE": "0x5",
        prefix + "CHANNEL_NAMESPACES_EN_V_HISTORY_TTL": "5m",
        prefix + "CHANNEL_NAMESPACES_EN_V_FORCE_RECOVERY": "true",
        prefix + "CHANNEL_MAX_LENGTH": "",
    })
    assert server.api.post("info", {}).status == 401
    assert server.api.post("info", {}, {"X-API-Key": "from the environment"}).status == 200
    client = server.open(headers={"Origin": "http://b.example"})
    result = client.connect()
    assert result["ping"] == 40 and result["time"]
    assert client.subscribe(channel("en-v"))["recoverable"]
    assert client.error("subscribe", channel="other:x") == 103


@rotor_only
def test_own_environment_wins(start):
    server = start(env={"CENTRIFUGO_HTTP_API_KEY": "theirs", "ROTOR_HTTP_API_KEY": "ours"})
    assert server.api.post("info", {}, {"X-API-Key": "ours"}).status == 200
    assert server.api.post("info", {}, {"X-API-Key": "theirs"}).status == 401


def test_zero_in_a_file_is_the_default(start, channel):
    server = start(main_config(client={"channel_limit": 0}))
    client, prefix = server.client(), channel()
    for i in range(3):
        client.subscribe(f"{prefix}{i}")


def test_log_level(start):
    server = start(main_config(log={"level": "error"}))
    server.client().fence()
    assert not [line for line in server.log_lines() if line["level"] in ("info", "debug")]


def test_log_file(start, tmp_path):
    path = tmp_path / "rotor.log"
    server = start(main_config(log={"file": str(path)}))
    server.wait(lambda: path.exists() and "serving" in path.read_text(), "logging to the file")
    assert "serving" not in server.log


def test_log_is_json_lines(start):
    server = start()
    server.wait(lambda: "serving" in server.log, "the start-up line")
    for line in server.log.splitlines():
        entry = json.loads(line)
        assert list(entry)[0] == "level" and entry["time"] and entry["message"]


def test_hostile_text_cannot_forge_log_lines(start):
    server = start(main_config(log={"level": "debug"}))
    client = server.client(tokens.conn('u"\n{"level":"fatal","message":"forged"}\n'))
    client.ws.send("\n\x1b[31m\r\nforged\n")
    client.ended()
    assert not any(line.get("message") == "forged" for line in server.log_lines())


def test_secrets_are_not_logged(start):
    """At the most talkative level."""
    server = start(main_config(log={"level": "trace"}))
    token = tokens.conn("u1")
    server.client(token).fence()
    server.api.call("info")
    server.stop()
    assert tokens.SECRET not in server.log and KEY not in server.log
    if ROTOR:
        assert token.split(".")[2] not in server.log


@rotor_only
def test_modules_list(start):
    """Only what is named is loaded, and what a named module needs."""
    server = start(main_config(modules=["websocket", "engine_memory", "auth_jwt"]))
    server.client(tokens.conn("u1")).fence()
    assert server.api.request("POST", "/api/info", "{}").status == 404


@rotor_only
@pytest.mark.parametrize("modules, word", [
    (["nosuch"], "nosuch"), (["../../etc/passwd"], "passwd"), (["websocket", "websocket"], "websocket")])
def test_bad_modules_list(tmp_path, modules, word):
    log = refused(tmp_path, json.dumps({"modules": modules}))
    assert word in log
