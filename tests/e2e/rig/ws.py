# SPDX-License-Identifier: MIT
"""A WebSocket client that can misbehave: every frame is built by hand."""

import base64
import os
import socket
import struct
import time
import zlib

TEXT, BINARY, CLOSE, PING, PONG = 1, 2, 8, 9, 10
CONTINUATION = 0
DEADLINE = float(os.environ.get("ROTOR_E2E_DEADLINE", "30"))  # s, for anything awaited


class Refused(Exception):
    """The upgrade was answered with something other than 101."""

    def __init__(self, status, headers, body):
        super().__init__(f"upgrade answered {status}")
        self.status, self.headers, self.body = status, headers, body


class Closed(Exception):
    """The connection ended; code is None when it was dropped without a Close."""

    def __init__(self, code, reason=""):
        super().__init__(f"closed: {code} {reason}")
        self.code, self.reason = code, reason


def read_head(sock, buf):
    """Reads a response head; returns status, headers (lower-case names), the rest."""
    while b"\r\n\r\n" not in buf:
        data = sock.recv(65536)
        if not data:
            raise Closed(None, "closed before the response")
        buf += data
    head, rest = bytes(buf).split(b"\r\n\r\n", 1)
    lines = head.decode("latin-1").split("\r\n")
    pairs = (line.split(":", 1) for line in lines[1:])
    return int(lines[0].split(" ")[1]), {k.strip().lower(): v.strip() for k, v in pairs}, rest


def open_socket(address, timeout=DEADLINE):
    """`address` is (host, port), or the path of a unix socket."""
    if isinstance(address, tuple):
        sock = socket.create_connection(address, timeout)
        sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return sock
    sock = socket.socket(socket.AF_UNIX)
    sock.settimeout(timeout)
    sock.connect(str(address))
    return sock


