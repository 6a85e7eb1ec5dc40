# SPDX-License-Identifier: MIT
"""The OpenAPI description: valid, complete, and true to what the server answers."""

import os
import subprocess
import sys

import pytest
from openapi_spec_validator import validate

from conftest import rotor_only
from rig.api import KEY, Api
from rig.config import main as main_config
from rig.server import free_port

pytestmark = rotor_only

METHODS = {"batch", "publish", "broadcast", "subscribe", "unsubscribe", "disconnect", "presence",
           "presence_stats", "history", "history_remove", "info", "rpc", "refresh", "channels",
           "map_publish", "map_remove", "map_read_state", "map_read_stream", "map_stats",
           "map_clear", "shared_poll_publish"}


@pytest.fixture
def server(start):
    return start(main_config(http_api={"openapi": True}))


def describe(server, path="/api/openapi.json"):
    res = server.api.request("GET", path)
    assert res.status == 200 and res.headers["content-type"] == "application/json"
    return res.json


def test_description(server):
    doc = describe(server)
    validate(doc)
    paths = {path.lstrip("/") for path in doc["paths"]}
    assert METHODS <= paths
    for path in paths:
        assert server.api.post(path, "x").status == 400
    schemas = doc["components"]["schemas"]
    assert schemas["PublishRequest"]["properties"]["tags"] == {
        "type": "object", "additionalProperties": {"type": "string"}}
    assert schemas["PresenceStatsResult"]["required"] == ["num_clients", "num_users"]
    assert "Command" in schemas and "OldCommand" not in schemas
    assert server.api.request("POST", "/api/openapi.json", "{}", {"X-API-Key": KEY}).status == 405


def test_off_by_default(plain):
    assert plain.api.request("GET", "/api/openapi.json").status == 404


def test_internal_listener_only(start):
    port = free_port()
    server = start(main_config(http_api={"openapi": True, "external": True, "handler_prefix": "/x/"},
                               http_server={"internal_port": str(port)}))
    assert server.api.request("GET", "/x/openapi.json").status == 404
    internal = Api((server.address[0], port))
    res = internal.request("GET", "/x/openapi.json")
    internal.close()
    assert res.status == 200 and res.json["servers"] == [{"url": "/x"}]


def test_insecure_asks_for_no_key(start):
    server = start(main_config(http_api={"openapi": True, "insecure": True}))
    assert describe(server)["security"] == []


@pytest.mark.parametrize("mode", ["positive", "negative"])
def test_answers_are_as_described(server, tmp_path, mode):
    """A client made of the description, with requests that fit it and that do not."""
    url = "http://%s:%d/api/openapi.json" % server.address
    args = ["run", url, "-H", f"X-API-Key: {KEY}", "--mode", mode, "--phases", "fuzzing",
            "--max-examples", "6", "--generation-database", "none", "--seed", "1", "--no-color",
            "--checks", "not_a_server_error,status_code_conformance,content_type_conformance,"
            "response_schema_conformance", "--exclude-checks", "unsupported_method"]
    done = subprocess.run([sys.executable, "-m", "schemathesis.cli", *args], cwd=tmp_path,
                          capture_output=True, text=True, timeout=100, check=False,
                          env={**os.environ, "SCHEMATHESIS_HOOKS": ""})
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
