# SPDX-License-Identifier: MIT
"""The gRPC API, through a client generated from proto/api.proto as a user would."""

import importlib
import os
import sys
import tempfile

import grpc
from google.protobuf import json_format

from .api import KEY
from .ws import DEADLINE

SERVICE = "centrifugal.centrifugo.api.CentrifugoApi"
PROTO = os.path.abspath(os.path.join(os.path.dirname(__file__), "../../../proto"))
AUTH = (("authorization", f"apikey {KEY}"),)
TRANSPORT = (("x-centrifugo-error-mode", "transport"),)


def _generate():
    """The modules that protoc makes: messages, and stubs."""
    from grpc_tools import protoc

    with tempfile.TemporaryDirectory() as directory:
        status = protoc.main(["protoc", f"-I{PROTO}", f"--python_out={directory}",
                              f"--grpc_python_out={directory}", "api.proto"])
        assert status == 0
        sys.path.insert(0, directory)
        try:
            return importlib.import_module("api_pb2"), importlib.import_module("api_pb2_grpc")
        finally:
            sys.path.remove(directory)


pb, stubs = _generate()
METHODS = {m.name: m for m in pb.DESCRIPTOR.services_by_name["CentrifugoApi"].methods}


class GrpcApi:
    """One channel.  Messages are dicts in and out, `bytes` fields in them base64."""

    def __init__(self, address, *, metadata=AUTH, credentials=None, options=(), **kw):
        target = "%s:%d" % address
        options = [("grpc.use_local_subchannel_pool", 1), *options]
        self.metadata = metadata
        self.channel = grpc.insecure_channel(target, options, **kw) if credentials is None else \
            grpc.secure_channel(target, credentials, options, **kw)
        self.stub = stubs.CentrifugoApiStub(self.channel)

    def message(self, method, request):
        return json_format.ParseDict(request, pb.DESCRIPTOR.message_types_by_name[
            METHODS[method].input_type.name]._concrete_class())

    def begin(self, method, request=None, metadata=(), timeout=DEADLINE, **kw):
        """The future of a call."""
        return getattr(self.stub, method).future(
            self.message(method, request or {}), timeout=timeout,
            metadata=(*self.metadata, *metadata), **kw)

    def call(self, method, request=None, **kw):
        """The response, error or result in it."""
        return json_format.MessageToDict(self.begin(method, request, **kw).result(),
                                         preserving_proto_field_name=True)

    def status(self, method, request=None, **kw):
        """The error that the call fails with."""
        return failure(self.begin(method, request, **kw))

    def raw(self, path, body=b"", metadata=(), timeout=DEADLINE, **kw):
        """A call of any method with any bytes; the response's bytes."""
        return self.channel.unary_unary(path)(body, timeout=timeout,
                                              metadata=(*self.metadata, *metadata), **kw)

    def raw_status(self, path, body=b"", **kw):
        try:
            answer = self.raw(path, body, **kw)
        except grpc.RpcError as e:
            return e
        raise AssertionError(f"{path} succeeded: {answer}")

    def close(self):
        self.channel.close()


def failure(future):
    try:
        answer = future.result()
    except grpc.RpcError as e:
        return e
    raise AssertionError(f"succeeded: {answer}")


def path(method):
    return f"/{SERVICE}/{method}"
