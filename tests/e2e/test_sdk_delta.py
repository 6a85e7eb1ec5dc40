# SPDX-License-Identifier: MIT
"""SDKs: delta compression.  What the SDK hands out is what was published, and the
network has carried much less."""

import contextlib

import pytest

from rig.relay import Relay

FILLER = " ".join(f"word{i}" for i in range(700))   # about 5 KB


def document(n):
    """Long, and little of it changes."""
    return {"n": n, "filler": FILLER, "last": [n, "\u00e9\u2028<&>\"\\\n", n * 7]}


@pytest.fixture
def relay(main):
    with Relay(main.address) as relay:
        yield relay


@contextlib.contextmanager
def carried(relay, low, high):
    """So many whole documents, at least and at most, go to the client meanwhile."""
    before = relay.received
    yield
    documents = (relay.received - before) / len(FILLER)
    assert low <= documents <= high, documents


def publish(server, name, numbers):
    for n in numbers:
        server.api.publish(name, document(n))


def check(sub, numbers):
    assert sub.data(len(numbers)) == [document(n) for n in numbers]


def test_full_then_deltas(main, sdk, channel, relay):
    name = channel("delta")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    with carried(relay, 1, 2):
        publish(main, name, range(8))
        check(sub, range(8))


def test_first_is_full_for_a_late_one(main, sdk, channel, relay):
    """Others have had the one before, this subscriber has not."""
    name = channel("delta")
    publish(main, name, range(3))
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    with carried(relay, 1, 2):
        publish(main, name, range(3, 6))
        check(sub, range(3, 6))


def test_without_being_asked(main, sdk, channel, relay):
    name = channel("delta")
    sub = sdk.client(relay).subscribe(name)
    with carried(relay, 5, 6):
        publish(main, name, range(5))
        check(sub, range(5))


def test_where_it_is_not_allowed(main, sdk, channel, relay):
    name = channel("rec")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    with carried(relay, 5, 6):
        publish(main, name, range(5))
        check(sub, range(5))


def test_side_by_side(main, sdk, channel, relay):
    """Subscribers with and without deltas get the same."""
    name = channel("delta")
    plain = sdk.client(main).subscribe(name)
    delta = sdk.client(relay).subscribe(name, delta="fossil")
    publish(main, name, range(4))
    check(plain, range(4))
    check(delta, range(4))


def test_after_recovery(main, sdk, channel, relay):
    """Missed ones come as one full and deltas, then deltas go on."""
    name, client = channel("delta"), sdk.client(relay)
    sub = client.subscribe(name, delta="fossil")
    publish(main, name, range(2))
    check(sub, range(2))
    for begin in (2, 6):
        relay.cut(accepts=False)
        client.wait("connecting")
        publish(main, name, range(begin, begin + 3))
        with carried(relay, 1, 2):
            relay.accepts = True
            assert sub.wait("subscribed")["recovered"]
            check(sub, range(begin, begin + 3))
            publish(main, name, [begin + 3])
            check(sub, [begin + 3])


def test_after_nothing_was_missed(main, sdk, channel, relay):
    """The next may be a delta to what the client had before it was cut off."""
    name, client = channel("delta"), sdk.client(relay)
    sub = client.subscribe(name, delta="fossil")
    publish(main, name, [0])
    check(sub, [0])
    relay.cut()
    assert sub.wait("subscribed")["recovered"]
    publish(main, name, [1, 2])
    check(sub, [1, 2])


def test_after_too_much_was_missed(main, sdk, channel, relay):
    name, client = channel("delta"), sdk.client(relay)
    sub = client.subscribe(name, delta="fossil")
    publish(main, name, [0])
    check(sub, [0])
    relay.cut(accepts=False)
    client.wait("connecting")
    publish(main, name, range(1, 13))
    relay.accepts = True
    assert not sub.wait("subscribed")["recovered"]
    publish(main, name, [13, 14])
    check(sub, [13, 14])


def test_subscribed_anew(main, sdk, channel, relay):
    """Whatever comes meanwhile is no base of what comes then."""
    name = channel("delta")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    publish(main, name, [0])
    check(sub, [0])
    for begin in (1, 4):
        sub.unsubscribe()
        sub.wait("unsubscribed")
        publish(main, name, [begin])
        ctx = sub.subscribed()
        publish(main, name, [begin + 1, begin + 2])
        check(sub, range(begin if ctx["recovered"] else begin + 1, begin + 3))


def test_by_the_publisher(main, sdk, channel, relay):
    """Where the namespace does not say so, each publication may."""
    name = channel("askdelta")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    with carried(relay, 4, 5):
        for n, delta in enumerate([False, False, True, True, False, False]):
            main.api.publish(name, document(n), delta=delta)
        check(sub, range(6))


def test_from_clients(main, sdk, channel, relay):
    name = channel("delta")
    client = sdk.client(relay)
    sub = client.subscribe(name, delta="fossil")
    writer = sdk.client(main)
    with carried(relay, 1, 2):
        for n in range(4):
            writer.publish(name, data=document(n))
        check(sub, range(4))


def test_all_kinds_of_payloads(main, sdk, channel, relay):
    """Short ones, equal ones, ones that shrink and grow."""
    name = channel("delta")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    values = [1, 1, "x", document(1), document(1), "", FILLER, {"f": FILLER}, [FILLER, FILLER],
              FILLER[:2000], {}]
    for value in values:
        main.api.publish(name, value)
    assert sub.data(len(values)) == values


def test_outside_of_history(main, sdk, channel, relay):
    """A publication without an offset is no base."""
    name = channel("delta")
    sub = sdk.client(relay).subscribe(name, delta="fossil")
    publish(main, name, [0])
    main.api.publish(name, document(1), skip_history=True)
    publish(main, name, [2, 3])
    got = sub.publications(4)
    assert [p["data"]["n"] for p in got] == [0, 1, 2, 3] and got[3]["data"] == document(3)
    assert [p.get("offset") for p in got] == [1, None, 2, 3]


def test_cut_again_and_again(main, sdk, channel, relay):
    name, client = channel("delta"), sdk.client(relay)
    sub = client.subscribe(name, delta="fossil")
    for n in range(30):
        publish(main, name, [n])
        check(sub, [n])
        if n % 3 == 2:
            relay.cut()
