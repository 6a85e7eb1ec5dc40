# SPDX-License-Identifier: MIT
"""Several commands in a frame, several replies in a frame."""

from rig import pb, tokens


def test_many_commands_in_one_frame(main, channel):
    client, name = main.client(), channel("all")
    client.send({"id": 11, "subscribe": {"channel": name}},
                {"id": 12, "publish": {"channel": name, "data": "x"}},
                {"id": 13, "presence_stats": {"channel": name}},
                {"id": 14, "history": {"channel": name, "limit": 1}},
                {"id": 15, "rpc": {"method": "nosuch"}},
                {"id": 16, "unsubscribe": {"channel": name}})
    client.reply(16)
    order = [m.get("id", "pub") for m in client.inbox]
    assert order == [11, "pub", 12, 13, 14, 15]


def test_connect_and_more_in_one_frame(main, channel):
    client, name = main.open(), channel("plain")
    client.send({"id": 1, "connect": {"token": tokens.conn("u1")}},
                {"id": 2, "subscribe": {"channel": name}},
                {"id": 3, "publish": {"channel": name, "data": 1}})
    assert "connect" in client.reply(1)
    assert client.reply(2) == {"subscribe": {}}
    assert client.reply(3) == {"publish": {}}


def test_commands_before_a_malformed_one_are_executed(main, channel):
    name = channel("plain")
    watcher, client = main.client(), main.client()
    watcher.subscribe(name)
    good = {"id": 7, "publish": {"channel": name, "data": "good"}}
    if client.encoding == "json":
        client.ws.send(client.pack([good]) + "\n{\n" + client.pack([{**good, "id": 8}]))
    else:
        client.ws.send(client.pack([good]) + pb.varint(100) + b"x")
    assert watcher.pub()["data"] == "good"
    assert client.ended() == (3501, "bad request")
    assert watcher.pushes() == []


def test_server_joins_messages(main, channel):
    """A burst reaches a subscriber in fewer frames than messages."""
    name = channel("plain")
    reader, writer = main.client(), main.client()
    reader.subscribe(name)
    reader.frames.clear()
    ids = [writer.next_id() for _ in range(500)]
    writer.send(*({"id": n, "publish": {"channel": name, "data": n}} for n in ids))
    assert [reader.pub()["data"] for _ in ids] == ids
    writer.reply(ids[-1])
    assert len(reader.frames) < 500 and len(writer.frames) < 500


def test_commands_in_many_frames_at_once(main, channel):
    client, name = main.client(), channel("plain")
    frames = []
    ids = [client.next_id() for _ in range(200)]
    for n in ids:
        data = client.pack([{"id": n, "publish": {"channel": name, "data": n}}])
        data = data.encode() if isinstance(data, str) else data
        frames.append(client.ws.frame(2, data))
    client.ws.send_raw(b"".join(frames))
    assert [client.reply(n) for n in ids] == [{"publish": {}}] * 200


def test_replies_follow_command_order(main, channel):
    """Also where commands wait for the engine, and frames arrive meanwhile."""
    client, name = main.client(), channel("all")
    sent = []
    for frame in range(6):
        commands = []
        for i in range(40):
            target = f"{name}-{i}"
            method = ("unsubscribe" if frame % 2 else "subscribe", "presence", "history",
                      "publish")[0 if i % 2 else 1 + i // 2 % 3]
            request = {"channel": target, **({"data": i} if method == "publish" else {})}
            commands.append({"id": client.next_id(), method: request})
        sent += [c["id"] for c in commands]
        client.send(*commands)
    client.fence()
    replies = [m for m in client.inbox if "id" in m]
    assert [m["id"] for m in replies] == sent
    assert not [m for m in replies if "error" in m]


def test_frame_split_over_many_writes(main, channel):
    client, name = main.client(), channel("plain")
    data = client.pack([{"id": 9, "publish": {"channel": name, "data": "x" * 200}}])
    frame = client.ws.frame(2, data.encode() if isinstance(data, str) else data)
    for i in range(0, len(frame), 7):
        client.ws.send_raw(frame[i:i + 7])
    assert client.reply(9) == {"publish": {}}


def test_fragmented_message(main, channel):
    client, name = main.client(), channel("plain")
    data = client.pack([{"id": 9, "publish": {"channel": name, "data": "x" * 200}}])
    data = data.encode() if isinstance(data, str) else data
    client.ws.send(data[:50], 2, fin=False)
    client.ws.send(b"between", 9)       # control frames may come in between
    client.ws.send(data[50:51], 0, fin=False)
    client.ws.send(b"", 0, fin=False)
    client.ws.send(data[51:], 0)
    assert client.reply(9) == {"publish": {}}
