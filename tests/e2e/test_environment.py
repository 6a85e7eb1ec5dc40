# SPDX-License-Identifier: MIT
"""Starting from variables alone, as the test set-ups of the official SDKs do it, and beside
what platforms add."""

import pytest

from conftest import rotor_only
from rig import tokens
from rig.server import HOST, free_port

W = "CHANNEL_WITHOUT_NAMESPACE_"
SMALL = {"CHANNEL_NAMESPACES_SMALLHISTORY_FORCE_RECOVERY": "true",
         "CHANNEL_NAMESPACES_SMALLHISTORY_HISTORY_SIZE": "2",
         "CHANNEL_NAMESPACES_SMALLHISTORY_HISTORY_TTL": "300s"}
RECOVERY = {"CHANNEL_NAMESPACES_RECOVERY_FORCE_RECOVERY": "true",
            "CHANNEL_NAMESPACES_RECOVERY_HISTORY_SIZE": "100",
            "CHANNEL_NAMESPACES_RECOVERY_HISTORY_TTL": "300s"}
DELTA = {W + "DELTA_PUBLISH": "true", W + "ALLOWED_DELTA_TYPES": "fossil"}
HISTORY = {W + "HISTORY_SIZE": "100", W + "HISTORY_TTL": "300s", W + "FORCE_RECOVERY": "true"}
JOINS = {W + "PRESENCE": "true", W + "JOIN_LEAVE": "true", W + "FORCE_PUSH_JOIN_LEAVE": "true"}
JAVA = {"CLIENT_INSECURE": "true", "HTTP_STREAM_ENABLED": "true", "CLIENT_CONCURRENCY": "8",
        "LOG_LEVEL": "trace", "CLIENT_TOKEN_HMAC_SECRET_KEY": "secret", "HTTP_API_INSECURE": "true",
        W + "FORCE_POSITIONING": "true", W + "HISTORY_SIZE": "10", W + "HISTORY_TTL": "60s",
        "CHANNEL_NAMESPACES": "recovery smallhistory", **JOINS, **DELTA, **SMALL, **RECOVERY}

# SDK: variables without their prefix, arguments, how much the namespaces keep.
SDKS = {
    "go": ({"CHANNEL_NAMESPACES": "smallhistory", **DELTA, **HISTORY, **SMALL},
           ["--client.insecure"], {"smallhistory": 2, "": 100}),
    "dart": ({**DELTA, **HISTORY}, ["--client.insecure"], {"": 100}),
    "swift": ({"CLIENT_INSECURE": "true", "LOG_LEVEL": "debug", "CHANNEL_NAMESPACES": "smallhistory",
               **HISTORY, **SMALL}, [], {"smallhistory": 2, "": 100}),
    "java": (JAVA, [], {"smallhistory": 2, "recovery": 100, "": 10}),
    "csharp": (JAVA, [], {"smallhistory": 2, "recovery": 100, "": 10}),
    "python": ({"CLIENT_TOKEN_HMAC_SECRET_KEY": "secret", "LOG_LEVEL": "trace",
                "CLIENT_SUBSCRIBE_TO_USER_PERSONAL_CHANNEL_ENABLED": "true",
                W + "ALLOW_PUBLISH_FOR_SUBSCRIBER": "true", W + "ALLOW_PRESENCE_FOR_SUBSCRIBER": "true",
                W + "ALLOW_HISTORY_FOR_SUBSCRIBER": "true", "CHANNEL_NAMESPACES": "smallhistory",
                "CHANNEL_NAMESPACES_SMALLHISTORY_ALLOW_PUBLISH_FOR_SUBSCRIBER": "true",
                "CHANNEL_NAMESPACES_SMALLHISTORY_ALLOW_HISTORY_FOR_SUBSCRIBER": "true",
                **DELTA, **HISTORY, **JOINS, **SMALL}, [], {"smallhistory": 2, "": 100}),
}


def from_variables(start, variables, *args):
    port = free_port()
    env = {"CENTRIFUGO_HTTP_SERVER_ADDRESS": HOST, "CENTRIFUGO_HTTP_SERVER_PORT": str(port)}
    env.update({"CENTRIFUGO_" + name: value for name, value in variables.items()})
    return start({"http_server": {"port": port}}, write=False, env=env, args=args)


@pytest.mark.parametrize("suite", SDKS)
def test_variables_of_an_sdk(start, suite):
    variables, args, kept = SDKS[suite]
    server = from_variables(start, {"HTTP_API_KEY": "k", **variables}, *args)
    server.api.key = "k"
    for namespace, size in kept.items():
        channel = f"{namespace}:a" if namespace else "a"
        for i in range(size + 3):
            server.api.call("publish", channel=channel, data={"i": i})
        history = server.api.call("history", channel=channel, limit=-1)
        assert len(history["publications"]) == size, channel


@rotor_only
@pytest.mark.parametrize("name", ["CENTRIFUGO_HTTP_SERVER_INTERNAL_PORT", "CENTRIFUGO_GRPC_API_PORT",
                                  "ROTOR_GRPC_API_PORT", "CENTRIFUGO_UNI_GRPC_PORT"])
def test_service_link_named_like_an_option(start, name):
    server = start(env={name: "tcp://10.0.0.5:10000", "CENTRIFUGO_SERVICE_HOST": "10.0.0.5"})
    server.client(tokens.conn("u")).fence()
    lines = [line for line in server.log_lines() if "service links" in line.get("message", "")]
    assert len(lines) == 1
    assert name in lines[0]["message"] and "CENTRIFUGO_SERVICE_HOST" in lines[0]["message"]


@rotor_only
def test_file_that_was_read_is_told(start):
    server = start()
    line = server.line(lambda line: line["message"] == "configuration read")
    assert line["file"] == str(server.file) and line["level"] == "info"


@rotor_only
def test_no_file_is_told(start):
    server = from_variables(start, {"CLIENT_INSECURE": "true"})
    server.line(lambda line: "file not found" in line["message"])
    assert not any(line["message"] == "configuration read" for line in server.log_lines())
