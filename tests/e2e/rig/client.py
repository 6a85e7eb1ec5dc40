# SPDX-License-Identifier: MIT
"""The client protocol over a WebSocket, in either encoding, one thread."""

import json
import time

from . import pb
from .ws import BINARY, DEADLINE, TEXT, Closed, WebSocket

JSON, PROTOBUF = "json", "protobuf"


class ReplyError(Exception):
    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.message = error["code"], error["message"]
        self.temporary = error.get("temporary", False)


class Client:
    """Commands out, replies and pushes in, as dicts.  Pings are answered unless
    `pong` is off.  Whatever arrives while a reply is awaited is kept."""

    def __init__(self, address, encoding=JSON, *, pong=True, path="/connection/websocket", **kw):
        if encoding == PROTOBUF:
            kw.setdefault("subprotocols", ["centrifuge-protobuf"])
        self.encoding = encoding
        self.ws = WebSocket(address, path, **kw)
        self.pong = pong
        self.pings = 0
        self.last_id = 0
        self.inbox = []         # replies and pushes not asked for yet
        self.frames = []        # how many messages each frame held
        self.id = None          # the client's id once connected
        self.user = None

    # Commands

    def next_id(self):
        self.last_id += 1
        return self.last_id

    def pack(self, commands):
        if self.encoding == PROTOBUF:
            return pb.join([pb.encode("Command", c) for c in commands])
        return "\n".join(json.dumps(c, separators=(",", ":")) for c in commands)

    def send(self, *commands):
        """Sends the commands as they are, in one frame."""
        self.ws.send(self.pack(commands))

    def ask(self, method, /, **request):
        """Sends one command and returns its id without waiting."""
        number = self.next_id()
        self.send({"id": number, method: request})
        return number

    def reply(self, number, timeout=DEADLINE):
        """The reply with this id, without the id."""
        message = self._find(lambda m: m.get("id") == number, timeout)
        return {key: value for key, value in message.items() if key != "id"}

    def call(self, method, /, timeout=DEADLINE, **request):
        """The result of one command; raises ReplyError."""
        reply = self.reply(self.ask(method, **request), timeout)
        if "error" in reply:
            assert len(reply) == 1, reply
            raise ReplyError(reply["error"])
        assert list(reply) == [method], reply
        return reply[method]

    def error(self, method, /, **request):
        """The code of the error that the command is answered with."""
        try:
            result = self.call(method, **request)
        except ReplyError as e:
            return e.code
        raise AssertionError(f"{method} succeeded: {result}")

    def connect(self, **request):
        result = self.call("connect", **request)
        self.id = result["client"]
        return result

    def subscribe(self, channel, **request):
        return self.call("subscribe", channel=channel, **request)

    def publish(self, channel, data):
        return self.call("publish", channel=channel, data=data)

    # What comes in

    def push(self, timeout=DEADLINE):
        """The next push."""
        return self._find(lambda m: "push" in m, timeout)["push"]

    def pub(self, timeout=DEADLINE):
        """The next push, which must be a publication."""
        push = self.push(timeout)
        assert "pub" in push, push
        return push["pub"]

    def pushes(self):
        """All pushes that arrived before the server answers one more command."""
        self.fence()
        taken = [m["push"] for m in self.inbox if "push" in m]
        self.inbox = [m for m in self.inbox if "push" not in m]
        return taken

    def fence(self):
        """Everything that the server sent before now has arrived afterwards."""
        assert self.call("unsubscribe", channel="fence") == {}

    def ended(self, timeout=DEADLINE):
        """Waits for the end of the connection: (code, reason)."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._receive(deadline)
        except Closed as end:
            return end.code, end.reason

    def wait_ping(self, timeout=DEADLINE):
        seen, deadline = self.pings, time.monotonic() + timeout
        while self.pings == seen:
            self._receive(deadline)

    def _find(self, wanted, timeout):
        deadline = time.monotonic() + timeout
        at = 0
        while True:
            while at < len(self.inbox):
                if wanted(self.inbox[at]):
                    return self.inbox.pop(at)
                at += 1
            self._receive(deadline)

    def _receive(self, deadline):
        opcode, frame = self.ws.recv(max(deadline - time.monotonic(), 0))
        if self.encoding == PROTOBUF:
            assert opcode == BINARY
            messages = [pb.decode("Reply", m) for m in pb.split(frame)]
        else:
            assert opcode == TEXT
            messages = [json.loads(line) for line in frame.decode().split("\n")]
        self.frames.append(len(messages))
        for message in messages:
            if message:
                self.inbox.append(message)
                continue
            self.pings += 1
            if self.pong:
                self.send({})

    def close(self):
        self.ws.close()
