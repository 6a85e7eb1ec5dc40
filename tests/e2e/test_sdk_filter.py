# SPDX-License-Identifier: MIT
"""SDKs: filtering of publications by their tags."""

from rig.relay import Relay


def eq(key, val):
    return {"key": key, "cmp": "eq", "val": val}


def tree(op, *nodes):
    return {"op": op, "nodes": list(nodes)}


TAGS = [{}, {"a": "1"}, {"a": "2"}, {"a": "10", "b": "xyz"}, {"a": "1.50", "b": ""}, {"b": "axz"}]
# A filter, and which of TAGS pass it.
FILTERS = [
    (eq("a", "1"), [1]),
    ({"key": "a", "cmp": "neq", "val": "1"}, [0, 2, 3, 4, 5]),
    ({"key": "a", "cmp": "in", "vals": ["1", "10"]}, [1, 3]),
    ({"key": "a", "cmp": "nin", "vals": ["1", "10"]}, [0, 2, 4, 5]),
    ({"key": "b", "cmp": "ex"}, [3, 4, 5]),
    ({"key": "b", "cmp": "nex"}, [0, 1, 2]),
    ({"key": "b", "cmp": "sw", "val": "x"}, [3]),
    ({"key": "b", "cmp": "ew", "val": "z"}, [3, 5]),
    ({"key": "b", "cmp": "ct", "val": "y"}, [3]),
    ({"key": "a", "cmp": "gt", "val": "1.5"}, [2, 3]),
    ({"key": "a", "cmp": "gte", "val": "1.5"}, [2, 3, 4]),
    ({"key": "a", "cmp": "lt", "val": "2"}, [1, 4]),
    ({"key": "a", "cmp": "lte", "val": "2"}, [1, 2, 4]),
    (tree("and", {"key": "a", "cmp": "gt", "val": "1"}, {"key": "b", "cmp": "ex"}), [3, 4]),
    (tree("or", eq("a", "1"), eq("b", "axz")), [1, 5]),
    (tree("not", eq("a", "1")), [0, 2, 3, 4, 5]),
    (tree("not", tree("or", tree("and", eq("a", "10"), eq("b", "xyz")), eq("a", "2"))), [0, 1, 4, 5]),
]
BAD = [{"key": "a", "cmp": "eq"}, {"key": "a", "cmp": "in"}, tree("and"),
       {"key": "", "cmp": "eq", "val": "1"}]


def test_operators(main, sdk, channel):
    """All filters side by side in one channel; positions are kept up by what is not sent."""
    name = channel("tags")
    subs = [sdk.client(main).subscribe(name, tags_filter=node) for node, _ in FILTERS]
    for i, tags in enumerate(TAGS):
        main.api.publish(name, i, tags=tags)
    main.api.publish(name, "end", tags={"a": "1", "b": "xyz"})
    for sub, (_, passing) in zip(subs, FILTERS):
        assert sub.data(len(passing)) == passing


def test_bad_filters(main, sdk, channel):
    client = sdk.client(main)
    for node in BAD:
        sub = client.subscription(channel("tags"), tags_filter=node).subscribe()
        assert sub.wait("unsubscribed")["code"] == 107, node


def test_where_it_is_not_allowed(main, sdk, channel):
    sub = sdk.client(main).subscription(channel("rec"), tags_filter=eq("a", "1")).subscribe()
    assert sub.wait("unsubscribed")["code"] == 107


def test_change(main, sdk, channel):
    """Another filter counts from the next subscribing on."""
    name = channel("tags")
    sub = sdk.client(main).subscribe(name, tags_filter=eq("a", "1"))
    main.api.publish(name, 1, tags={"a": "1"})
    assert sub.data(1) == [1]
    sub.set_tags_filter(eq("a", "2"))
    sub.unsubscribe()
    sub.wait("unsubscribed")
    sub.subscribed()
    for a in ("1", "2"):
        main.api.publish(name, a, tags={"a": a})
    assert sub.data(1) == ["2"]


def test_recovery(main, sdk, channel):
    """Only what passes is recovered, and what does not pass is no gap."""
    name = channel("tags")
    with Relay(main.address) as relay:
        client = sdk.client(relay)
        sub = client.subscribe(name, tags_filter=eq("a", "1"))
        main.api.publish(name, 0, tags={"a": "1"})
        assert sub.data(1) == [0]
        relay.cut(accepts=False)
        client.wait("connecting")
        for i in range(1, 7):
            main.api.publish(name, i, tags={"a": str(i % 2)})
        relay.accepts = True
        assert sub.wait("subscribed")["recovered"]
        assert sub.data(3) == [1, 3, 5]
        for i in (7, 8, 9):
            main.api.publish(name, i, tags={"a": str(i % 2)})
        assert sub.publications(2) == [
            {"data": i, "offset": i + 1, "tags": {"a": "1"}} for i in (7, 9)]
