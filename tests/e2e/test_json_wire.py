# SPDX-License-Identifier: MIT
"""The JSON text itself: key order, zero values, escapes, raw payloads."""

import json

from rig import tokens


def text(client, command):
    """The frame that one command is answered with, as text."""
    client.ws.send(command)
    return client.ws.recv()[1].decode()


def test_connect(plain):
    client = plain.open()
    got = text(client, '{"id":1,"connect":{}}')
    reply = json.loads(got)
    ids = {k: reply["connect"][k] for k in ("client", "version")}
    assert got == '{"id":1,"connect":{"client":"%s","version":"%s","ping":25,"pong":true}}' % (
        ids["client"], ids["version"])


def test_key_order_of_connect(plain, channel):
    a = channel("rec")
    client = plain.open()
    got = text(client, json.dumps({"id": 1, "connect": {
        "token": tokens.conn("u1", ttl=50, channels=[a])}}))
    assert list(json.loads(got)["connect"]) == ["client", "version", "expires", "ttl", "subs",
                                                "ping", "pong"]


def test_simple_replies(plain, channel):
    client = plain.client()
    assert text(client, '{"id":2,"unsubscribe":{"channel":"zzz"}}') == '{"id":2,"unsubscribe":{}}'
    assert text(client, '{"id":3,"rpc":{"method":"ping"}}') == '{"id":3,"rpc":{}}'
    assert text(client, '{"id":4,"subscribe":{"channel":"nosuch:1"}}') == \
        '{"id":4,"error":{"code":102,"message":"unknown channel"}}'
    assert text(client, '{"id":4294967295,"presence":{"channel":"all:nobody"}}') == \
        '{"id":4294967295,"presence":{"presence":{}}}'
    assert text(client, '{"id":6,"presence_stats":{"channel":"all:nobody"}}') == \
        '{"id":6,"presence_stats":{"num_clients":0,"num_users":0}}'


def test_publication(plain, channel):
    name = channel("rec")
    client = plain.client()
    epoch = client.subscribe(name)["epoch"]
    plain.api.publish(name, {"a": 1}, tags={"k": "v"})
    assert client.ws.recv()[1].decode() == (
        '{"push":{"channel":"%s","pub":{"data":{"a": 1},"offset":1,"tags":{"k":"v"},"epoch":"%s"}}}'
        % (name, epoch))
    client.ws.send('{"id":7,"publish":{"channel":"%s","data":[1 , 2]}}' % name)
    assert client.ws.recv()[1].decode().split("\n")[0] == (
        '{"push":{"channel":"%s","pub":{"data":[1 , 2],"info":{"user":"","client":"%s"},"offset":2}}}'
        % (name, client.id))


def test_payloads_keep_their_bytes(plain, channel):
    """All but line ends, which separate messages."""
    name = channel("plain")
    client = plain.client()
    client.subscribe(name)
    for sent, got in (
            ('{"b" : 1.50 ,"a":"\\u00e9\\/"}', '{"b" : 1.50 ,"a":"\\u00e9\\/"}'),
            ('1E+2', '1E+2'), ('"<&>"', '"<&>"'), ('{"a":1,"a":2}', '{"a":1,"a":2}'),
            ('12345678901234567890123', '12345678901234567890123'),
            ('[1,\n2]', '[1,2]'), ('null', 'null')):
        res = plain.api.post("publish", '{"channel":"%s","data":%s}' % (name, sent))
        assert res.json == {"result": {}}
        frame = client.ws.recv()[1].decode()
        assert frame == '{"push":{"channel":"%s","pub":{"data":%s}}}' % (name, got)


def test_string_escapes(plain, channel):
    name = channel("plain") + "<&>'\"\\\t\x01\x7f"
    client = plain.client()
    client.subscribe(name)
    plain.api.publish(name, {}, tags={"<k>": "é\u2028\u2029&\n\r"})
    escaped = name[:-9] + "\\u003c\\u0026\\u003e'\\\"\\\\\\t\\u0001\x7f"
    assert client.ws.recv()[1].decode() == (
        '{"push":{"channel":"%s","pub":{"data":{},"tags":{"\\u003ck\\u003e":'
        '"é\\u2028\\u2029\\u0026\\n\\r"}}}}'
        % escaped)


def test_history(plain, channel):
    name = channel("all")
    client = plain.client()
    plain.api.publish(name, {"a": 1})
    got = text(client, '{"id":2,"history":{"channel":"%s","limit":1}}' % name)
    epoch = json.loads(got)["history"]["epoch"]
    assert got == ('{"id":2,"history":{"publications":[{"data":{"a": 1},"offset":1,"epoch":"%s"}],'
                   '"epoch":"%s","offset":1}}' % (epoch, epoch))
    assert text(client, '{"id":3,"history":{"channel":"%s"}}' % name) == \
        '{"id":3,"history":{"publications":[],"epoch":"%s","offset":1}}' % epoch


def test_recovered(plain, channel):
    name = channel("rec")
    plain.api.publish(name, 1)
    epoch = plain.api.publish(name, 2)["epoch"]
    got = text(plain.client(), '{"id":2,"subscribe":{"channel":"%s","recover":true,"offset":1,'
               '"epoch":"%s"}}' % (name, epoch))
    assert got == ('{"id":2,"subscribe":{"recoverable":true,"epoch":"%s","publications":'
                   '[{"data":2,"offset":2}],"recovered":true,"offset":1,"positioned":true,'
                   '"was_recovering":true}}' % epoch)


def test_join(plain, channel):
    name = channel("jl")
    client = plain.client(tokens.conn("u1", info={"n": 1}))
    client.ws.send('{"id":2,"subscribe":{"channel":"%s"}}' % name)
    lines = client.ws.recv()[1].decode().split("\n")
    if len(lines) == 1:
        lines += client.ws.recv()[1].decode().split("\n")
    assert lines == ['{"id":2,"subscribe":{}}',
                     '{"push":{"channel":"%s","join":{"info":{"user":"u1","client":"%s",'
                     '"conn_info":{"n":1}}}}}'
                     % (name, client.id)]
