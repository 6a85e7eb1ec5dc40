# SPDX-License-Identifier: MIT
"""Command lines, what they print and their exit status, in tables.

Those of the first table are to be answered in the same form by Centrifugo; where Rotor
differs on purpose (wrong usage is status 2, not 0) the line stands in the second."""

import json
import os
import re
import subprocess

import pytest
import yaml

from conftest import rotor_only
from rig import tokens
from rig.config import MAIN
from rig.server import binary, environment, run

TOKEN = r"eyJ[\w-]+\.[\w-]+\.[\w-]+"
CONN = tokens.conn("7")
SUB = tokens.sub("7", "ch")
FOR_7 = rf'HMAC SHA-256 JWT for user "7" with expiration TTL 168h0m0s:\n{TOKEN}\n'
PAYLOAD = r"payload: \{.*\}\n"
UNKNOWN = r"unknown keys in config: (client\.nosuch, other|other, client\.nosuch)\n"
EXISTS = r"error: .*already exists.*\n"

FILES = {
    "good.yaml": yaml.safe_dump(MAIN),
    "good.json": json.dumps(MAIN),
    "empty.json": "{}",
    "torn.yaml": "client: [",
    "torn.json": '{"client": ',
    "unknown.yaml": "client:\n  nosuch: 1\nother: 2\n",
    "value.yaml": "client:\n  ping_interval: abc\n",
    "names.yaml": "channel:\n  namespaces:\n    - name: 'bad name'\n",
    "there.yaml": "",
    "there.toml": "[client]\nping_interval = 'soon'\n",
    "torn.toml": "[client]\nping_interval = \n",
    "right.toml": "[client]\nping_interval = '30s'\nchannel_limit = 1_000\n"
                 "[[channel.namespaces]]\nname = 'ns'\npresence = true\n",
    "text.txt": "",
    "base.yaml": yaml.safe_dump({
        "client": {"ping_interval": "40s", "allowed_origins": ["http://a", "http://b"]},
        "channel": {"namespaces": [{"name": "news", "presence": True}]}}),
}

