# SPDX-License-Identifier: MIT
"""The API over gRPC: every method, keys, errors, TLS, limits, reflection, health, stopping."""

import base64
import concurrent.futures
import json
import signal
import socket
import threading
import time

import grpc
import pytest
from google.protobuf import descriptor_pool
from google.rpc import status_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import \
    ProtoReflectionDescriptorDatabase

from conftest import ROTOR, Shared, rotor_only
from rig import grpc_api, tls, tokens
from rig.api import KEY
from rig.config import GRPC, merge
from rig.grpc_api import AUTH, METHODS, SERVICE, TRANSPORT, GrpcApi, failure, path, pb
from rig.ws import DEADLINE

Code = grpc.StatusCode


def conf(**grpc_section):
    return merge(GRPC, {"grpc_api": grpc_section})


def b64(value):
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.b64encode(data).decode()


@pytest.fixture
def server(pool, workers):
    """The daemon that the tests of this file share."""
    shared = Shared(pool.get("grpc", workers), "json")
    try:
        yield shared
        shared.check()
    finally:
        shared.close_opened()
        pool.drop_dead()


@pytest.fixture
def api(server):
    return server.keep(GrpcApi(server.grpc_address))


def open_api(server, **kw):
    return server.keep(GrpcApi(server.grpc_address, **kw))


# Every method: what is asked, and the result that must come (None: any) or the error.
# In requests and results "@" is a channel of namespace "all" with one publication and one
# client, "@user".

GOOD = {
    "Publish": ({"channel": "@", "data": b64(1)}, {"offset": "2"}),
    "Broadcast": ({"channels": ["@", "plain:x"], "data": b64("x")}, None),
    "Subscribe": ({"channel": "plain:y", "user": "@user"}, {}),
    "Unsubscribe": ({"channel": "@", "user": "@user"}, {}),
    "Disconnect": ({"user": "@user", "disconnect": {"code": 4000, "reason": "out"}}, {}),
    "Presence": ({"channel": "@"}, None),
    "PresenceStats": ({"channel": "@"}, {"num_clients": 1, "num_users": 1}),
    "History": ({"channel": "@", "limit": 10}, None),
    "HistoryRemove": ({"channel": "@"}, {}),
    "Info": ({}, None),
    "RPC": None,                # nobody answers it without a proxy
    "Refresh": ({"user": "@user", "expire_at": 4000000000}, {}),
    "Channels": ({"pattern": "all:*"}, None),
    "Batch": ({"commands": [{"publish": {"channel": "@", "data": b64(2)}},
                            {"publish": {"data": b64(2)}}]}, None),
}
# Those that Centrifugo's open edition does not have.
OWN = {
    "Connections": ({"user": "@user", "limit": 10}, None),
    "BlockUser": ({"user": "@user", "expire_at": 4000000000}, {}),
    "UnblockUser": ({"user": "@user"}, {}),
    "RevokeToken": ({"uid": "@user"}, {}),
    "InvalidateUserTokens": ({"user": "@user", "issued_before": 1}, {}),
    "PublishPattern": ({"pattern": "@", "data": b64(2)}, {"num_channels": 1}),
}
SERVED = {name: m for name, m in METHODS.items() if ROTOR or name not in OWN}
BAD_OWN = [
    ("Connections", {"limit": -1}, 107), ("Connections", {"cursor": "x"}, 107),
    ("Connections", {"expression": "true"}, 108), ("Connections", {"cursor": "0" * 26}, 112),
    ("BlockUser", {}, 107), ("BlockUser", {"user": "x", "expire_at": 1}, 107), ("UnblockUser", {}, 107),
    ("RevokeToken", {}, 107), ("RevokeToken", {"session": "x"}, 104),
    ("InvalidateUserTokens", {}, 107), ("InvalidateUserTokens", {"user": "x", "issued_before": -1}, 107),
    ("PublishPattern", {"data": b64(1)}, 107), ("PublishPattern", {"pattern": "[", "data": b64(1)}, 107),
]
BAD = [
    ("Publish", {"data": b64(1)}, 107), ("Publish", {"channel": "x"}, 107),
    ("Publish", {"channel": "nosuch:x", "data": b64(1)}, 102),
    ("Publish", {"channel": "object:x", "data": b64([1])}, 107),
    ("Publish", {"channel": "object:x", "data": b64(b"\xff")}, 107),
    ("Publish", {"channel": "x", "b64data": "*"}, 107),
    ("Broadcast", {"data": b64(1)}, 107), ("Broadcast", {"channels": []}, 107),
    ("Subscribe", {"user": "u"}, 107),
    ("Subscribe", {"channel": "nosuch:x", "user": "u"}, 102),
    ("Unsubscribe", {"channel": "nosuch:x", "user": "u"}, 102),
    ("Presence", {}, 107), ("Presence", {"channel": "plain:x"}, 108),
    ("Presence", {"channel": "nosuch:x"}, 102),
    ("PresenceStats", {}, 107), ("PresenceStats", {"channel": "plain:x"}, 108),
    ("History", {}, 107), ("History", {"channel": "plain:x"}, 108),
    ("History", {"channel": "all:x", "since": {"offset": 7, "epoch": "other"}, "limit": 1}, 112),
    ("HistoryRemove", {}, 107), ("HistoryRemove", {"channel": "plain:x"}, 108),
    ("RPC", {}, 107), ("RPC", {"method": "nosuch"}, 104),
    ("MapPublish", {"channel": "plain:x", "key": "k", "data": b64(1)}, None),
    ("MapRemove", {"channel": "plain:x", "key": "k"}, None),
    ("MapReadState", {"channel": "plain:x"}, None),
    ("MapReadStream", {"channel": "plain:x"}, None),
    ("MapStats", {"channel": "plain:x"}, None), ("MapClear", {"channel": "plain:x"}, None),
    ("SharedPollPublish", {"channel": "plain:x", "key": "k", "data": b64(1)}, None),
]


