# SPDX-License-Identifier: MIT
"""What Rotor takes for HTTP messages is what two strict parsers take for them: Node's own
server (llhttp) and h11.

Thousands of streams of messages, right ones, wrong ones of every kind and ones with bytes
changed at random, are sent to all three.  Each message has a target that the server tells
back, so that what was seen of a stream is a list of messages, in which the end of one is the
start of the next.  Rotor may stop earlier than both others do, for the reasons in STRICTER;
it must never go on where both stop, nor see other messages.
"""

import asyncio
import base64
import json
import random
import re

import h11
import pytest

from conftest import rotor_only
from rig import node
from rig.config import main as main_config
from rig.ws import DEADLINE

pytestmark = rotor_only

N_OF_A_KIND = 30
N_MUTATED = 2500
SEED = 9112
ANY = "?"

BODY = b"0123456789\r\n"


def get(k, *fields, version=b"1.1", method=b"GET", target=None, host=b"Host: x\r\n"):
    return b"%s %s HTTP/%s\r\n%s%s\r\n" % (method, target or b"//n%d" % k, version, host, b"".join(fields))


def post(k, *fields, **kw):
    return get(k, *fields, b"Content-Length: 12\r\n", method=b"POST", **kw) + BODY


def chunked(k, body, *fields, te=b"chunked", **kw):
    return get(k, *fields, b"Transfer-Encoding: %s\r\n" % te, method=b"POST", **kw) + body


def chunks(r, ext=b"", end=b"\r\n"):
    data = b"".join(b"%x%s\r\n%s%s" % (n, ext, b"d" * n, end) for n in (r.randrange(1, 40) for _ in range(3)))
    return data + b"0\r\n\r\n"


