# SPDX-License-Identifier: MIT
"""The HTTP API, over one keep-alive connection, for any thread."""

import http.client
import json
import socket
import threading

from .ws import DEADLINE

KEY = "e2e-api-key"


class ApiError(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.message = error["code"], error["message"]


class Response:
    def __init__(self, res):
        self.status = res.status
        self.headers = {k.lower(): v for k, v in res.getheaders()}
        self.body = res.read()

    @property
    def json(self):
        return json.loads(self.body)


class UnixConnection(http.client.HTTPConnection):
    def __init__(self, path):
        super().__init__("localhost", timeout=DEADLINE)
        self.path = str(path)

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


def http_connection(address):
    if isinstance(address, tuple):
        return http.client.HTTPConnection(*address, timeout=DEADLINE)
    return UnixConnection(address)


class Api:
    def __init__(self, address, key=KEY, prefix="/api"):
        self.conn = http_connection(address)
        self.lock = threading.Lock()
        self.key = key
        self.prefix = prefix

    def request(self, verb, path, body=None, headers=()):
        if isinstance(body, str):
            body = body.encode()
        with self.lock:
            self.conn.request(verb, path, body, dict(headers))
            return Response(self.conn.getresponse())

    def post(self, method, body, headers=None):
        """POST of the body as it is (dict: as JSON) with the key, or with `headers` alone."""
        if isinstance(body, dict):
            body = json.dumps(body)
        if headers is None:
            headers = {"X-API-Key": self.key}
        return self.request("POST", f"{self.prefix}/{method}", body, headers)

    def call(self, method, /, **request):
        """The result; raises ApiError."""
        res = self.post(method, request)
        assert res.status == 200, (res.status, res.body)
        assert res.headers["content-type"] == "application/json"
        answer = res.json
        if "error" in answer:
            assert list(answer) == ["error"]
            raise ApiError(answer["error"])
        assert list(answer) == ["result"]
        return answer["result"]

    def error(self, method, /, **request):
        """The code of the error that the method is answered with."""
        try:
            result = self.call(method, **request)
        except ApiError as e:
            return e.code
        raise AssertionError(f"{method} succeeded: {result}")

    def publish(self, channel, data, **kw):
        return self.call("publish", channel=channel, data=data, **kw)

    def close(self):
        self.conn.close()
