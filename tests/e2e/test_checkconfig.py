# SPDX-License-Identifier: MIT
"""`rotor checkconfig` refuses what `rotor serve` refuses: with file, line and key."""

import base64
import re

import pytest

from conftest import rotor_only
from rig.server import run

pytestmark = rotor_only

KEY = base64.b64encode(b"-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n").decode()

# Section, lines of it, the key that is wrong, what is said of it.
CASES = [
    ("http_server", ["tls: {enabled: true}"], "http_server.tls.enabled", "no TLS"),
    ("http_server", ["internal_tls:", "  enabled: true"], "http_server.internal_tls.enabled", "no TLS"),
    ("http_server", ["tls_autocert: {enabled: true}"], "http_server.tls_autocert.enabled", "no TLS"),
    ("http_server", ['address: "300.1.2.3.4"'], "http_server.address", "expected an address"),
    ("http_server", ['internal_address: "a b"'], "http_server.internal_address", "expected an address"),
    ("http_server", ['internal_port: "abc"'], "http_server.internal_port", "expected a port"),
    ("http_server", ['internal_port: "65536"'], "http_server.internal_port", "expected a port"),
    ("http_server", ["unix_socket: /nosuch/sock"], "http_server.unix_socket", "folder that exists"),
    ("http_server", ["internal_unix_socket: /dev/null"], "http_server.internal_unix_socket", "for a socket"),
    ("http_server", ["unix_socket: /" + 120 * "x"], "http_server.unix_socket", "less than 108 bytes"),
    ("http_server", ["unix_socket_mode: 888"], "http_server.unix_socket_mode", "octal"),
    ("http_api", ["handler_prefix: api"], "http_api.handler_prefix", "expected a path"),
    ("http_api", ["handler_prefix: /" + 300 * "x"], "http_api.handler_prefix", "expected a path"),
    ("http_api", ["external: true", "handler_prefix: /connection/websocket"],
     "http_api.handler_prefix", "served already"),
    ("websocket", ["handler_prefix: 'ws?'"], "websocket.handler_prefix", "expected a path"),
    ("health", ["enabled: true", "handler_prefix: /api/"], "health.handler_prefix", "served already"),
    ("client", ['token: {issuer_regex: "(a"}'], "client.token.issuer_regex", ""),
    ("client", [f"token: {{rsa_public_key: {KEY}}}"], "client.token.rsa_public_key", ""),
    ("client", ["token: {user_id_claim: a-b}"], "client.token.user_id_claim", ""),
    ("client", ["subscription_token:", "  enabled: true", '  audience_regex: "["'],
     "client.subscription_token.audience_regex", ""),
    ("grpc_api", ["enabled: true", "tls: {enabled: true}"], "grpc_api.tls.cert_pem", "certificate"),
    ("grpc_api", ["enabled: true", "address: 'no/name'"], "grpc_api.address", "expected an address"),
    ("log", ["file: /nosuch/log"], "log.file", "cannot write"),
    ("log", ["file: /tmp"], "log.file", "cannot write"),
]


@pytest.mark.parametrize("section, lines, key, words", CASES, ids=[f"{c[2]}-{i}" for i, c in enumerate(CASES)])
def test_refused_by_both(tmp_path, section, lines, key, words):
    path = tmp_path / "c.yaml"
    path.write_text("# one line before\n" + section + ":\n" + "".join(f"  {line}\n" for line in lines))
    done = run("checkconfig", "-c", str(path))
    assert done.returncode == 1
    said = re.search(rf"^error validating config: {path}:(\d+): {re.escape(key)}: (.*)$", done.stdout, re.M)
    assert said and words in said[2], done.stdout
    assert int(said[1]) > 1
    assert KEY not in done.stdout + done.stderr
    served = run("serve", "-c", str(path), "--http_server.port", "0")
    assert served.returncode == 1
    assert key in served.stdout + served.stderr


@pytest.mark.parametrize("text, key, words", [
    ("modules: [http, websocket]\n", "engine.type", 'the engine "memory"'),
    ("modules: [http, engine_memory, /nosuch/x.so]\n", r"modules\[2\]", "not installed"),
    ("engine: {type: nosuch}\n", "engine.type", "not installed"),
])
def test_modules(tmp_path, text, key, words):
    path = tmp_path / "c.yaml"
    path.write_text(text)
    done = run("checkconfig", "-c", str(path))
    assert done.returncode == 1
    assert re.search(rf"^error validating config: {path}(:1)?: {key}: .*{words}", done.stdout, re.M), done.stdout
    served = run("serve", "-c", str(path), "--http_server.port", "0")
    assert served.returncode == 1
    assert words in (served.stdout + served.stderr).replace("\\", "")


def test_all_at_once_and_in_order(tmp_path):
    """Of the core and of modules, in the order of the file's lines."""
    path = tmp_path / "c.yaml"
    path.write_text("health: {enabled: true, handler_prefix: x}\n"
                    "log: {file: /nosuch/log}\n"
                    "nosuch: 1\n"
                    "http_server:\n  internal_port: abc\n  tls:\n    enabled: true\n")
    done = run("checkconfig", "-c", str(path))
    lines = re.findall(rf"{path}:(\d+)", done.stdout)
    assert lines == ["1", "2", "5", "7"], done.stdout
    assert re.findall(rf"{path}:(\d+)", done.stderr) == ["3"]


def test_leaves_nothing_behind(tmp_path):
    path = tmp_path / "c.yaml"
    path.write_text(f"log: {{file: {tmp_path}/log}}\npid_file: {tmp_path}/pid\n"
                    f"http_server: {{port: 0, unix_socket: {tmp_path}/sock}}\n")
    done = run("checkconfig", "-c", str(path))
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    assert [p.name for p in tmp_path.iterdir()] == ["c.yaml"]