# Of both servers: arguments, exit status, standard output in full.
BOTH = [
    ("version", 0, r"\w+ v\d+\.\d+\.\d+ \(.*\)\n"),
    ("help version", 0, r"(?s).*[Uu]sage.*version.*"),
    ("genconfig -c new.yaml", 0, ""),
    ("genconfig -c new.yml", 0, ""),
    ("genconfig --config=new.json", 0, ""),
    ("genconfig -c there.yaml", 1, EXISTS),
    ("genconfig -c new.txt", 1, r"error: .*supported extensions: .*json.*yaml, yml.*\n"),
    ("genconfig -c new", 1, r"error: .*supported extensions: .*\n"),
    ("genconfig -c nosuch/new.json", 1, r"error: .*nosuch/new\.json.*\n"),
    ("checkconfig -c good.yaml", 0, ""),
    ("checkconfig -c good.json", 0, ""),
    ("checkconfig -c empty.json", 0, ""),
    ("checkconfig -c nosuch.yaml", 1, "config file not found\n"),
    ("checkconfig -c dir", 1, "error getting config: .*dir.*\n"),
    ("checkconfig -c torn.yaml", 1, r"error getting config: .*torn\.yaml.*\n"),
    ("checkconfig -c torn.json", 1, r"error getting config: .*torn\.json.*\n"),
    ("checkconfig -c value.yaml", 1, r"(?s)error (getting|validating) config: .*client\.ping_interval.*"
                                     r"duration.*abc.*"),
    ("checkconfig -c names.yaml", 1, r"error validating config: .*bad name.*\n"),
    ("checkconfig -c unknown.yaml", 0, ""),
    ("checkconfig -s -c unknown.yaml", 1, UNKNOWN),
    ("checkconfig --strict --config unknown.yaml", 1, UNKNOWN),
    ("gentoken -c good.yaml -u 7", 0, FOR_7),
    ("gentoken -c good.json --user=7", 0, FOR_7),
    ("gentoken -c good.yaml -u7", 0, FOR_7),
    ("gentoken -c good.yaml", 0, rf"HMAC SHA-256 JWT for anonymous user with .*:\n{TOKEN}\n"),
    ("gentoken -c good.yaml -u 7 -t 3661", 0, rf"(?s).* with expiration TTL 1h1m1s:\n{TOKEN}\n"),
    ("gentoken -c good.yaml -u 7 -t -1", 0, rf'HMAC SHA-256 JWT for user "7" without expiration:\n{TOKEN}\n'),
    ("gentoken -c good.yaml -u 7 --ttl=-5", 0, rf"(?s).* without expiration:\n{TOKEN}\n"),
    ("gentoken -c good.yaml -u 7 -q", 0, TOKEN),
    ("gentoken -c good.yaml -qu 7 --ttl 60", 0, TOKEN),
    ("gentoken -c empty.json -u 7", 1, r"error: gentoken only supports .*client\.token\.hmac_secret_key.*\n"),
    ("gentoken -c nosuch.yaml -u 7", 1, r"error: gentoken only supports .*\n"),
    ("gensubtoken -c good.yaml -u 7", 2, "channel is required\n"),
    ("gensubtoken -c good.yaml -u 7 -s ch", 0, 'HMAC SHA-256 JWT for user "7" and channel "ch" with '
                                               rf"expiration TTL 168h0m0s:\n{TOKEN}\n"),
    ("gensubtoken -c good.yaml --channel ch -t 90", 0, 'HMAC SHA-256 JWT for anonymous user and channel '
                                                       rf'"ch" with expiration TTL 1m30s:\n{TOKEN}\n'),
    ("gensubtoken -c good.yaml -s ch --quiet", 0, TOKEN),
    ("gensubtoken -c empty.json -s ch", 1, r"error: gensubtoken only supports .*\n"),
    ("checktoken -c good.yaml", 2, r"error: provide token to check \[\w+ checktoken <TOKEN>\]\n"),
    (f"checktoken -c good.yaml {CONN} more", 2, r"error: provide token to check .*\n"),
    (f"checktoken -c good.yaml {CONN}", 0, "valid token for user 7\n" + PAYLOAD),
    (f"checktoken {CONN} -c good.yaml", 0, "valid token for user 7\n" + PAYLOAD),
    (f"checktoken -c good.yaml {tokens.conn('')}", 0, "valid token for anonymous user\n" + PAYLOAD),
    (f"checktoken -c good.yaml {SUB}", 1, r"error: token with algorithm HS256 and claims \{.*\} has error: "
                                          r"invalid token: .*channel.*\n"),
    (f"checktoken -c good.yaml {CONN}x", 1, r"error: token with .* has error: invalid token: signature .*\n"),
    (f"checktoken -c empty.json {CONN}", 1, r"error: token with .* has error: invalid token: .*\n"),
    ("checktoken -c good.yaml garbage", 1, r"error: .*token.*\n"),
    (f"checksubtoken -c good.yaml {SUB}", 0, 'valid subscription token for user "7" and channel "ch"\n' + PAYLOAD),
    (f"checksubtoken -c good.yaml {CONN}", 1, r"error: token with .* has error: invalid token: .*channel.*\n"),
    ("checksubtoken -c good.yaml", 2, r"error: provide token to check \[\w+ checksubtoken <TOKEN>\]\n"),
    ("defaultconfig -c new.yaml", 0, ""),
    ("defaultconfig -c new.json", 0, ""),
    ("defaultconfig -c there.yaml", 1, EXISTS),
    ("defaultconfig -c new.txt", 1, r"error: .*supported extensions: .*\n"),
    ("defaultconfig -d -c there.yaml", 0, r"(?s).*\nclient:\n.*"),
    ("defaultconfig --dry-run -c new.json", 0, r"(?s)\{\n.*\"client\": \{\n.*\}\n+"),
    ("defaultconfig -d -c new.json -b base.yaml", 0, r'(?s).*"ping_interval": "40s",\n.*'),
    ("defaultconfig -d -c new.json -b torn.yaml", 1, r"error: .*torn\.yaml.*\n"),
    ("defaultconfig -d -c new.json -b names.yaml", 1, r"error: .*bad name.*\n"),
    ("defaultenv", 0, r"(\w+_[A-Z0-9_]+=.*\n)+"),
    ("defaultenv --base-non-zero-only", 0, ""),
    ("defaultenv -b torn.yaml", 1, r"error: .*torn\.yaml.*\n"),
    ("defaultenv -b names.yaml", 1, r"error: .*bad name.*\n"),
    ("configdoc -m -s client", 0, r"(?s)#.*`client\.token\.hmac_secret_key`.*"
                                        r"CLIENT_TOKEN_HMAC_SECRET_KEY.*"),
    ("configdoc -m -s health -l 2", 0, r"(?s)###.*`health\.enabled`.*HEALTH_ENABLED.*"),
]

