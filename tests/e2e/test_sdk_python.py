# SPDX-License-Identifier: MIT
"""The official Python SDK against the daemon, in both encodings."""

import asyncio

import centrifuge
import pytest

from rig import tokens
from rig.config import main as main_config
from rig.relay import Relay
from rig.ws import DEADLINE


class Events(centrifuge.ClientEventHandler, centrifuge.SubscriptionEventHandler):
    """Puts every event into one queue as (name, context)."""

    NAMES = ("connected", "connecting", "disconnected", "error", "subscribed", "subscribing",
             "unsubscribed", "publication", "join", "leave")

    def __init__(self):
        self.queue = asyncio.Queue()
        for name in self.NAMES:
            setattr(self, "on_" + name, self._handler(name))

    def _handler(self, name):
        async def handler(ctx):
            await self.queue.put((name, ctx))
        return handler

    async def wait(self, name):
        """The next event with this name; others are passed over."""
        async with asyncio.timeout(DEADLINE):
            while True:
                got, ctx = await self.queue.get()
                if got == name:
                    return ctx


class Sdk:
    """A client of the SDK with one queue of events."""

    def __init__(self, address, encoding, **kw):
        self.events = Events()
        self.binary = encoding == "protobuf"
        self.client = centrifuge.Client(
            "ws://%s:%d/connection/websocket" % address, events=self.events,
            use_protobuf=self.binary, min_reconnect_delay=0.01, max_reconnect_delay=0.1, proxy=None,
            **kw)

    async def __aenter__(self):
        await self.client.connect()
        await self.events.wait("connected")
        return self

    async def __aexit__(self, *_):
        await self.client.disconnect()

    def data(self, value):
        """In Protobuf mode the SDK's payloads are bytes."""
        return value.encode() if self.binary else value

    async def subscribe(self, channel, **kw):
        events = Events()
        sub = self.client.new_subscription(channel, events=events, **kw)
        await sub.subscribe()
        await events.wait("subscribed")
        return sub, events


def run(scenario):
    asyncio.run(asyncio.wait_for(scenario, 60))


def test_main_job(main, channel):
    """Connect with a JWT, subscribe, receive, publish, read history and presence,
    drop, reconnect and recover what was missed."""
    name = channel("all")
    api = main.api

    async def scenario():
        token = tokens.conn("python", info={"sdk": 1})
        async with Relay(main.address) as relay, Sdk(
                ("127.0.0.1", relay.port), main.encoding, token=token) as sdk:
            sub, events = await sdk.subscribe(name, recoverable=True, positioned=True)
            api.publish(name, "from the backend")
            pub = (await events.wait("publication")).pub
            assert pub.offset == 1
            await sub.publish(sdk.data('"mine"' if sdk.binary else "mine"))
            pub = (await events.wait("publication")).pub
            assert pub.info.user == "python" and pub.offset == 2
            history = await sub.history(limit=10)
            assert [p.offset for p in history.publications] == [1, 2] and history.offset == 2
            presence = await sub.presence()
            assert [i.user for i in presence.clients.values()] == ["python"]
            stats = await sub.presence_stats()
            assert (stats.num_clients, stats.num_users) == (1, 1)

            relay.up = False
            relay.cut()
            await sdk.events.wait("connecting")
            for i in range(3):
                api.publish(name, {"missed": i})
            relay.up = True
            subscribed = await events.wait("subscribed")
            assert subscribed.was_recovering and subscribed.recovered
            offsets = [(await events.wait("publication")).pub.offset for _ in range(3)]
            assert offsets == [3, 4, 5]
            api.publish(name, "live again")
            assert (await events.wait("publication")).pub.offset == 6
    run(scenario())


def test_join_leave(main, channel):
    name = channel("jl")

    async def scenario():
        async with Sdk(main.address, main.encoding, token=tokens.conn("a")) as a:
            _, events = await a.subscribe(name, join_leave=True)
            assert (await events.wait("join")).info.user == "a"
            async with Sdk(main.address, main.encoding, token=tokens.conn("b")) as b:
                await b.subscribe(name)
                assert (await events.wait("join")).info.user == "b"
            assert (await events.wait("leave")).info.user == "b"
    run(scenario())


def test_server_side_subscription(main, channel):
    name = channel("plain")
    api = main.api

    async def scenario():
        async with Sdk(main.address, main.encoding,
                       token=tokens.conn(name, channels=[name])) as sdk:
            assert (await sdk.events.wait("subscribed")).channel == name
            api.publish(name, 1)
            assert (await sdk.events.wait("publication")).channel == name
            api.call("unsubscribe", user=name, channel=name)
            assert (await sdk.events.wait("unsubscribed")).channel == name
    run(scenario())


def test_tokens_are_fetched(main, channel):
    """An expired token makes the SDK ask for a new one, for both kinds."""
    name = "$" + channel("closed")

    async def conn_token(*_):
        return tokens.conn("u1")

    async def sub_token(*_):
        return tokens.sub("u1", name)

    async def scenario():
        async with Sdk(main.address, main.encoding, token=tokens.conn("u1", exp=1),
                       get_token=conn_token) as sdk:
            await sdk.subscribe(name, get_token=sub_token)
    run(scenario())


def test_tokens_are_refreshed(main, channel):
    """Again and again, and neither the connection nor the subscription ends."""
    name = channel("closed")

    async def scenario():
        asked = {"conn": asyncio.Queue(), "sub": asyncio.Queue()}

        async def conn_token(*_):
            asked["conn"].put_nowait(1)
            return tokens.conn("u1", ttl=2)

        async def sub_token(*_):
            asked["sub"].put_nowait(1)
            return tokens.sub("u1", name, ttl=2)

        async with Sdk(main.address, main.encoding, get_token=conn_token) as sdk:
            _, events = await sdk.subscribe(name, get_token=sub_token)
            for _ in range(3):
                await asyncio.wait_for(asked["conn"].get(), DEADLINE)
                await asyncio.wait_for(asked["sub"].get(), DEADLINE)
            await sdk.client.rpc("ping", sdk.data("{}" if sdk.binary else {}))
            assert sdk.events.queue.empty() and events.queue.empty()
    run(scenario())


def test_errors(main, channel):
    async def scenario():
        async with Sdk(main.address, main.encoding) as sdk:
            with pytest.raises(centrifuge.ReplyError) as error:
                await sdk.client.rpc("nosuch", sdk.data("{}" if sdk.binary else {}))
            assert error.value.code == 104
            with pytest.raises(centrifuge.ReplyError) as error:
                await sdk.client.history(channel("plain"))
            assert error.value.code == 108
            sub = sdk.client.new_subscription(channel("closed"), events=(events := Events()))
            await sub.subscribe()
            assert (await events.wait("unsubscribed")).code == 103
    run(scenario())


def test_terminal_disconnect(main):
    api = main.api

    async def scenario():
        async with Sdk(main.address, main.encoding, token=tokens.conn("kicked")) as sdk:
            api.call("disconnect", user="kicked")
            assert (await sdk.events.wait("disconnected")).code == 3503
    run(scenario())


def test_daemon_restarts(start, encoding, channel):
    """Shutdown sends clients away with a code that makes them come back."""
    first = start()
    name = channel("all")

    async def scenario():
        async with Sdk(first.address, encoding) as sdk:
            _, events = await sdk.subscribe(name)
            await asyncio.to_thread(first.stop)
            assert (await sdk.events.wait("connecting")).code == 3001
            second = start(main_config(http_server={"port": first.port}))
            await events.wait("subscribed")
            second.api.publish(name, "after")
            await events.wait("publication")
    run(scenario())
