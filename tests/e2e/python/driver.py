# SPDX-License-Identifier: MIT
"""Driver of the Python SDK: requests on standard input, answers and events on standard
output, one JSON object a line.  rig/sdk.py says what they mean."""

import asyncio
import json
import sys

import centrifuge
import convert

TIMEOUT = 10    # s, of one call of the SDK
DELAYS = 0.01, 0.1  # s between attempts to connect or subscribe
LINE = 1 << 26  # the longest line


def write(message):
    sys.stdout.write(json.dumps(message) + "\n")
    sys.stdout.flush()


class Events(centrifuge.ClientEventHandler, centrifuge.SubscriptionEventHandler):
    """Passes on every event of a client, those of its server-side subscriptions
    among them, or of a subscription."""

    def __init__(self, converters, **source):
        for event, converter in converters.items():
            setattr(self, "on_" + event, self._handler(event, converter, source))

    @staticmethod
    def _handler(event, converter, source):
        async def handler(ctx):
            write({**source, "event": event, "ctx": converter(ctx)})
        return handler


class Driver:
    def __init__(self):
        self.clients = {}       # by the name that the rig gave it: (client, binary)
        self.questions = {}     # futures of what was asked, by number
        self.asked = 0

    # Questions of the SDK to the rig

    async def ask(self, what, client, channel, none):
        """None in the answer raises `none`."""
        self.asked += 1
        future = self.questions[self.asked] = asyncio.get_running_loop().create_future()
        write({"ask": self.asked, "what": what, "client": client, "channel": channel})
        value = await future
        if value is None:
            raise none
        return value

    def tokens(self, wanted, client, channel=None):
        async def get_token(*_):
            return await self.ask("token", client, channel, centrifuge.UnauthorizedError())
        return get_token if wanted else None

    def states(self, wanted, client, channel):
        async def get_state(*_):
            return centrifuge.StreamPosition(
                **await self.ask("state", client, channel, ValueError("no state")))
        return get_state if wanted else None

    # Operations

    def find(self, req):
        return self.clients[req["client"]][0]

    def subscription(self, req):
        return self.find(req).get_subscription(req["channel"])

    def caller(self, req):
        """What makes the call, and its first arguments: with `sub` the subscription
        does, which waits until it is subscribed."""
        return (self.subscription(req), ()) if req.get("sub") else (self.find(req), (req["channel"],))

    def pack(self, req):
        return convert.pack(req["data"], self.clients[req["client"]][1])

    async def client(self, req):
        name, binary, options = req["client"], req["binary"], req["options"]
        options["get_token"] = self.tokens(options.get("get_token"), name)
        if "data" in options:
            options["data"] = convert.pack(options["data"], binary)
        if "max_server_ping_delay_ms" in options:
            options["max_server_ping_delay"] = options.pop("max_server_ping_delay_ms") / 1000
        client = centrifuge.Client(
            req["url"], events=Events(convert.CLIENT_EVENTS, client=name), use_protobuf=binary,
            timeout=TIMEOUT, min_reconnect_delay=DELAYS[0], max_reconnect_delay=DELAYS[1],
            proxy=None, **options)
        self.clients[name] = client, binary

    async def connect(self, req):
        await self.find(req).connect()

    async def disconnect(self, req):
        await self.find(req).disconnect()

    async def close(self, req):
        await self.clients.pop(req["client"])[0].disconnect()

    async def set_token(self, req):
        self.find(req).set_token(req["token"])

    async def new_subscription(self, req):
        name, channel, options = req["client"], req["channel"], req["options"]
        for key, make in ("get_token", self.tokens), ("get_state", self.states):
            options[key] = make(options.get(key), name, channel)
        if "data" in options:
            options["data"] = convert.pack(options["data"], self.clients[name][1])
        if "delta" in options:
            options["delta"] = centrifuge.DeltaType(options["delta"])
        if "tags_filter" in options:
            options["tags_filter"] = centrifuge.FilterNode(options["tags_filter"])
        self.find(req).new_subscription(
            channel, Events(convert.SUBSCRIPTION_EVENTS, client=name, channel=channel),
            min_resubscribe_delay=DELAYS[0], max_resubscribe_delay=DELAYS[1], **options)

    async def subscribe(self, req):
        await self.subscription(req).subscribe()

    async def unsubscribe(self, req):
        await self.subscription(req).unsubscribe()

    async def set_tags_filter(self, req):
        self.subscription(req).set_tags_filter(centrifuge.FilterNode(req["filter"]))

    async def publish(self, req):
        target, args = self.caller(req)
        await target.publish(*args, self.pack(req))

    async def publish_all(self, req):
        """Each element of the data, without waiting for the one before."""
        await asyncio.gather(*(self.publish({**req, "data": data}) for data in req["data"]))

    async def history(self, req):
        target, args = self.caller(req)
        since = req.get("since")
        result = await target.history(
            *args, limit=req["limit"], reverse=req["reverse"],
            since=since and centrifuge.StreamPosition(**since))
        return {"publications": [convert.publication(p) for p in result.publications],
                "offset": result.offset, "epoch": result.epoch}

    async def presence(self, req):
        target, args = self.caller(req)
        result = await target.presence(*args)
        return {"clients": {name: convert.info(i) for name, i in result.clients.items()}}

    async def presence_stats(self, req):
        target, args = self.caller(req)
        result = await target.presence_stats(*args)
        return {"num_clients": result.num_clients, "num_users": result.num_users}

    async def rpc(self, req):
        result = await self.find(req).rpc(req["method"], self.pack(req))
        return {"data": convert.unpack(result.data)}

    OPERATIONS = {"subscription": "new_subscription"}   # where the method is called otherwise

    async def serve(self, req):
        method = getattr(self, self.OPERATIONS.get(req["op"], req["op"]))
        try:
            write({"id": req["id"], "result": await method(req)})
        except Exception as e:      # whatever the SDK raises is the answer
            write({"id": req["id"], "error": convert.failure(e)})

    async def run(self):
        loop = asyncio.get_running_loop()
        lines = asyncio.StreamReader(limit=LINE)
        await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(lines), sys.stdin)
        serving = set()
        while line := await lines.readline():
            req = json.loads(line)
            if "answer" in req:
                self.questions.pop(req["answer"]).set_result(req["value"])
                continue
            task = loop.create_task(self.serve(req))
            serving.add(task)
            task.add_done_callback(serving.discard)


asyncio.run(Driver().run())