def fill(value, name):
    return json.loads(json.dumps(value).replace('"@"', json.dumps(name)))


def http_name(method):
    return "".join("_" + c.lower() if c.isupper() else c for c in method).lstrip("_") \
        .replace("r_p_c", "rpc")


def test_tables_are_complete():
    assert set(METHODS) == set(GOOD) | set(OWN) | {method for method, _, _ in BAD}
    assert set(OWN) == {method for method, _, _ in BAD_OWN}


def own(methods):
    """The same as parameters, of which this server alone has some."""
    return [pytest.param(m, marks=rotor_only) if m in OWN else m for m in methods]


@pytest.mark.parametrize("method", own([m for m in GOOD if GOOD[m]] + list(OWN)))
def test_method(server, api, channel, method):
    user = "user-" + channel()
    request, result = json.loads(json.dumps({**GOOD, **OWN}[method]).replace("@user", user))
    name, client = channel("all"), server.client(tokens.conn(user))
    client.subscribe(name)
    server.api.publish(name, "first")
    answer = api.call(method, fill(request, name))
    assert "error" not in answer
    if method == "Batch":
        assert len(answer["replies"]) == 2 and answer["replies"][0]["publish"]["offset"] == "2"
        assert answer["replies"][1]["error"]["code"] == 107
    elif result is not None:
        result.pop("epoch", None)
        answer["result"].pop("epoch", None)
        assert answer["result"] == result
    elif method != "Info":
        assert name in json.dumps(answer) or method in ("Broadcast", "Presence", "History")


@pytest.mark.parametrize("method, request_, code",
                         BAD + [pytest.param(*row, marks=rotor_only) for row in BAD_OWN], ids=str)
def test_bad_input(server, api, method, request_, code):
    answer = api.call(method, request_)
    assert list(answer) == ["error"]
    if code is not None:
        assert answer["error"]["code"] == code
    # The very same as over HTTP, where a request of bytes is one of JSON.
    http = server.api.post(http_name(method), unbase64(request_)) if jsonable(request_) else None
    if http is not None:
        assert http.json["error"] == answer["error"]


def jsonable(request):
    try:
        json.loads(base64.b64decode(request.get("data", b64(1))))
    except ValueError:
        return False
    return True


def unbase64(request):
    return {k: json.loads(base64.b64decode(v)) if k == "data" else v for k, v in request.items()}