# One message of each kind: right ones, and wrong ones as attackers send them.
KINDS = {
    "get": lambda r, k: get(k),
    "post": lambda r, k: post(k),
    "length-0": lambda r, k: get(k, b"Content-Length: 0\r\n", method=b"POST"),
    "length-leading-zeros": lambda r, k: get(k, b"Content-Length: 00012\r\n", method=b"POST") + BODY,
    "length-long": lambda r, k: get(k, b"Content-Length: %s12\r\n" % (b"0" * r.randrange(10, 40)), method=b"POST") + BODY,
    "length-wrong": lambda r, k: get(k, b"Content-Length: %s\r\n" % r.choice(
        (b"+12", b"-12", b"0x0c", b"1 2", b"12;", b"12,12", b"12, 12", b"", b"twelve", b"12.0", b"1e1", b"\x0b12",
         b"12\x0c", b"12 12", b"9" * 30)), method=b"POST") + BODY,
    "length-twice": lambda r, k: post(k, b"Content-Length: %d\r\n" % r.choice((12, 5, 0))),
    "chunked": lambda r, k: chunked(k, chunks(r)),
    "chunked-case": lambda r, k: chunked(k, chunks(r), te=r.choice((b"Chunked", b"CHUNKED", b" chunked\t"))),
    "chunked-extension": lambda r, k: chunked(k, chunks(r, r.choice((b";a", b";a=b", b";a=\"b c\"", b";a;b=c", b";a=b;c")))),
    "chunked-extension-wrong": lambda r, k: chunked(k, chunks(r, r.choice((
        b" ", b"\t", b" ;a", b"; a", b";", b";;a", b";a=", b";a =b", b";a= b", b" x", b";a\x00", b";a\rb", b";a\n", b"\r",
        b";a=\"b", b";a=\"\x01\"", b",", b";\x7f")))),
    "chunked-data-end": lambda r, k: chunked(k, chunks(r, end=r.choice((b"\n", b"\r", b"", b"\r\r\n", b"X\r\n", b"\n\n")))),
    "chunked-size-wrong": lambda r, k: chunked(k, r.choice((
        b"-1", b"+1", b"0x1", b" 1", b"1 ", b"g", b"", b"1_0", b"f" * 16, b"1" + b"0" * 20)) + b"\r\nd\r\n0\r\n\r\n"),
    "chunked-size-lf": lambda r, k: chunked(k, b"2\nab\r\n0\r\n\r\n"),
    "chunked-zeros": lambda r, k: chunked(k, b"2\r\nab\r\n%s\r\n\r\n" % (b"0" * r.randrange(1, 12))),
    "chunked-last": lambda r, k: chunked(k, b"2\r\nab\r\n" + r.choice((b"0\n\r\n", b"0\r\n\n", b"0\n\n", b"0\r\r\n", b"0 \r\n\r\n", b"\r\n"))),
    "trailers": lambda r, k: chunked(k, b"2\r\nab\r\n0\r\nA: b\r\nC:d \r\n\r\n", b"Trailer: A\r\n"),
    "trailers-forbidden": lambda r, k: chunked(k, b"2\r\nab\r\n0\r\nContent-Length: 50\r\n\r\n"),
    "trailers-wrong": lambda r, k: chunked(k, b"2\r\nab\r\n0\r\n" + r.choice((
        b"A", b"A : b", b" A: b", b": b", b"A: b\n", b"A: b\rc", b"A\x00: b", b"A: b\x00", b"A: b\r\n c")) + b"\r\n\r\n"),
    "transfer-encoding": lambda r, k: chunked(k, chunks(r), te=r.choice((
        b"gzip", b"identity", b"gzip, chunked", b"chunked, gzip", b"chunked, chunked", b"chunked,", b",chunked",
        b"xchunked", b"chunkedx", b"chunked;q=1", b"\"chunked\"", b"\x0bchunked", b"chun ked", b""))),
    "transfer-encoding-twice": lambda r, k: chunked(k, chunks(r), b"Transfer-Encoding: %s\r\n" % r.choice((b"chunked", b"gzip", b""))),
    "both-lengths": lambda r, k: chunked(k, chunks(r), b"Content-Length: %d\r\n" % r.choice((0, 5, 100))),
    "both-lengths-after": lambda r, k: get(k, b"Transfer-Encoding: chunked\r\n", b"Content-Length: 5\r\n", method=b"POST") + chunks(r),
    "te-name": lambda r, k: get(k, r.choice((
        b"Transfer-Encoding : chunked\r\n", b"Transfer_Encoding: chunked\r\n", b" Transfer-Encoding: chunked\r\n",
        b"X: y\r\n Transfer-Encoding: chunked\r\n", b"X: y\nTransfer-Encoding: chunked\r\n", b"Transfer-Encoding\t: chunked\r\n",
        b"X: y\rTransfer-Encoding: chunked\r\n", b"\x00Transfer-Encoding: chunked\r\n")), method=b"POST") + chunks(r),
    "chunked-1.0": lambda r, k: chunked(k, chunks(r), version=b"1.0"),
    "old": lambda r, k: post(k, version=b"1.0"),
    "old-kept": lambda r, k: post(k, b"Connection: keep-alive\r\n", version=b"1.0"),
    "close": lambda r, k: get(k, b"Connection: %s\r\n" % r.choice((b"close", b"Close", b"x, close", b"close, keep-alive"))),
    "host": lambda r, k: get(k, host=b"Host: %s\r\n" % r.choice((
        b"a.example", b"a.example:8000", b"[::1]:80", b"127.0.0.1", b"", b"a_b", b"%41", b"a:"))),
    "host-wrong": lambda r, k: get(k, host=b"Host: %s\r\n" % r.choice((
        b"a b", b"a/b", b"a@b", b"a,b", b"[::1", b"a:b:c", b"::1", b"a?b", b"a#b", b"%zz", b"\xe4", b"a:99999", b"a\x00"))),
    "host-none": lambda r, k: get(k, host=b""),
    "host-twice": lambda r, k: get(k, b"Host: %s\r\n" % r.choice((b"x", b"y"))),
    "field": lambda r, k: get(k, r.choice((
        b"A:\r\n", b"A:b\r\n", b"A: \t b \r\n", b"A: \xe4\xff\r\n", b"!#$%&'*+-.^_`|~: x\r\n", b"A: (a) \"b\" <c>\r\n"))),
    "field-wrong": lambda r, k: get(k, r.choice((
        b"A\r\n", b": b\r\n", b"A : b\r\n", b"A\xe4: b\r\n", b"A(: b\r\n", b"A: \x00\r\n", b"A: b\x7f\r\n", b"A: b\x01\r\n",
        b"A: b\rC: d\r\n", b"A: b\nC: d\r\n", b"A: b\r\r\n", b"\r: b\r\n", b"A: b\r\n c\r\n", b"A: b\r\n\tc\r\n", b" A: b\r\n"))),
    "bare-lf": lambda r, k: get(k).replace(b"\r\n", b"\n"),
    "bare-lf-once": lambda r, k: r.choice((get(k).replace(b"\r\n", b"\n", 1), get(k)[:-2] + b"\n")),
    "bare-cr": lambda r, k: get(k).replace(b"\r\n", b"\r"),
    "empty-lines": lambda r, k: b"\r\n" * r.randrange(1, 4) + get(k),
    "empty-lines-wrong": lambda r, k: r.choice((b"\n", b"\r", b"\r\r\n", b" \r\n", b"\n\r", b"\x00")) + get(k),
    "request-line": lambda r, k: r.choice((
        b"GET  //n%d HTTP/1.1", b"GET\t//n%d HTTP/1.1", b" GET //n%d HTTP/1.1", b"GET //n%d  HTTP/1.1", b"GET //n%d HTTP/1.1 ",
        b"GET //n%d", b"GET //n%d HTTP", b"GET //n%d HTTP/1", b"GET //n%d HTTP/1.10", b"GET //n%d HTTP/01.1",
        b"GET //n%d http/1.1", b"GET //n%d HTTP/2.0", b"GET //n%d HTTP/1.2", b"GET //n%d HTTP/0.9", b"GET //n%d HTTP/1.1\r",
        b"GET //n%d JUNK/1.1", b"G\x00T //n%d HTTP/1.1", b"G(T //n%d HTTP/1.1", b"get //n%d HTTP/1.1", b"GET //n%d HTTP/1,1",
        b"GET //n%d\x0bHTTP/1.1")) % k + b"\r\nHost: x\r\n\r\n",
    "target": lambda r, k: get(k, target=r.choice((
        b"//n%d?a=b&c", b"//n%d/%%2f%%20", b"//n%d?{|}[]^`\\", b"http://x//n%d", b"http://[::1]:80//n%d?q", b"HTTPS://y//n%d")) % k),
    "target-wrong": lambda r, k: get(k, target=r.choice((
        b"n%d", b"x:80/n%d", b"//n%d\x00", b"//n%d\xe4", b"//n%d#a", b"http:////n%d", b"http://a@x//n%d", b"ftp://x//n%d",
        b"//n%d\x7f", b"//n%d\rX", b"?n%d", b"*n%d")) % k),
    "target-asterisk": lambda r, k: get(k, target=b"*", method=r.choice((b"OPTIONS", b"GET"))),
    "methods": lambda r, k: get(k, method=r.choice((b"HEAD", b"PUT", b"DELETE", b"OPTIONS", b"PATCH", b"TRACE"))),
    "connect": lambda r, k: get(k, method=b"CONNECT", target=r.choice((b"x:80", b"//n%d" % k))),
    "expect": lambda r, k: post(k, b"Expect: %s\r\n" % r.choice((b"100-continue", b"100-Continue", b"more"))),
}