# Of Rotor: arguments, exit status, and the output, which is one line on standard error
# when the usage is wrong.
ROTORS = [
    ("--version", 0, r"Rotor v.*\n"),
    ("nosuch", 2, r"rotor: unknown command \"nosuch\"; .*\n"),
    ("nosuch --help", 2, r"rotor: unknown command .*\n"),
    ("help nosuch", 2, r"rotor: unknown command .*\n"),
    ("help serve more", 2, r"rotor help: more: .*\n"),
    ("version more", 2, r"rotor version: more: unexpected argument; .*\n"),
    ("version --nosuch", 2, r"rotor version: --nosuch: unknown option; see rotor version --help\n"),
    ("serve --nosuch", 2, r"rotor serve: --nosuch: needs a value; .*\n"),
    ("--log.level", 2, r"rotor serve: --log\.level: needs a value; .*\n"),
    ("serve -c", 2, r"rotor serve: -c: needs a value; .*\n"),
    ("serve -d dir", 2, r"rotor serve: -d: unknown option; .*\n"),
    ("serve dir", 2, r"rotor serve: dir: unexpected argument; .*\n"),
    ("serve -c good.yaml --nosuch 1", 2, r"(?s).*command line.*nosuch.*"),
    ("serve -c good.yaml -p many", 1, r"(?s).*many.*http_server\.port.*"),
    ("serve -c dir", 1, r"rotor: dir: cannot be read: .*\n"),
    ("serve -c torn.yaml", 1, r"rotor: torn\.yaml:\d+: .*\n"),
    ("serve -c there.toml", 1, r"rotor: there\.toml:2: client\.ping_interval: .*\n"),
    ("checkconfig -c there.toml", 1,
     r"error validating config: there\.toml:2: client\.ping_interval: expected .*\n"),
    ("checkconfig -c torn.toml", 1, r"error getting config: torn\.toml:2: malformed TOML: .*\n"),
    ("checkconfig -c right.toml", 0, ""),
    ("checkconfig more", 2, r"rotor checkconfig: more: .*\n"),
    ("checkconfig -c", 2, r"rotor checkconfig: -c: needs a value; .*\n"),
    ("checkconfig --strict=1", 2, r"rotor checkconfig: --strict=1: takes no value; .*\n"),
    ("genconfig -c new.toml", 1, r"error: .* TOML is read, not written\n"),
    ("genconfig -x", 2, r"rotor genconfig: -x: unknown option; .*\n"),
    ("gentoken -c good.yaml more", 2, r"rotor gentoken: more: .*\n"),
    ("gentoken -c", 2, r"rotor gentoken: -c: needs a value; .*\n"),
    ("gentoken -c good.yaml -u", 2, r"rotor gentoken: -u: needs a value; .*\n"),
    ("gentoken -c good.yaml -s ch", 2, r"rotor gentoken: -s: unknown option; .*\n"),
    ("gentoken -c good.yaml -t soon", 2, r"rotor gentoken: .*soon.*\n"),
    ("gentoken -c value.yaml", 1, r"rotor: value\.yaml:2: client\.ping_interval: .*\n"),
    ("gentoken -c good.yaml --module-dir dir", 1, r"(?s).*not installed.*"),
    ("checktoken -c good.yaml -u 7", 2, r"rotor checktoken: -u: unknown option; .*\n"),
    ("defaultconfig -d -b nosuch.yaml", 1, r"error: nosuch\.yaml: file not found\n"),
    ("defaultconfig -c new.yaml -b value.yaml", 1, r"error: value\.yaml:2: .*\n"),
    ("defaultenv -b nosuch.yaml", 1, r"error: nosuch\.yaml: file not found\n"),
    ("defaultenv -c good.yaml", 2, r"rotor defaultenv: -c: unknown option; .*\n"),
    ("configdoc -s client.token", 0, r"(?s)# client\.token\n.*`client\.token\.issuer`.*"),
    ("configdoc -s nosuch", 1, r"error: .* nosuch\n"),
    ("configdoc -s auth_jwt", 0, r"(?s)# client\n.*`client\.token\.audience`.*"),
    ("configdoc -f rst -s health", 0, r"(?s)health\n------\n\n``health\.enabled`` \(bool; .*"),
    ("configdoc -f html", 2, r"rotor configdoc: html: .*\n"),
    ("configdoc -l 9", 2, r"rotor configdoc: 9: .*\n"),
    ("configdoc -s admin", 0, r"(?s)# Accepted without effect\n.*- `admin\.enabled`\n.*"),
    ("modules --module-dir nosuch", 1, r"rotor: cannot list .*\n"),
    ("modules more", 2, r"rotor modules: more: .*\n"),
]


