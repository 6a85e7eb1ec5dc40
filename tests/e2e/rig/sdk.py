# SPDX-License-Identifier: MIT
"""The official SDKs behind one interface, so that a scenario is written once.

Each SDK has a driver, a program that holds its clients: python/driver.py,
js/driver.mjs, go/*.go.  Rig and driver speak in JSON objects, one a line:

    to the driver   {"id": 1, "op": "publish", "client": "c1", "channel": "x", ...}
    its answer      {"id": 1, "result": ...} or {"id": 1, "error": {"code", "message"}}
    an event        {"client": "c1", "channel": "x", "event": "publication", "ctx": {...}}
    a question      {"ask": 1, "what": "token", "client": "c1", "channel": "x"}
    to the driver   {"answer": 1, "value": ...}

An event without a channel is the client's own; if it is about a server-side
subscription, the channel is in its ctx.  A question is put when the SDK calls
getToken or getState; the value null stands for an error there.  Names in options,
results and ctx are those of this file's callers, in all SDKs; what is empty may be
missing.  Payloads are JSON values in both protocols, but {"b64": ...} is bytes.
"""

import dataclasses
import itertools
import json
import os
import queue
import shutil
import subprocess
import sys
import threading
import time

from . import node
from .ws import DEADLINE

HERE = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
GO_DRIVER = os.environ.get("ROTOR_E2E_GO", "")


def _here(*parts):
    return os.path.join(HERE, *parts)


def _go_missing():
    if os.access(GO_DRIVER, os.X_OK):
        return None
    if not shutil.which("go"):
        return "go is not installed"
    return os.environ.get("ROTOR_E2E_GO_MISSING") or "tests/e2e/run builds the driver of the Go SDK"


@dataclasses.dataclass
class Sdk:
    command: list
    missing: str = None             # why it cannot run, or None
    # What not all of them can do: "ordered", the calls of publish_all stay in order;
    # "send", asynchronous messages to the server.
    features: tuple = ()


SDKS = {
    "python": Sdk([sys.executable, _here("python", "driver.py")], features=("ordered",)),
    "js": Sdk(["node", _here("js", "driver.mjs")], node.missing(), ("ordered", "send")),
    "go": Sdk([GO_DRIVER], _go_missing(), ("send",)),
}


def having(feature):
    """The names of the SDKs with this feature; None: of all."""
    return [name for name, sdk in SDKS.items() if feature is None or feature in sdk.features]


class SdkError(Exception):
    """The SDK refused, or the server did: then with its code."""

    def __init__(self, error):
        super().__init__(str(error))
        self.code, self.message = error["code"], error["message"]


class Driver:
    """One running driver.  A thread reads what it says."""

    def __init__(self, name):
        self.process = subprocess.Popen(
            SDKS[name].command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
            env={**os.environ, "NODE_HOME": node.HOME})
        self.numbers = itertools.count(1)
        self.lock = threading.Lock()
        self.answers = {}       # queues, by the number of the request
        self.emitters = {}      # by client and channel
        self.questions = {}     # what answers, by what is asked, client and channel
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()

    def close(self):
        self.process.stdin.close()
        self.process.wait(DEADLINE)
        self.reader.join(DEADLINE)

    def call(self, op, **fields):
        """The result; raises SdkError."""
        return self.wait(self.start(op, **fields))

    def start(self, op, **fields):
        """Makes a request whose answer is not awaited yet; returns its number."""
        number = next(self.numbers)
        self.answers[number] = queue.SimpleQueue()
        self._write({"id": number, "op": op, **fields})
        return number

    def wait(self, number):
        try:
            answer = self.answers[number].get(timeout=2 * DEADLINE)
        except queue.Empty:
            raise TimeoutError(f"the driver did not answer {number}") from None
        finally:
            del self.answers[number]
        if "error" in answer:
            raise SdkError(answer["error"])
        return answer.get("result")

    def forget(self, client):
        """What the client says from now on is of no interest."""
        for table in self.emitters, self.questions:
            for key in [key for key in table if client in key]:
                del table[key]

    def _write(self, message):
        with self.lock:
            self.process.stdin.write(json.dumps(message) + "\n")
            self.process.stdin.flush()

    def _read(self):
        for line in self.process.stdout:
            message = json.loads(line)
            if "event" in message:
                self._event(message)
            elif "ask" in message:
                self._answer(message)
            else:
                self.answers[message["id"]].put(message)

    def _event(self, message):
        emitter = self.emitters.get((message["client"], message.get("channel")))
        if emitter is not None:     # else of a test that is over
            emitter.queue.put((message["event"], message["ctx"]))

    def _answer(self, message):
        key = (message["what"], message["client"], message.get("channel") or None)
        ask = self.questions.get(key, lambda: None)
        self._write({"answer": message["ask"], "value": ask()})