def test_results(server, api, channel):
    name, client = channel("all"), server.client(tokens.conn("u7", info={"n": 1}))
    client.subscribe(name)
    first = api.call("Publish", {"channel": name, "data": b64({"a": 1}), "tags": {"t": "v"}})
    assert client.pub() == {"data": {"a": 1}, "offset": 1, "tags": {"t": "v"},
                            "epoch": first["result"]["epoch"]}
    history = api.call("History", {"channel": name, "limit": 1})["result"]
    assert history == {"offset": "1", "epoch": first["result"]["epoch"], "publications": [
        {"data": b64(b'{"a": 1}'), "offset": "1", "tags": {"t": "v"}}]}
    assert api.call("Presence", {"channel": name})["result"]["presence"] == {
        client.id: {"user": "u7", "client": client.id, "conn_info": b64(b'{"n":1}')}}
    assert api.call("Channels", {"pattern": name})["result"]["channels"] == {
        name: {"num_clients": 1}}
    node, = api.call("Info")["result"]["nodes"]
    assert node["uid"] and node["version"]
    broadcast = api.call("Broadcast", {"channels": [name, "nosuch:x"], "data": b64(1)})
    assert [list(r) for r in broadcast["result"]["responses"]] == [["result"], ["error"]]


def test_payload_of_bytes(api, channel):
    """Data is bytes: the default format takes what is no JSON."""
    name, data = channel("all"), bytes(range(256))
    api.call("Publish", {"channel": name, "data": b64(data)})
    found = api.call("History", {"channel": name, "limit": 1})["result"]["publications"]
    assert base64.b64decode(found[0]["data"]) == data


# Keys


@pytest.mark.parametrize("metadata", [
    (), (("authorization", KEY),), (("authorization", "apikey"),), (("authorization", "apikey "),),
    (("authorization", f"Apikey {KEY}"),), (("authorization", f"apikey  {KEY}"),),
    (("authorization", f"apikey {KEY}x"),), (("authorization", f"apikey {KEY[:-1]}"),),
    (("authorization", f"bearer {KEY}"),), (("x-api-key", KEY),),
    (("authorization", "apikey wrong"), ("authorization", f"apikey {KEY}")),
], ids=str)
@pytest.mark.parametrize("method", ["Info", "Connections"])
def test_wrong_key(server, metadata, method):
    error = open_api(server, metadata=metadata).raw_status(path(method))
    assert (error.code(), error.details()) == (Code.UNAUTHENTICATED, "unauthenticated")


def test_first_key_counts(server):
    api = open_api(server, metadata=(*AUTH, ("authorization", "apikey wrong")))
    assert "result" in api.call("Info")


@rotor_only
@pytest.mark.parametrize("metadata", [(), AUTH, (("authorization", "apikey "),)], ids=str)
def test_no_key_is_closed(start, metadata):
    """As the HTTP API; the log says what to set."""
    server = start(conf(key=""))
    assert open_api(server, metadata=metadata).status("Info").code() == Code.UNAUTHENTICATED
    server.logged("set grpc_api.key or api.keys, or grpc_api.insecure")


@rotor_only
def test_insecure_is_open(start):
    server = start(conf(key="", insecure=True))
    assert "result" in open_api(server, metadata=()).call("Info")
    server.logged("INSECURE gRPC API")


@rotor_only
def test_limited_key(start):
    server = start(merge(GRPC, {"api": {"keys": [
        {"name": "news", "key": "k2", "methods": ["publish"], "namespaces": ["plain"]}]}}))
    api = open_api(server, metadata=(("authorization", "apikey k2"),))
    assert "result" in api.call("Publish", {"channel": "plain:x", "data": b64(1)})
    for method, request in (("Info", {}), ("Publish", {"channel": "all:x", "data": b64(1)})):
        assert api.status(method, request).code() == Code.PERMISSION_DENIED


# Errors


TRANSPORT_ERRORS = [
    ("Publish", {"channel": "nosuch:x", "data": b64(1)}, 102, Code.NOT_FOUND),
    ("RPC", {"method": "nosuch"}, 104, Code.NOT_FOUND),
    ("Publish", {}, 107, Code.INVALID_ARGUMENT),
    ("Presence", {"channel": "plain:x"}, 108, Code.INVALID_ARGUMENT),
    ("History", {"channel": "all:x", "since": {"offset": 7, "epoch": "other"}, "limit": 1}, 112,
     Code.OUT_OF_RANGE),
]


@pytest.mark.parametrize("method, request_, code, status", TRANSPORT_ERRORS, ids=str)
def test_transport_errors(api, method, request_, code, status):
    error = api.status(method, request_, metadata=TRANSPORT)
    assert error.code() == status
    plain = api.call(method, request_)["error"]
    assert plain["code"] == code and plain["message"] == error.details()
    details = dict(error.trailing_metadata())["grpc-status-details-bin"]
    message = status_pb2.Status.FromString(details)
    assert (message.code, message.message) == (status.value[0], error.details())
    detail, = message.details
    assert detail.type_url == "type.googleapis.com/centrifugal.centrifugo.api.Error"
    assert pb.Error.FromString(detail.value) == pb.Error(code=code, message=error.details())