# At which one of the two always stops: nothing would be left to tell what Rotor does of a
# second fault.
DISPUTED = ("empty-lines", "empty-lines-wrong", "old-kept", "trailers-forbidden")

# Why Rotor stops where both others go on: a pattern of the stream, and the reason.
STRICTER = [
    (rb"\r\nHost:(?![ \t]*(\[[0-9a-f:.]+\]|([!$&-*+.0-9;=A-Z_a-z~-]|%[0-9A-Fa-f]{2})*)(:\d{0,4}|:[1-5]\d{4})?[ \t]*\r\n)"
     rb"|\r\nHost:[^\r]*,", "a Host that is none, or two (RFC 9112 3.2)"),
    (rb" /[^ ?\r\n]*%(?!(?!00)[0-9A-Fa-f]{2})", "a path that cannot be decoded, or has a NUL"),
    (rb"#[^\r\n]* HTTP/", "a fragment, which is no part of a target (RFC 9112 3.2)"),
    (rb"\n[A-Z]+ \*", "an asterisk that is no OPTIONS (RFC 9112 3.2.4)"),
    (rb"(?i)://[^/ ]*@|[ ]https?:///|[ ](?!https?:)[a-z]+://",
     "a target with a user, without a host or of another scheme (RFC 9110 4.2.1, 4.2.4)"),
    (rb" HTTP/(?!1\.[01]\r)", "a version that is another protocol"),
    (rb"(?i)\nexpect:", "an expectation is met or refused before the body (RFC 9110 10.1.1)"),
    (rb"(?i)\ncontent-length:[ \t]*\d{19}", "a length that nobody can mean"),
    (rb"\n[0-9A-Fa-f]+(?!(;%(t)s(=(%(t)s|\"[^\"\0-\x08\n-\x1f\x7f]*\"))?)*\r\n)[; ]" % {b"t": rb"[!#-'*+.0-9A-Z^-z|~-]+"},
     "an extension of a chunk that is none (RFC 9112 7.1.1)"),
    (rb"(?is) HTTP/1\.0\r\n.*\ntransfer-encoding:", "chunks in HTTP/1.0, where nobody expects them (RFC 9112 6.1)"),
]


def streams():
    """(kind, stream) each: the message between two right ones, which tell its end."""
    r = random.Random(SEED)
    for kind, make in KINDS.items():
        for _ in range(N_OF_A_KIND):
            yield kind, get(1) + make(r, 2) + get(3) + post(4)
    for _ in range(N_MUTATED):
        kind = r.choice([kind for kind in KINDS if kind not in DISPUTED])
        yield f"{kind}, mutated", get(1) + mutate(r, KINDS[kind](r, 2)) + get(3) + post(4)


