# SPDX-License-Identifier: MIT
"""Order and completeness while everything happens at once."""

import threading

import pytest
from conftest import rotor_only

from rig import tokens
from rig.api import Api
from rig.config import main as main_config


def collect(reader, count, into):
    for _ in range(count):
        pub = reader.pub(30)
        into.append((pub.get("offset"), pub["data"]))


def in_threads(*functions):
    """Runs them at the same time; raises what they raised."""
    failures = []

    def guarded(function):
        try:
            function()
        except BaseException as e:
            failures.append(e)
    threads = [threading.Thread(target=guarded, args=(f,)) for f in functions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if failures:
        raise failures[0]


@pytest.mark.parametrize("namespace", ["plain", "big"])
def test_same_order_for_everyone(main, channel, namespace):
    """Publishers of both kinds race; all subscribers, on all workers, see one order."""
    name, each = channel(namespace), 100
    readers = [main.client() for _ in range(6)]
    for reader in readers:
        reader.subscribe(name)
    writers = [main.client() for _ in range(2)]
    apis = [main.keep(Api(main.address)) for _ in range(2)]
    seen = [[] for _ in readers]
    in_threads(
        *(lambda w=w, i=i: [w.publish(name, [i, n]) for n in range(each)]
          for i, w in enumerate(writers)),
        *(lambda a=a, i=i: [a.publish(name, [i, n]) for n in range(each)]
          for i, a in enumerate(apis, len(writers))),
        *(lambda r=r, s=s: collect(r, 4 * each, s) for r, s in zip(readers, seen)))
    assert all(s == seen[0] for s in seen[1:])
    for writer in range(4):
        assert [d[1] for _, d in seen[0] if d[0] == writer] == list(range(each))
    if namespace == "big":
        assert [offset for offset, _ in seen[0]] == list(range(1, 4 * each + 1))


class Pace:
    """Keeps a publisher within reach of the slowest follower: whoever misses more than
    client.recovery_max_publication_limit (300) is rightly not recovered."""

    def __init__(self, followers, reach=200):
        self.at = [0] * followers
        self.reach = reach
        self.moved = threading.Condition()

    def reached(self, follower, offset):
        with self.moved:
            self.at[follower] = offset
            self.moved.notify_all()

    def may_publish(self, offset):
        with self.moved:
            assert self.moved.wait_for(lambda: offset - min(self.at) <= self.reach, 60)


def test_recovery_races_with_publications(main, channel):
    """Subscribers come, recover and go while publications flow: each one sees every
    offset once, in order, whether it was recovered or came live."""
    name, total, rounds = channel("big"), 600, 12
    epoch = main.client().call("history", channel=name)["epoch"]
    api = main.keep(Api(main.address))
    pace = Pace(3)

    def publish():
        for i in range(1, total + 1):
            pace.may_publish(i)
            api.publish(name, i)

    def follow(number):
        at = 0
        while at < total:
            client = main.client()
            result = client.subscribe(name, recover=True, offset=at, epoch=epoch)
            assert result.get("recovered"), result
            got = [p["offset"] for p in result.get("publications", [])]
            wanted = min(total, at + len(got) + total // rounds)
            while at + len(got) < wanted:
                pace.reached(number, at + len(got))
                got.append(client.pub(30)["offset"])
            got += [p["pub"]["offset"] for p in client.pushes()]
            assert got == list(range(at + 1, at + 1 + len(got)))
            at += len(got)
            pace.reached(number, at)
            client.close()
    in_threads(publish, *(lambda n=n: follow(n) for n in range(3)))


def test_first_subscription_races_with_publications(main, channel):
    """A fresh subscription gets a position, and then everything after it."""
    name, total = channel("big"), 300
    api = main.keep(Api(main.address))

    def watch():
        client = main.client()
        for _ in range(15):
            at = client.subscribe(name).get("offset", 0)
            while at < total:
                offset = client.pub(30)["offset"]
                assert offset == at + 1
                at = offset
                if at % 20 == 0:
                    break
            client.call("unsubscribe", channel=name)
            client.pushes()
    in_threads(lambda: [api.publish(name, i) for i in range(total)], watch, watch)


def test_unsubscribed_means_silent(main, channel):
    """After the reply to unsubscribe there is nothing more of that channel."""
    name, total = channel("plain"), 300
    api = main.keep(Api(main.address))

    def come_and_go():
        client = main.client()
        for _ in range(60):
            client.subscribe(name)
            client.call("unsubscribe", channel=name)
            client.inbox.clear()
            assert client.pushes() == []
    in_threads(lambda: [api.publish(name, i) for i in range(total)], come_and_go, come_and_go)


def test_joins_and_leaves_match(main, channel):
    """With clients coming and going on all workers, each join has its leave."""
    name = channel("jl")
    watcher = main.client()
    watcher.subscribe(name)
    watcher.push()

    def come_and_go():
        for _ in range(20):
            client = main.client(tokens.conn("u1"))
            client.subscribe(name)
            client.close()
    in_threads(come_and_go, come_and_go)
    present = set()
    for _ in range(80):
        push = watcher.push()
        client = next(push[kind]["info"]["client"] for kind in ("join", "leave") if kind in push)
        if "join" in push:
            assert client not in present
            present.add(client)
        else:
            present.remove(client)
    assert present == set()
    assert watcher.call("presence_stats", channel=name)["num_clients"] == 1


@rotor_only      # the reference lets some through where there is no position
def test_connect_reply_precedes_everything_of_its_channels(main, channel):
    """Publications into a token's channels while clients connect: the reply comes first,
    and each offset after the position in it."""
    names = [channel("big"), channel("plain")]
    api = main.keep(Api(main.address))
    over = threading.Event()

    def publish():
        n = 0
        while not over.is_set() and n < 900:
            for name in names:
                api.publish(name, n)
            n += 1

    def come():
        for _ in range(15):
            client = main.open()
            client.ask("connect", token=tokens.conn("u1", channels=names))
            client.fence()
            first, *rest = client.inbox
            assert "connect" in first
            at = first["connect"]["subs"][names[0]].get("offset", 0)
            got = [m["push"]["pub"]["offset"] for m in rest if m["push"]["channel"] == names[0]]
            assert got == list(range(at + 1, at + 1 + len(got)))
            client.close()
    try:
        in_threads(publish, lambda: (come(), over.set()), come)
    finally:
        over.set()


@rotor_only      # the reference lets some through where there is no position
def test_orders_of_the_api_among_publications(main, channel):
    """The subscribe push precedes the channel's joins and publications; behind the
    unsubscribe push there is none."""
    name = channel("jl")
    api, other = main.keep(Api(main.address)), main.keep(Api(main.address))
    client = main.client(tokens.conn(name))
    over = threading.Event()

    def publish():
        while not over.is_set():
            other.publish(name, 1)

    def order():
        try:
            for _ in range(40):
                api.call("subscribe", user=name, channel=name)
                api.call("unsubscribe", user=name, channel=name)
        finally:
            over.set()
    in_threads(publish, order)
    inside = rounds = 0
    for push in client.pushes():
        kind = next(key for key in push if key != "channel")
        assert inside == (kind != "subscribe"), push
        inside = kind != "unsubscribe"
        rounds += kind == "unsubscribe"
    assert rounds == 40


def test_own_publications_precede_their_replies(main, channel):
    """Each of many, in one frame, with another publisher in between."""
    name = channel("big")
    client, other = main.client(), main.keep(Api(main.address))
    client.subscribe(name)

    def burst():
        for start in range(0, 200, 20):
            client.send(*({"id": 1000 + n, "publish": {"channel": name, "data": ["own", n]}}
                          for n in range(start, start + 20)))
    in_threads(burst, lambda: [other.publish(name, ["other", n]) for n in range(100)])
    client.fence()
    offsets, replies, seen = [], [], set()
    for message in client.inbox:
        if "push" in message:
            pub = message["push"]["pub"]
            offsets.append(pub["offset"])
            seen.add(tuple(pub["data"]))
        else:
            replies.append(message["id"])
            assert ("own", message["id"] - 1000) in seen
    assert offsets == list(range(1, 301)) and replies == list(range(1000, 1200))


def test_resubscribing_misses_nothing(main, channel):
    """Unsubscribe and recover again and again, without a new connection."""
    name, total = channel("big"), 600
    client, api = main.client(), main.keep(Api(main.address))
    epoch = client.call("history", channel=name)["epoch"]
    pace = Pace(1)

    def publish():
        for i in range(1, total + 1):
            pace.may_publish(i)
            api.publish(name, i)

    def follow():
        at = 0
        while at < total:
            result = client.subscribe(name, recover=True, offset=at, epoch=epoch)
            assert result.get("recovered"), result
            got = [p["offset"] for p in result.get("publications", [])]
            while len(got) < 15 and at + len(got) < total:
                got.append(client.pub(30)["offset"])
            client.call("unsubscribe", channel=name)
            got += [p["pub"]["offset"] for p in client.pushes()]
            assert got == list(range(at + 1, at + 1 + len(got)))
            at += len(got)
            pace.reached(0, at)
    in_threads(publish, follow)


def test_leave_is_not_for_who_left(main, channel):
    """However often one comes and goes: own joins only, and no leave."""
    name = channel("jl")
    client, watcher = main.client(tokens.conn("u1")), main.client()
    watcher.subscribe(name)
    watcher.push()
    for _ in range(30):
        client.subscribe(name)
        client.call("unsubscribe", channel=name)
    assert [next(key for key in push if key != "channel") for push in client.pushes()] == ["join"] * 30
    assert [next(key for key in watcher.push() if key != "channel") for _ in range(60)] == \
        ["join", "leave"] * 30


@pytest.mark.parametrize("concurrency", [0, 1, 8])
def test_concurrency(start, channel, workers, encoding, concurrency):
    """Every command has one answer.  With a concurrency of one at most they are in the
    order of the commands; with more they need not be, but what a command does to a
    channel still is."""
    server = start(main_config(client={"concurrency": concurrency, "channel_limit": 1000}),
                   env={"ROTOR_WORKERS": workers})
    client = server.client(encoding=encoding)
    names = [channel("all") for _ in range(30)]
    commands = [{method: {"channel": name, **extra}} for name in names for method, extra in (
        ("subscribe", {}), ("publish", {"data": 1}), ("presence_stats", {}),
        ("history", {"limit": 1}), ("unsubscribe", {}), ("presence_stats", {}))]
    commands = [{"id": number, **c} for number, c in enumerate(commands, 1000)]
    for at in range(0, len(commands), 9):
        client.send(*commands[at:at + 9])
    replies = {}
    order = []
    while len(replies) < len(commands):
        for message in client.inbox:
            if "id" in message:
                assert message["id"] not in replies and "error" not in message
                replies[message["id"]] = message
                order.append(message["id"])
        client.inbox = []
        if len(replies) < len(commands):
            client.fence()
    if concurrency <= 1:
        assert order == sorted(order)
    assert server.api.call("channels")["channels"] == {}