def test_transport_errors_configured(start):
    api = open_api(start(conf(error_mode="transport")))
    assert api.status("Publish").code() == Code.INVALID_ARGUMENT
    batch = api.call("Batch", {"commands": [{"publish": {}}]})
    assert batch["replies"][0]["error"]["code"] == 107


@pytest.mark.parametrize("mode", ["Transport", "", "x"])
def test_other_error_modes(api, mode):
    assert "error" in api.call("Publish", metadata=(("x-centrifugo-error-mode", mode),))


OTHER_EDITION = {
    "UpdateUserStatus", "GetUserStatus", "DeleteUserStatus", "DeviceRegister", "DeviceUpdate",
    "DeviceRemove", "DeviceList", "DeviceTopicList", "DeviceTopicUpdate", "UserTopicList",
    "UserTopicUpdate", "SendPushNotification", "UpdatePushStatus", "CancelPush", "Connections",
    "BlockUser", "UnblockUser", "RevokeToken", "InvalidateUserTokens"}


@pytest.mark.parametrize("method", sorted(OTHER_EDITION - set(SERVED)))
def test_methods_of_the_other_edition(api, method):
    error = api.raw_status(path(method))
    assert (error.code(), error.details()) == (Code.UNIMPLEMENTED,
                                               f"method {method} not implemented")


@pytest.mark.parametrize("name, text", [
    (f"/{SERVICE}/Nosuch", f"unknown method Nosuch for service {SERVICE}"),
    (f"/{SERVICE}/publish", f"unknown method publish for service {SERVICE}"),
    ("/no.such.Service/Publish", "unknown service no.such.Service"),
    ("/x", "malformed method name"), ("/", "malformed method name"),
    ("/" + "x" * 3000 + "/y", "unknown service xxx"),
], ids=lambda s: s[:50])
def test_unknown_methods(server, name, text):
    error = open_api(server, metadata=()).raw_status(name)
    assert error.code() == Code.UNIMPLEMENTED
    assert error.details().startswith(text)


@pytest.mark.parametrize("body", [b"\x0a", b"\x0a\xff\xff\xff\xff\x0f", b"\xff" * 20, b"\x0a\x05ab"],
                         ids=repr)
@pytest.mark.parametrize("method", own(METHODS))
def test_malformed_requests(api, method, body):
    error = api.raw_status(path(method), body)
    assert error.code() == Code.INTERNAL
    assert error.details().startswith("grpc: error unmarshalling request")


def test_no_request(api):
    """The stream ends without a message."""
    call = api.channel.stream_unary(path("Info"))
    with pytest.raises(grpc.RpcError) as e:
        call(iter(()), metadata=AUTH, timeout=DEADLINE)
    assert (e.value.code(), e.value.details()) == (Code.UNKNOWN, "EOF")


# Sizes, compression, many calls, calls given up


def test_gzip(server, channel):
    api = open_api(server, compression=grpc.Compression.Gzip)
    name, data = channel("all"), "x" * 100000
    assert "result" in api.call("Publish", {"channel": name, "data": b64(data)})
    found = api.call("History", {"channel": name, "limit": 1})["result"]["publications"]
    assert base64.b64decode(found[0]["data"]) == json.dumps(data).encode()


@pytest.mark.parametrize("limit, size", [(0, 4 << 20), (1000, 1000), (8 << 20, 8 << 20)])
def test_message_size(start, limit, size):
    api = open_api(start(conf(max_receive_message_size=limit)))

    def publish(total):
        message = pb.PublishRequest(channel="plain:x", data=b"1")
        message.data = b"1" * (total - message.ByteSize() - 10)
        message.data += b"1" * (total - message.ByteSize())
        assert message.ByteSize() == total
        return api.stub.Publish.future(message, metadata=AUTH, timeout=DEADLINE)

    assert publish(size).result().HasField("result")
    assert failure(publish(size + 1)).code() == Code.RESOURCE_EXHAUSTED
    assert publish(size).result().HasField("result")


def test_bomb(start):
    """A message that is small on the wire and large unpacked."""
    server = start(conf(max_receive_message_size=100000))
    api = open_api(server, compression=grpc.Compression.Gzip)
    error = api.status("Publish", {"channel": "x", "data": b64("0" * 50000000)})
    assert error.code() == Code.RESOURCE_EXHAUSTED
    assert "result" in api.call("Info")