class Emitter:
    """Events of a client, or of a subscription, in the order they came."""

    def __init__(self, driver, client, channel=None):
        self.driver, self.client, self.channel = driver, client, channel
        self.queue = queue.SimpleQueue()
        driver.emitters[client, channel] = self

    def next(self, timeout=DEADLINE):
        """The next event: (name, ctx)."""
        try:
            return self.queue.get(timeout=timeout)
        except queue.Empty:
            raise TimeoutError("no event in time") from None

    def wait(self, *names, timeout=DEADLINE):
        """The ctx of the next event of this name, or one of these; others are passed over."""
        deadline, passed = time.monotonic() + timeout, []
        while True:
            try:
                got, ctx = self.queue.get(timeout=max(0, deadline - time.monotonic()))
            except queue.Empty:
                raise TimeoutError(f"no {names}, but {passed}") from None
            if got in names:
                return ctx
            passed.append((got, ctx))

    def publications(self, n):
        """The next n publications."""
        return [self.wait("publication") for _ in range(n)]

    def data(self, n):
        return [p["data"] for p in self.publications(n)]

    def drain(self):
        """What has come and was not asked for: [(name, ctx)]."""
        seen = []
        while not self.queue.empty():
            seen.append(self.queue.get())
        return seen

    def _call(self, op, **fields):
        return self.driver.call(op, client=self.client, channel=self.channel, **fields)

    def _options(self, options):
        """For the driver: callables become true, and answer its questions."""
        for what in "token", "state":
            if ask := options.get("get_" + what):
                options["get_" + what] = True
                self.driver.questions[what, self.client, self.channel] = ask
        return options


class Calls:
    """What a client does for a channel, and a subscription for its own."""

    def publish(self, *channel, data):
        self._make("publish", channel, data=data)

    def publish_all(self, *channel, data):
        """Publishes each of a list without waiting in between."""
        self._make("publish_all", channel, data=data)

    def history(self, *channel, limit=0, since=None, reverse=False):
        since = {"since": since} if since else {}
        return self._make("history", channel, limit=limit, reverse=reverse, **since)

    def presence(self, *channel):
        return self._make("presence", channel)["clients"]

    def presence_stats(self, *channel):
        return self._make("presence_stats", channel)

    def error(self, method, /, *args, **kw):
        """The code of the error that a method fails with."""
        try:
            result = getattr(self, method)(*args, **kw)
        except SdkError as e:
            return e.code
        raise AssertionError(f"{method} succeeded: {result}")


class Subscription(Emitter, Calls):
    def subscribe(self):
        self._call("subscribe")
        return self

    def subscribed(self):
        """Subscribes and waits for it: the ctx."""
        self._call("subscribe")
        return self.wait("subscribed")

    def unsubscribe(self):
        self._call("unsubscribe")

    def set_tags_filter(self, node):
        self._call("set_tags_filter", filter=node)

    def _make(self, op, _, **fields):
        return self._call(op, sub=True, **fields)


class Client(Emitter, Calls):
    names = itertools.count(1)

    def __init__(self, driver, url, binary, options):
        super().__init__(driver, f"c{next(self.names)}")
        driver.call("client", client=self.client, url=url, binary=binary,
                    options=self._options(options))

    def connect(self):
        """Starts to connect and waits for nothing."""
        self.driver.start("connect", client=self.client)
        return self

    def connected(self):
        """Connects and waits for it: the ctx."""
        return self.connect().wait("connected")

    def disconnect(self):
        self._call("disconnect")

    def set_token(self, token):
        self._call("set_token", token=token)

    def subscription(self, channel, **options):
        sub = Subscription(self.driver, self.client, channel)
        sub._call("subscription", options=sub._options(options))
        return sub

    def subscribe(self, channel, **options):
        """A subscription that is made."""
        sub = self.subscription(channel, **options)
        sub.subscribed()
        return sub

    def rpc(self, method, data):
        return self._call("rpc", method=method, data=data)

    def send(self, data):
        self._call("send", data=data)

    def _make(self, op, channel, **fields):
        return self.driver.call(op, client=self.client, channel=channel[0], **fields)


class Clients:
    """Makes clients of one SDK and one protocol; close() ends them."""

    def __init__(self, name, encoding, driver):
        self.name = f"{name}-{encoding}"
        self.features = SDKS[name].features
        self.binary = encoding == "protobuf"
        self.driver = driver
        self.clients = []

    def __str__(self):
        return self.name

    def new(self, server, token=None, **options):
        """A client that is not connected; the server may be a relay."""
        url = "ws://%s:%d/connection/websocket" % server.address
        if token:
            options["token"] = token
        client = Client(self.driver, url, self.binary, options)
        self.clients.append(client)
        return client

    def client(self, server, token=None, **options):
        """A connected client."""
        client = self.new(server, token, **options)
        client.connected()
        return client

    def close(self):
        for client in self.clients:
            self.driver.call("close", client=client.client)
            self.driver.forget(client.client)


def clients(drivers, name, encoding):
    """Clients of this SDK; its driver is taken from these, or started and put there."""
    if name not in drivers or drivers[name].process.poll() is not None:
        drivers[name] = Driver(name)
    return Clients(name, encoding, drivers[name])