class WebSocket:
    """One connection.  Pings of the peer are answered unless auto_pong is off."""

    def __init__(self, address, path="/connection/websocket", *, subprotocols=(), headers=(),
                 deflate=False, auto_pong=True, sock=None):
        self.sock = sock or open_socket(address)
        self.auto_pong = auto_pong
        self.pings = 0
        self.messages = []      # whole messages received, as (opcode, payload)
        self.parts = b""
        self.parts_opcode = None
        self.parts_deflated = False
        self.close_sent = False
        key = base64.b64encode(os.urandom(16)).decode()
        lines = [f"GET {path} HTTP/1.1", "Host: rotor.test", "Upgrade: websocket",
                 "Connection: Upgrade", f"Sec-WebSocket-Key: {key}", "Sec-WebSocket-Version: 13"]
        if subprotocols:
            lines.append("Sec-WebSocket-Protocol: " + ", ".join(subprotocols))
        if deflate:
            lines.append("Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits")
        lines += [f"{name}: {value}" for name, value in dict(headers).items()]
        self.sock.sendall("\r\n".join(lines).encode() + b"\r\n\r\n")
        self.status, self.headers, rest = read_head(self.sock, bytearray())
        self.buf = bytearray(rest)
        if self.status != 101:
            body = self._body()
            self.sock.close()
            raise Refused(self.status, self.headers, body)
        self._set_deflate(self.headers.get("sec-websocket-extensions", ""))

    def _set_deflate(self, answer):
        parts = [part.strip() for part in answer.split(";")]
        self.deflate = parts[0] == "permessage-deflate"
        options = dict(part.partition("=")[::2] for part in parts[1:])
        self.window = -int(options.get("client_max_window_bits") or 15)
        self.fresh_inflater = "server_no_context_takeover" in options
        self.inflater = zlib.decompressobj(-15)

    def _inflate(self, data):
        if self.fresh_inflater:
            self.inflater = zlib.decompressobj(-15)
        return self.inflater.decompress(data + b"\0\0\xff\xff")

    def _body(self):
        want = int(self.headers.get("content-length", 0))
        while len(self.buf) < want:
            data = self.sock.recv(65536)
            if not data:
                break
            self.buf += data
        return bytes(self.buf[:want])

    # Sending

    @staticmethod
    def frame(opcode, payload, *, fin=True, mask=True, rsv=0):
        head = bytearray([(0x80 if fin else 0) | rsv << 4 | opcode])
        bit = 0x80 if mask else 0
        if len(payload) < 126:
            head.append(bit | len(payload))
        elif len(payload) < 65536:
            head += bytes([bit | 126]) + struct.pack(">H", len(payload))
        else:
            head += bytes([bit | 127]) + struct.pack(">Q", len(payload))
        if not mask:
            return bytes(head) + payload
        key = os.urandom(4)
        stream = int.from_bytes(key * (len(payload) // 4 + 1), "big") >> 8 * (4 - len(payload) % 4)
        masked = int.from_bytes(payload, "big") ^ stream
        return bytes(head) + key + masked.to_bytes(len(payload), "big")

    def send_raw(self, data):
        self.sock.sendall(data)

    def send(self, payload, opcode=None, compress=False, **kw):
        if opcode is None:
            opcode = TEXT if isinstance(payload, str) else BINARY
        data = payload.encode() if isinstance(payload, str) else bytes(payload)
        if compress:
            packer = zlib.compressobj(9, zlib.DEFLATED, self.window)
            data = (packer.compress(data) + packer.flush(zlib.Z_SYNC_FLUSH))[:-4]
            kw["rsv"] = 4
        self.send_raw(self.frame(opcode, data, **kw))

    def send_close(self, code=1000, reason=""):
        self.close_sent = True
        self.send(struct.pack(">H", code) + reason.encode(), CLOSE)

    # Receiving

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("nothing received in time")
        self.sock.settimeout(left)
        try:
            data = self.sock.recv(262144)
        except ConnectionError as e:
            raise Closed(None, str(e)) from e
        except TimeoutError as e:
            raise TimeoutError("nothing received in time") from e
        if not data:
            raise Closed(None, "dropped")
        self.buf += data

    def _take_frame(self):
        """One frame from the buffer, or None: (fin, rsv, opcode, payload)."""
        buf = self.buf
        if len(buf) < 2:
            return None
        assert not buf[1] & 0x80, "a server must not mask"
        length, start = buf[1] & 0x7F, 2
        if length >= 126:
            size = 2 if length == 126 else 8
            start = 2 + size
            if len(buf) < start:
                return None
            length = int.from_bytes(buf[2:start], "big")
        if len(buf) < start + length:
            return None
        payload = bytes(buf[start:start + length])
        first = buf[0]
        del buf[:start + length]
        return first >> 7, first >> 4 & 7, first & 15, payload

    def _control(self, opcode, payload):
        if opcode == PING:
            self.pings += 1
            if self.auto_pong:
                self.send(payload, PONG)
        elif opcode == CLOSE:
            if not self.close_sent:
                self.close_sent = True
                try:
                    self.send(payload, CLOSE)
                except OSError:
                    pass
            code = int.from_bytes(payload[:2], "big") if payload else 1005
            raise Closed(code, payload[2:].decode())

    def _data(self, fin, rsv, opcode, payload):
        if opcode != CONTINUATION:
            self.parts, self.parts_opcode, self.parts_deflated = b"", opcode, bool(rsv & 4)
        self.parts += payload
        if fin:
            if self.parts_deflated:
                self.parts = self._inflate(self.parts)
            self.messages.append((self.parts_opcode, self.parts))

    def recv(self, timeout=DEADLINE):
        """The next message as (opcode, payload); raises Closed or TimeoutError."""
        deadline = time.monotonic() + timeout
        while not self.messages:
            frame = self._take_frame()
            if frame is None:
                self._fill(deadline)
            elif frame[2] >= CLOSE:
                self._control(frame[2], frame[3])
            else:
                self._data(*frame)
        return self.messages.pop(0)

    def wait_closed(self, timeout=DEADLINE):
        """Reads until the end and returns (code, reason)."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.recv(deadline - time.monotonic())
        except Closed as end:
            return end.code, end.reason

    def wait_dropped(self, timeout=DEADLINE):
        """Waits until the TCP connection is gone, without answering anything."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self._fill(deadline)
        except Closed:
            return

    def close(self):
        """Leaves as a process that dies does: without a Close."""
        self.sock.close()