def test_many_concurrent_calls(server, channel):
    """A thousand at a time over one connection, and as many over ten more."""
    name = channel("big")
    apis = [open_api(server) for _ in range(10)]
    futures = [apis[0].begin("Publish", {"channel": name, "data": b64(i)}, timeout=3 * DEADLINE)
               for i in range(1000)]
    futures += [apis[i % 10].begin("Publish", {"channel": name, "data": b64(i)},
                                   timeout=3 * DEADLINE) for i in range(1000)]
    offsets = sorted(f.result().result.offset for f in futures)
    assert offsets == list(range(1, 2001))


@rotor_only
def test_too_many_concurrent_calls(start):
    server = start(conf(max_concurrent_calls=2))
    api = open_api(server)
    watches = [watch(api) for _ in range(2)]
    for one in watches:
        assert next(one).status == health_pb2.HealthCheckResponse.SERVING
    error = api.status("Info")
    assert error.code() == Code.RESOURCE_EXHAUSTED
    watches[0].cancel()
    server.wait(lambda: info_works(api), "room for a call")


def info_works(api):
    try:
        return "result" in api.call("Info")
    except grpc.RpcError as e:
        assert e.code() in (Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE)
        return False


@rotor_only
def test_buffers_are_bounded(start):
    """Large requests on many connections, much more than may be buffered."""
    server = start(conf(max_buffered=8 << 20))
    apis = [open_api(server) for _ in range(8)]
    request = pb.PublishRequest(channel="plain:x", data=b"1" * (3 << 20))
    futures = [apis[i % 8].stub.Publish.future(request, metadata=AUTH, timeout=3 * DEADLINE)
               for i in range(100)]
    for future in futures:
        try:
            future.result()
        except grpc.RpcError as e:
            assert e.code() in (Code.RESOURCE_EXHAUSTED, Code.UNAVAILABLE)
    server.wait(lambda: info_works(open_api(server)), "room for a call")
    if not server.sanitized():
        assert server.peak_memory() < 100 << 20


def test_calls_given_up(server, channel):
    api, name = open_api(server), channel("big")
    commands = [{"publish": {"channel": name, "data": b64(i)}} for i in range(500)]
    futures = [api.begin("Batch", {"commands": commands}) for _ in range(20)]
    for future in futures:
        future.cancel()
    for future in [api.begin("Batch", {"commands": commands}, timeout=0.001) for _ in range(20)]:
        try:
            future.result()
        except grpc.RpcError as e:
            assert e.code() in (Code.DEADLINE_EXCEEDED, Code.CANCELLED)
    assert "result" in api.call("Info")


