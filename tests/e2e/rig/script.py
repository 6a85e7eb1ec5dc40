# SPDX-License-Identifier: MIT
"""Wire scripts: what is sent, and under it what comes back.

Running a script carries out its inputs and writes down everything that happens; a test
compares that with the script itself.  Inputs:

    a connect {"token":..}      opens a connection, in JSON, and connects it
    a protobuf {"token":..}     the same in Protobuf; its messages are shown as JSON
    a open [protobuf]           opens a connection
    a > {"id":..}               one frame; the sign ␤ stands for a line end
    a >> "{\\u0001"              one frame, written as a JSON string
    a x 0801..                  one binary frame, in hex
    a leave                     closes the connection
    api publish {..}            a call of the HTTP API

and what comes back:

    a < {"id":..}               a message on connection a
    a closed 3501 bad request   its end
    = {"result":..}             the API's answer, with the status in front if not 200

In inputs, `~` makes names unique, `<a>` is the client id of a, `<epoch1>` an epoch as
it was shown, `<token CLAIMS>` a token, in whose times "+60" is in a minute.
"""

import json
import re
import time

from . import pb, tokens
from .ws import Closed

FENCE = 99999
OUTPUT = re.compile(r"= |\w+ (<|closed)")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
EPOCH = re.compile(r'("epoch": ?)"([A-Za-z]{8})"')
TTL = re.compile(r'"ttl": ?(\d{2,})')
VERSION = re.compile(r'"version":"[^"]*"')
TOKEN = re.compile(r"<token (\{.*?\})>(?=\")")


def token(match):
    claims = json.loads(match[1])
    for name in ("exp", "nbf", "expire_at"):
        if isinstance(claims.get(name), str):
            claims[name] = int(time.time()) + int(claims[name])
    return tokens.make(claims, key=claims.pop("key", tokens.SECRET))


class Connection:
    def __init__(self, ws, protobuf):
        self.ws, self.protobuf = ws, protobuf
        self.connected = self.over = False
        self.received = []

    def send(self, command):
        if self.protobuf:
            self.ws.send(pb.join([pb.encode("Command", command)]))
        else:
            self.ws.send(json.dumps(command))

    def frame(self):
        """The messages of the next frame, as text; none at the end."""
        try:
            frame = self.ws.recv()[1]
        except Closed as end:
            self.over = True
            self.received.append(f"closed {end.code} {end.reason}".rstrip() if end.code else "closed")
            return []
        if not self.protobuf:
            return frame.decode().split("\n")
        return [json.dumps(pb.decode("Reply", m), separators=(",", ":"), ensure_ascii=False,
                           default=bytes.hex) for m in pb.split(frame)]

    def take(self):
        """Reads one frame; whether the fence was in it."""
        fence = False
        for text in self.frame():
            if text == f'{{"id":{FENCE},"unsubscribe":{{}}}}':
                fence = True
            elif text == "{}":
                self.send({})
            else:
                self.received.append("< " + text)
                self.connected = self.connected or '"connect":{' in text
                self.over = not self.connected      # refused: nothing more will come
        return fence

    def settle(self):
        """Reads everything that the server has sent until now."""
        if not self.connected and not self.over:
            self.take()
        if self.connected and not self.over:
            try:
                self.send({"id": FENCE, "unsubscribe": {"channel": "fence"}})
            except OSError:
                pass        # the end is to be read
            while not self.over and not self.take():
                pass


class Script:
    def __init__(self, server, unique):
        self.server, self.unique = server, unique
        self.api = server.api
        self.connections = {}
        self.ids, self.epochs = {}, {}      # as they came: the names they are shown by
        self.opened = False                 # just so, and nobody has spoken yet

    def fill(self, text):
        for value, name in [*self.ids.items(), *self.epochs.items()]:
            text = text.replace(f"<{name}>", value)
        return TOKEN.sub(token, text.replace("~", self.unique)).replace("␤", "\n")

    def shown(self, text):
        def epoch(match):
            name = self.epochs.setdefault(match[2], f"epoch{len(self.epochs) + 1}")
            return f'{match[1]}"<{name}>"'

        def ttl(match):
            return f'"ttl":{(int(match[1]) + 5) // 10 * 10}'

        text = UUID.sub(lambda match: f"<{self.ids.get(match[0], 'uuid')}>", text)
        text = VERSION.sub('"version":"<version>"', TTL.sub(ttl, EPOCH.sub(epoch, text)))
        return text.replace(self.unique, "~").replace("\x7f", "␡")

    # Inputs

    def open(self, name, protobuf):
        subprotocols = ["centrifuge-protobuf"] if protobuf else []
        self.connections[name] = Connection(self.server.open_ws(subprotocols), protobuf)
        return self.connections[name]

    def connect(self, name, request, protobuf):
        c = self.open(name, protobuf)
        c.send({"id": 1, "connect": json.loads(self.fill(request or "{}"))})
        while not c.connected:
            assert not c.over, c.received
            c.take()
        self.ids[UUID.search(c.received.pop(0))[0]] = name

    def leave(self, name):
        ws = self.connections.pop(name).ws
        ws.send_close()
        ws.wait_closed()
        ws.close()

    def call(self, method, body):
        res = self.api.post(method, self.fill(body))
        status = "" if res.status == 200 else f"{res.status} "
        return f"= {status}{res.body.decode().strip()}"

    def say(self, c, how, what):
        if c.over:
            return      # the script goes on after an end that it did not expect
        if how == ">" and c.protobuf:
            c.send(json.loads(self.fill(what)))
        elif how == ">":
            c.ws.send(self.fill(what))
        elif how == ">>":
            c.ws.send(self.fill(json.loads(what)))
        else:
            assert how == "x", how
            c.ws.send(bytes.fromhex(what))

    def carry_out(self, line):
        """One input; the API's answer, if it is one."""
        who, how, *what = [*line.split(" ", 2), ""][:3]
        self.opened = how == "open"
        if who == "api":
            return self.call(how, what[0])
        if how == "open":
            self.open(who, what[0] == "protobuf")
        elif how in ("connect", "protobuf"):
            self.connect(who, what[0], how == "protobuf")
        elif how == "leave":
            self.leave(who)
        else:
            self.say(self.connections[who], how, what[0])
        return None

    # Outputs

    def settle(self, actor):
        """Its own effects are over when the actor has its answer; then the others know.
        Twice, for what is still on its way between the server's threads."""
        for _ in range(2):
            for name in sorted(self.connections, key=lambda n: (n != actor, n)):
                self.connections[name].settle()

    def outputs(self):
        for name in sorted(self.connections):
            c = self.connections[name]
            yield from (f"{name} {text}" for text in c.received)
            c.received = []

    def run(self, lines):
        """The transcript of the inputs among the lines."""
        out = []
        for line in lines:
            if OUTPUT.match(line):
                continue
            out.append(line)
            answer = self.carry_out(line)
            if not self.opened:
                self.settle(line.split()[0])
                out += map(self.shown, self.outputs())
            if answer is not None:
                out.append(self.shown(answer))
        return out

    def close(self):
        for c in self.connections.values():
            c.ws.close()
        self.api.close()