@pytest.fixture
def place(tmp_path):
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "dir").mkdir()
    return tmp_path


def rows(table):
    return [pytest.param(*row, id=re.sub(r"eyJ\S{40,}", "TOKEN", row[0])) for row in table]


@pytest.mark.parametrize("line, status, output", rows(BOTH))
def test_both(place, line, status, output):
    done = run(*line.split(), cwd=place)
    assert done.returncode == status, done
    assert re.fullmatch(output, done.stdout), done
    if status != 0:
        assert not (place / "new.yaml").exists()


@rotor_only
@pytest.mark.parametrize("line, status, output", rows(ROTORS))
def test_rotor(place, line, status, output):
    done = run(*line.split(), cwd=place)
    assert done.returncode == status, done
    assert re.fullmatch(output, done.stdout + done.stderr), done
    if status == 2:
        assert done.stdout == "" and done.stderr.count("\n") == 1
    assert not (place / "new.yaml").exists()


# What the lines above are too short for


def test_flags_of_the_reference(start):
    """Each flag of Centrifugo's server is one of Rotor's."""
    flags = """--admin.enabled --admin.external --admin.insecure --broker.enabled --debug.enabled
        --grpc_api.enabled --grpc_api.port=0 --init.enabled --presence_manager.enabled
        --prometheus.enabled --sse.enabled --http_stream.enabled --swagger.enabled --uni_grpc.enabled
        --uni_grpc.port=0 --uni_http_stream.enabled --uni_sse.enabled --uni_websocket.enabled
        --client.insecure --health.enabled --http_api.external --http_api.insecure --engine.type memory
        --broker.type memory --map_broker.type memory --presence_manager.type memory
        --log.level debug --http_server.internal_address 127.0.0.1"""
    start(MAIN, args=flags.split()).client().fence()


@rotor_only
def test_help_needs_no_configuration(tmp_path):
    """Also where the one that would be read is wrong; on standard output, with status 0."""
    (tmp_path / "rotor.yaml").write_text("client: [")
    listed = re.findall(r"^  ([a-z]+) ", run("help", cwd=tmp_path).stdout, re.M)
    assert {"serve", "gentoken", "help"} <= set(listed)
    for name in listed:
        for args in ((name, "--help"), (name, "-h"), ("help", name)):
            done = run(*args, cwd=tmp_path)
            assert done.returncode == 0 and done.stderr == "", done
            assert done.stdout.startswith(f"usage: rotor {name}")
            assert "-h, --help" in done.stdout