def test_connections_that_break(server):
    """Clients that die in the middle of calls, and peers that speak something else."""
    for _ in range(5):
        api = GrpcApi(server.grpc_address)
        [api.begin("Info") for _ in range(50)]
        api.close()
    for greeting in (b"GET / HTTP/1.1\r\n\r\n", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", b"\0" * 100,
                     b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\xff" * 1000):
        with socket.create_connection(server.grpc_address, DEADLINE) as sock:
            try:
                sock.sendall(greeting)
                sock.shutdown(socket.SHUT_WR)
                while sock.recv(4096):
                    pass
            except OSError:     # it was faster
                pass
    assert "result" in open_api(server).call("Info")


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0"     # and SETTINGS


@rotor_only
def test_keepalive_of_the_server(start):
    """A peer that answers no ping is dropped, one that does is not."""
    server = start(conf(keepalive={"time": "200ms", "timeout": "300ms"}))
    api = open_api(server)
    lively = watch(api)
    next(lively)
    with socket.create_connection(server.grpc_address, DEADLINE) as sock:
        sock.sendall(PREFACE)
        while sock.recv(4096):
            pass
    assert "result" in api.call("Info") and lively.is_active()


@rotor_only
def test_keepalive_of_clients(start):
    """Who pings more often than allowed is told to calm down."""
    eager = [("grpc.keepalive_time_ms", 100), ("grpc.http2.max_pings_without_data", 0),
             ("grpc.keepalive_permit_without_calls", 1)]
    strict, lenient = start(conf()), start(conf(keepalive={"min_time": "10ms"}))
    watches = [watch(open_api(server, options=eager)) for server in (lenient, strict)]
    for one in watches:
        assert next(one).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as e:
        next(watches[1])
    assert e.value.code() == Code.UNAVAILABLE
    assert watches[0].is_active()


# TLS


@pytest.mark.parametrize("form", ["file", "text", "base64"])
def test_tls(start, tmp_path, form):
    ca = tls.Authority()
    cert, key = ca.issue("localhost", ["127.0.0.1"])
    server = start(conf(tls={"enabled": True, "cert_pem": tls.given(cert, form, tmp_path / "cert"),
                             "key_pem": tls.given(key, form, tmp_path / "key")}))
    api = open_api(server, credentials=grpc.ssl_channel_credentials(ca.pem))
    assert "result" in api.call("Info")
    assert open_api(server).status("Info", timeout=2).code() in (Code.UNAVAILABLE,
                                                                 Code.DEADLINE_EXCEEDED)
    stranger = open_api(server, credentials=grpc.ssl_channel_credentials(tls.Authority().pem))
    assert stranger.status("Info").code() == Code.UNAVAILABLE


def test_mutual_tls(start):
    ca, clients = tls.Authority(), tls.Authority()
    cert, key = ca.issue("localhost", ["127.0.0.1"])
    server = start(conf(tls={"enabled": True, "cert_pem": cert.decode(), "key_pem": key.decode(),
                             "client_ca_pem": clients.pem.decode()}))

    def client(pair):
        return open_api(server, credentials=grpc.ssl_channel_credentials(
            ca.pem, *(reversed(pair) if pair else ())))

    assert "result" in client(clients.issue("backend")).call("Info")
    assert client(None).status("Info").code() == Code.UNAVAILABLE
    assert client(ca.issue("backend")).status("Info").code() == Code.UNAVAILABLE


def test_tls_minimum_version(start):
    cert, key = tls.Authority().issue("localhost", ["127.0.0.1"])
    server = start(conf(tls={"enabled": True, "cert_pem": cert.decode(), "key_pem": key.decode()}))
    assert tls.handshake(server.grpc_address, "TLSv1_2") == "TLSv1.2"
    assert tls.handshake(server.grpc_address, "TLSv1_3") == "TLSv1.3"
    assert tls.handshake(server.grpc_address, "TLSv1_1") is None


@rotor_only
@pytest.mark.parametrize("fault", ["none", "no key", "garbage", "no file", "other key", "swapped",
                                   "encrypted key", "bad ca"])
def test_tls_refused(start, tmp_path, fault):
    ca = tls.Authority()
    (cert, key), (_, other) = ca.issue("localhost"), ca.issue("localhost")
    given = {
        "none": {},
        "no key": {"cert_pem": cert.decode()},
        "garbage": {"cert_pem": "garbage", "key_pem": key.decode()},
        "no file": {"cert_pem": str(tmp_path / "nosuch"), "key_pem": key.decode()},
        "other key": {"cert_pem": cert.decode(), "key_pem": other.decode()},
        "swapped": {"cert_pem": key.decode(), "key_pem": cert.decode()},
        "encrypted key": {"cert_pem": cert.decode(), "key_pem": tls.encrypted(key).decode()},
        "bad ca": {"cert_pem": cert.decode(), "key_pem": key.decode(),
                   "client_ca_pem": key.decode()},
    }[fault]
    server = start(conf(tls={"enabled": True, **given}), ready=False)
    assert server.wait_exit() == 1
    server.logged("grpc_api.tls.")
    assert "PRIVATE KEY" not in server.log


# Reflection and health


def ask(stub, request):
    answer, = stub.ServerReflectionInfo(iter([request]), timeout=DEADLINE)
    return answer


V1 = "grpc.reflection.v1.ServerReflection"


@pytest.mark.parametrize("version", ["v1alpha", "v1"])
def test_reflection_lists_services(server, version):
    channel = open_api(server).channel
    method = channel.stream_stream(
        f"/grpc.reflection.{version}.ServerReflection/ServerReflectionInfo",
        request_serializer=reflection_pb2.ServerReflectionRequest.SerializeToString,
        response_deserializer=reflection_pb2.ServerReflectionResponse.FromString)
    request = reflection_pb2.ServerReflectionRequest(host="h", list_services="*")
    answers = list(method(iter([request, request]), timeout=DEADLINE))
    assert len(answers) == 2
    for answer in answers:
        assert answer.original_request == request and answer.valid_host == "h"
        names = [s.name for s in answer.list_services_response.service]
        assert SERVICE in names and "grpc.reflection.v1alpha.ServerReflection" in names
        assert V1 in names
        if ROTOR:
            assert names == sorted(names) and "grpc.health.v1.Health" in names


def test_reflection_describes_the_api(server):
    """A client that knows nothing finds the method and its messages, and calls it."""
    channel = open_api(server).channel
    found = descriptor_pool.DescriptorPool(ProtoReflectionDescriptorDatabase(channel))
    service = found.FindServiceByName(SERVICE)
    assert set(SERVED) <= {m.name for m in service.methods}
    for name, method in SERVED.items():
        theirs = service.FindMethodByName(name)
        assert theirs.input_type.full_name == method.input_type.full_name
        mine = {f.name: f.number for f in method.input_type.fields}
        assert mine.items() <= {f.name: f.number for f in theirs.input_type.fields}.items()


@rotor_only
@pytest.mark.parametrize("symbol, filename", [
    (SERVICE, "api.proto"), (SERVICE + ".Publish", "api.proto"),
    ("centrifugal.centrifugo.api.PublishRequest", "api.proto"),
    ("centrifugal.centrifugo.api.PublishRequest.TagsEntry", "api.proto"),
    ("centrifugal.centrifugo.api.PublishRequest.channel", "api.proto"),
    ("grpc.health.v1.Health", "grpc/health/v1/health.proto"),
    ("grpc.health.v1.HealthCheckResponse.ServingStatus", "grpc/health/v1/health.proto"),
    (V1, "grpc/reflection/v1/reflection.proto"),
    ("", None), (".", None), ("centrifugal", None), ("centrifugal.centrifugo.api", None),
    ("centrifugal.centrifugo.api.", None), (SERVICE + ".", None), (SERVICE + ".Nosuch", None),
    ("centrifugal.centrifugo.api.PublishReques", None), ("x" * 5000, None),
], ids=lambda s: str(s)[:60])
def test_reflection_symbols(server, symbol, filename):
    stub = reflection_pb2_grpc.ServerReflectionStub(open_api(server).channel)
    answer = ask(stub, reflection_pb2.ServerReflectionRequest(file_containing_symbol=symbol))
    if filename is None:
        assert answer.error_response.error_code == Code.NOT_FOUND.value[0]
        return
    by_name = ask(stub, reflection_pb2.ServerReflectionRequest(file_by_filename=filename))
    assert len(by_name.file_descriptor_response.file_descriptor_proto) == 1
    assert answer.file_descriptor_response == by_name.file_descriptor_response


@rotor_only
def test_reflection_other_requests(server):
    stub = reflection_pb2_grpc.ServerReflectionStub(open_api(server).channel)
    request = reflection_pb2.ServerReflectionRequest
    assert ask(stub, request(file_by_filename="nosuch.proto")).error_response.error_code == 5
    assert ask(stub, request()).error_response.error_code == 3
    extension = reflection_pb2.ExtensionRequest(containing_type="x", extension_number=1)
    assert ask(stub, request(file_containing_extension=extension)).error_response.error_code == 5
    known = "centrifugal.centrifugo.api.Error"
    answer = ask(stub, request(all_extension_numbers_of_type=known))
    assert answer.all_extension_numbers_response.base_type_name == known
    answer = ask(stub, request(all_extension_numbers_of_type="x"))
    assert answer.error_response.error_code == 5


def test_reflection_is_off_by_default(start):
    api = open_api(start(conf(reflection=False)))
    for version in ("v1", "v1alpha"):
        name = f"grpc.reflection.{version}.ServerReflection"
        error = api.raw_status(f"/{name}/ServerReflectionInfo")
        assert (error.code(), error.details()) == (Code.UNIMPLEMENTED, f"unknown service {name}")


def health(api):
    return health_pb2_grpc.HealthStub(api.channel)


def watch(api, service=""):
    return health(api).Watch(health_pb2.HealthCheckRequest(service=service), timeout=60)


@rotor_only
def test_health(server):
    """Whoever asks needs no key."""
    api = open_api(server, metadata=())
    serving = health_pb2.HealthCheckResponse.SERVING
    for service in ("", SERVICE, "grpc.health.v1.Health"):
        assert health(api).Check(health_pb2.HealthCheckRequest(service=service),
                                 timeout=DEADLINE).status == serving
        one = watch(api, service)
        assert next(one).status == serving
        one.cancel()
    with pytest.raises(grpc.RpcError) as e:
        health(api).Check(health_pb2.HealthCheckRequest(service="nosuch"), timeout=DEADLINE)
    assert e.value.code() == Code.NOT_FOUND
    assert next(watch(api, "nosuch")).status == health_pb2.HealthCheckResponse.SERVICE_UNKNOWN


# Starting and stopping


@rotor_only
def test_port_in_use(start):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        server = start(conf(port=taken.getsockname()[1]), ready=False)
        assert server.wait_exit() == 1
    server.logged("cannot listen")
    server.logged("Address already in use")


@rotor_only
@pytest.mark.parametrize("address", ["nosuch.invalid", "192.0.2.1"])
def test_address_that_is_not_ours(start, address):
    server = start(conf(address=address), ready=False)
    assert server.wait_exit() == 1
    assert "grpc_api.address" in server.log or "cannot listen" in server.log


@rotor_only
def test_port_of_the_systems_choice(start):
    server = start(conf(port=0))
    server.wait(lambda: "serving gRPC API on 127.0.0.1:" in server.log, "the listener")
    server.logged("serving gRPC API on")
    port = int(server.log.split("serving gRPC API on 127.0.0.1:")[1].split('"')[0])
    assert "result" in server.keep(GrpcApi(("127.0.0.1", port))).call("Info")


def test_all_addresses(start):
    server = start(conf(address=""))
    assert "result" in open_api(server).call("Info")
    if socket.has_ipv6:
        api = server.keep(GrpcApi(("[::1]", server.grpc_address[1])))
        assert "result" in api.call("Info")


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT], ids=lambda s: s.name)
def test_stop_with_calls_under_way(start, workers, number):
    """Every call is either done, and answered, or refused as such; cut, if it takes longer
    than the server waits."""
    server = start(env={"ROTOR_WORKERS": workers}, conf=GRPC)
    apis = [open_api(server) for _ in range(4)]
    commands = [{"publish": {"channel": "big:x", "data": b64(i)}} for i in range(50)]
    codes = []

    def call_until_the_end(api):
        while True:
            try:
                assert len(api.begin("Batch", {"commands": commands}).result().replies) == 50
                codes.append(Code.OK)
            except grpc.RpcError as e:
                codes.append(e.code())
                return

    with concurrent.futures.ThreadPoolExecutor(16) as threads:
        running = [threads.submit(call_until_the_end, apis[i % 4]) for i in range(16)]
        server.wait(lambda: codes.count(Code.OK) > 50, "calls")
        server.signal(number)
        for one in running:
            one.result(3 * DEADLINE)
    assert set(codes) <= {Code.OK, Code.UNAVAILABLE, Code.CANCELLED}
    assert server.wait_exit() == 0