def mutate(r, data):
    data = bytearray(data)
    for _ in range(r.choice((1, 1, 1, 2, 4))):
        at = r.randrange(len(data))
        byte = r.choice((r.randrange(256), *b"\r\n\r\n \t:;,\0/=\"0"))
        how = r.randrange(4)
        if how == 0:
            data[at] = byte
        elif how == 1:
            data.insert(at, byte)
        elif how == 2 and len(data) > 1:
            del data[at]
        else:
            data[at:at] = data[r.randrange(len(data)):][:r.randrange(1, 12)]
    return bytes(data)


def name(target):
    """What is told of a target, however it is told; ANY when too little is left of it."""
    found = re.search(r"n\d+", target)
    return found[0] if found else ANY


def seen_by_h11(stream):
    conn, seen, target = h11.Connection(h11.SERVER), [], None
    conn.receive_data(stream)
    try:
        while (event := conn.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Request):
                target = event.target.decode("latin-1")
            elif isinstance(event, h11.EndOfMessage):
                seen.append(name(target))
                conn.send(h11.Response(status_code=404, headers=[("Content-Length", "0")]))
                conn.send(h11.EndOfMessage())
                if conn.our_state is h11.MUST_CLOSE:
                    break
                conn.start_next_cycle()
    except h11.RemoteProtocolError:
        pass
    return seen


def seen_by_node(all_streams, directory):
    path = directory / "streams.json"
    path.write_text(json.dumps([base64.b64encode(s).decode() for s in all_streams]))
    return [[name(t) for t in seen] for seen in json.loads(node.run("http_seen.mjs", str(path)))]


def told(answers):
    """The targets that Rotor's answers tell: those of redirects."""
    seen = []
    for head in re.finditer(rb"HTTP/1\.1 (\d+) [^\r]*\r\n(.*?)\r\n\r\n", answers, re.S):
        place = re.search(rb"Location: ([^\r]*)", head[2])
        if place or head[1] in (b"200", b"404"):
            seen.append(name(place[1].decode("latin-1")) if place else ANY)
    return seen


async def ask_rotor(address, all_streams):
    gate = asyncio.Semaphore(20)

    async def one(stream):
        async with gate:
            reader, writer = await asyncio.open_connection(*address)
            try:
                writer.write(stream)
                writer.write_eof()
                return told(await asyncio.wait_for(reader.read(-1), 3 * DEADLINE))
            except ConnectionResetError:
                return "reset"
            finally:
                writer.close()
    return await asyncio.gather(*map(one, all_streams))


def reason(stream):
    return next((why for pattern, why in STRICTER if re.search(pattern, stream)), None)


def begins(short, long):
    return len(short) <= len(long) and all(a == b or ANY in (a, b) for a, b in zip(short, long))


@pytest.mark.skipif(node.missing() is not None, reason=str(node.missing()))
def test_as_two_strict_parsers(start, tmp_path):
    server = start(main_config())
    cases = list(streams())
    data = [stream for _, stream in cases]
    theirs = zip(seen_by_node(data, tmp_path), map(seen_by_h11, data))
    ours = asyncio.run(ask_rotor(server.address, data))
    wrong, alike = [], 0
    for (kind, stream), (llhttp, h11_), rotor in zip(cases, theirs, ours):
        if not begins(rotor, llhttp) and not begins(rotor, h11_):
            wrong.append(("goes on, or sees others", kind, stream, rotor, llhttp, h11_))
        elif len(rotor) < min(len(llhttp), len(h11_)) and reason(stream) is None:
            wrong.append(("stops for no reason", kind, stream, rotor, llhttp, h11_))
        alike += len(rotor) in (len(llhttp), len(h11_))
    assert not wrong, "%d of %d:\n%s" % (len(wrong), len(cases), "\n".join(map(str, wrong[:20])))
    assert alike > len(cases) * 0.9     # and they do not all see nothing


def test_right_messages_are_seen(start):
    """Of the kinds that are right, all four messages."""
    server = start(main_config())
    right = ["get", "post", "length-0", "length-leading-zeros", "chunked", "chunked-case", "chunked-extension",
             "chunked-zeros", "trailers", "trailers-forbidden", "old-kept", "host", "field", "empty-lines", "target",
             "methods"]
    data = [stream for kind, stream in streams() if kind in right]
    assert set(map(tuple, asyncio.run(ask_rotor(server.address, data)))) == {("n1", "n2", "n3", "n4")}