@rotor_only
def test_command_of_a_module_that_is_not_loaded(tmp_path):
    (tmp_path / "c.yaml").write_text("modules: [http, engine_memory]\n")
    done = run("gentoken", "-c", "c.yaml", cwd=tmp_path)
    assert done.returncode == 2 and "auth_jwt" in done.stderr


def env_of(text, place):
    """What a shell makes of NAME=value lines."""
    (place / "lines").write_text(text)
    out = subprocess.run(["env", "-i", "/bin/sh", "-c", "set -a; . ./lines; exec /usr/bin/env -0"],
                         cwd=place, capture_output=True, text=True, check=True).stdout
    return dict(item.split("=", 1) for item in out.split("\0") if item)


@rotor_only
def test_defaultenv_is_sorted_and_sets_what_it_was_made_of(place):
    text = run("defaultenv", "-b", "base.yaml", cwd=place).stdout
    names = [line.split("=")[0] for line in text.splitlines()]
    assert names == sorted(names) and len(names) > 100
    made = env_of(text, place)
    assert made["ROTOR_CLIENT_PING_INTERVAL"] == "40s"
    assert made["ROTOR_CLIENT_ALLOWED_ORIGINS"] == "http://a http://b"
    assert json.loads(made["ROTOR_CHANNEL_NAMESPACES"]) == [{"name": "news", "presence": True}]
    made.pop("ROTOR_MODULE_DIR")
    done = run("checkconfig", "-c", "empty.json", cwd=place,
               env=environment(**{k: v for k, v in made.items() if k.startswith("ROTOR_")}))
    assert done.returncode == 0, done


def test_defaultenv_of_what_is_set(place):
    (place / "few.yaml").write_text("client:\n  insecure: true\n  ping_interval: 40s\n  channel_limit: 0\n")
    text = run("defaultenv", "-b", "few.yaml", "--base-non-zero-only", cwd=place).stdout
    assert re.fullmatch(r"\w+_CLIENT_INSECURE=true\n\w+_CLIENT_PING_INTERVAL=40s\n", text)


@rotor_only
@pytest.mark.parametrize("name", ["new.yaml", "new.json"])
def test_defaultconfig_of_a_base(place, name):
    """Every key is there, and the server that reads it is the same."""
    assert run("defaultconfig", "-c", name, "-b", "good.yaml", cwd=place).returncode == 0
    made, base = yaml.safe_load((place / name).read_text()), yaml.safe_load(FILES["good.yaml"])
    assert made["client"]["token"]["hmac_secret_key"] == tokens.SECRET
    assert made["client"]["allowed_origins"] == base["client"]["allowed_origins"]
    assert made["client"]["ping_interval"] == "25s"
    assert made["channel"]["namespaces"] == base["channel"]["namespaces"]
    assert run("checkconfig", "-c", name, cwd=place).returncode == 0


@rotor_only
def test_a_zero_in_the_base_is_a_default(place):
    (place / "zero.yaml").write_text("client:\n  channel_limit: 0\n")
    made = yaml.safe_load(run("defaultconfig", "-d", "-b", "zero.yaml", cwd=place).stdout)
    assert made["client"]["channel_limit"] == 128


@rotor_only
def test_configdoc_names_every_key_and_variable():
    keys = [line.split("=")[0] for line in run("defaultenv").stdout.splitlines()]
    doc = run("configdoc").stdout
    assert all(f"`{key}`" in doc for key in keys)
    assert "- `consumers`\n" in doc.split("Accepted without effect")[1]


@rotor_only
def test_generated_token_fits_audience_and_issuer(tmp_path):
    token = {**MAIN["client"]["token"], "audience": "app", "issuer": "me"}
    (tmp_path / "c.yaml").write_text(yaml.safe_dump({"client": {"token": token}}))
    made = run("gentoken", "-q", "-u", "7", "-c", "c.yaml", cwd=tmp_path).stdout
    assert run("checktoken", "-c", "c.yaml", made, cwd=tmp_path).returncode == 0