@rotor_only
def test_stop_answers_what_was_begun(start):
    """A call that takes long is waited for."""
    server = start(conf())
    api = open_api(server, options=[("grpc.max_send_message_length", -1)])
    one = {"publish": {"channel": "plain:x", "data": b64(1)}}
    request = api.message("Batch", {"commands": [one] * 20000})
    assert "result" in api.call("Info")
    began = server.cpu()
    future = api.stub.Batch.future(request, metadata=AUTH, timeout=3 * DEADLINE)
    server.wait(lambda: server.cpu() > began + 0.02, "work on the call")
    server.signal(signal.SIGTERM)
    assert len(future.result().replies) == 20000
    assert server.wait_exit() == 0


@rotor_only
def test_stop_with_streams(start):
    """Watchers are told; nothing that is left open delays the end."""
    server = start(conf())
    api = open_api(server)
    watches, asked = [watch(api) for _ in range(3)], threading.Event()
    for one in watches:
        assert next(one).status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(api.channel)

    def requests():
        yield reflection_pb2.ServerReflectionRequest(list_services="")
        asked.wait(60)

    stream = stub.ServerReflectionInfo(requests(), timeout=60)
    assert next(stream).list_services_response
    begin = time.monotonic()
    server.signal(signal.SIGTERM)
    for one in watches:
        assert next(one).status == health_pb2.HealthCheckResponse.NOT_SERVING
        with pytest.raises(grpc.RpcError) as e:
            next(one)
        assert e.value.code() == Code.UNAVAILABLE
    with pytest.raises(grpc.RpcError):
        next(stream)
    asked.set()
    assert server.wait_exit() == 0
    assert time.monotonic() - begin < 15


@rotor_only
def test_listed_but_not_enabled(start):
    server = start(merge(conf(enabled=False), {"modules": ["http", "engine_memory", "api_http",
                                                           "api_grpc"]}))
    assert server.api.post("info", {}).status == 200
    assert "serving gRPC" not in server.log
