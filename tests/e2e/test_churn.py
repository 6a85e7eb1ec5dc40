# SPDX-License-Identifier: MIT
"""Many connections, coming and going in every possible way."""

import os

from rig import tokens


def rss(server):
    """Resident memory of the daemon, in bytes."""
    with open(f"/proc/{server.process.pid}/statm") as statm:
        return int(statm.read().split()[1]) * os.sysconf("SC_PAGESIZE")


def one_life(server, name, kind):
    client = server.open(("json", "protobuf")[kind % 2])
    if kind % 5 != 4:
        client.connect(token=tokens.conn(f"u{kind}"))
        client.subscribe(name)
    if kind % 3 == 0:
        client.ws.send_close()
        client.ended()
    elif kind % 3 == 1:
        client.ask("history", channel=name, limit=1)    # nobody waits for the reply
    client.close()
    server.opened.remove(client)


def counted(server, name, wanted):
    found = server.api.call("channels", pattern=name)["channels"].get(name, {"num_clients": 0})
    stats = server.api.call("presence_stats", channel=name)["num_clients"]
    return found["num_clients"] == stats == wanted


def test_connections_leave_nothing_behind(start, channel, workers):
    server = start(env={"ROTOR_WORKERS": workers})
    name = channel("all")
    for kind in range(300):
        one_life(server, name, kind)
    server.wait(lambda: counted(server, name, 0), "the end of all subscriptions")
    before = rss(server)
    for kind in range(1500):
        one_life(server, name, kind)
    server.wait(lambda: counted(server, name, 0), "the end of all subscriptions")
    if not server.sanitized():      # a sanitizer keeps freed memory for a while
        assert rss(server) - before < 32 << 20


def test_many_at_once(start, channel, workers):
    server = start(env={"ROTOR_WORKERS": workers})
    name = channel("all")
    clients = [server.client(encoding=("json", "protobuf")[i % 2]) for i in range(400)]
    for client in clients:
        client.subscribe(name)
    assert counted(server, name, 400)
    server.api.publish(name, "to all")
    assert all(client.pub()["data"] == "to all" for client in clients)
    for client in clients[::2]:
        client.close()
    server.wait(lambda: counted(server, name, 200), "the end of half of them")
    server.api.publish(name, "to the rest")
    assert all(client.pub()["data"] == "to the rest" for client in clients[1::2])


def test_many_channels(main, channel):
    name = channel("all")
    client = main.client()
    ids = [client.next_id() for _ in range(128)]
    for _ in range(5):
        client.send(*({"id": n, "subscribe": {"channel": f"{name}-{n}"}} for n in ids))
        client.send(*({"id": n, "unsubscribe": {"channel": f"{name}-{n}"}} for n in ids))
        for n in ids:
            assert "subscribe" in client.reply(n)
        for n in ids:
            assert client.reply(n) == {"unsubscribe": {}}
    assert client.pushes() == []
    assert main.api.call("channels", pattern=name + "*") == {"channels": {}}