# The file .env in the working directory

PING = "CENTRIFUGO_CLIENT_PING_INTERVAL"
DOTENV = [
    ("{}=abc", "abc"),
    ("# comment\n\n  export {}=abc  \r\n", "abc"),
    ("{} = a b # c", "a b"),
    ("{}: abc", "abc"),
    ("{}=a#b", "a#b"),
    ("{}=#a", "#a"),
    ("{}='a # b' # c", "a # b"),
    ("{}='a$X'", "a$X"),
    ('{}="a # b" # c', "a # b"),
    ("X=1\n{}=a$Xb ${{X}}", "a1b 1"),
    ('X=1\n{}="a${{X}}b$Y"', "a1b"),
    ('X=1\n{}="a\\$X"', "a$X"),
    ("X=1\n{}=a\\$X", "a$X"),
    ("{0}=a\n{0}=b", "b"),
    ("{0}=a\n{0}=b${0}", "ba"),
]


@pytest.mark.parametrize("text, value", DOTENV)
def test_dotenv(tmp_path, text, value):
    """Told by the complaint about the value."""
    (tmp_path / ".env").write_bytes(text.format(PING).encode())
    done = run("-c", "none.json", "-p", "0", cwd=tmp_path)
    said = (done.stdout + done.stderr).replace("\\", "")
    assert done.returncode == 1 and f'"{value}"' in said, done


@pytest.mark.parametrize("text", ["junk\n", '{}="abc\n', "{}='abc\n"])
def test_dotenv_torn(tmp_path, text):
    (tmp_path / ".env").write_text(text.format(PING))
    done = run("-c", "none.json", "-p", "0", cwd=tmp_path)
    assert done.returncode == 1 and ".env" in done.stdout + done.stderr, done


def test_the_environment_wins_over_dotenv(tmp_path):
    (tmp_path / ".env").write_text(f"{PING}=abc\n")
    done = run("-c", "none.json", "-p", "0", cwd=tmp_path, env=environment(**{PING: "xyz"}))
    assert done.returncode == 1 and "xyz" in done.stdout + done.stderr, done


@rotor_only
@pytest.mark.parametrize("data", [b"A=" + b"x" * 70000, b"A=1\0B=2", b"\xff\xfe",
                                  b"A=aaaaaaaaaa\n" + b"A=$A$A$A$A$A$A$A$A$A$A\n" * 40])
def test_dotenv_hostile(tmp_path, data):
    (tmp_path / ".env").write_bytes(data)
    done = run("-c", "none.json", "-p", "0", cwd=tmp_path)
    assert done.returncode == 1 and done.stderr.startswith("rotor: .env")


COMPLETE = """
. %s
COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
_rotor "$ROTOR" "${@: -1}" "${@: -2:1}"
printf '%%s\\n' "${COMPREPLY[@]}"
"""


def completions(place, *words):
    script = COMPLETE % os.path.join(os.path.dirname(__file__), "../../contrib/completion/rotor.bash")
    out = subprocess.run(["bash", "-c", script, "bash", *words], cwd=place, capture_output=True,
                         text=True, check=True, env=environment(ROTOR=binary())).stdout
    return set(out.split())


@rotor_only
@pytest.mark.parametrize("line, found", [
    ("rotor gen", "genconfig gentoken gensubtoken"),
    ("rotor help default", "defaultconfig defaultenv"),
    ("rotor gentoken --u", "--user"),
    ("rotor checkconfig --", "--config --strict --help"),
    ("rotor serve --client.pi", "--client.ping_interval"),
    ("rotor --log.l", "--log.level"),
    ("rotor serve -c good", "good.yaml good.json"),
    ("rotor modules --module-dir d", "dir"),
])
def test_completion(place, line, found):
    assert completions(place, *line.split()) == set(found.split())
