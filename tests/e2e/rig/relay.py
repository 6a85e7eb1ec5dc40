# SPDX-License-Identifier: MIT
"""A TCP relay whose connections can be cut, as a network does."""

import asyncio


class Relay:
    def __init__(self, target):
        self.target = target
        self.up = True
        self.writers = set()

    async def __aenter__(self):
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self.server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_):
        self.cut()
        self.server.close()

    def cut(self):
        """Resets what is open."""
        for writer in list(self.writers):
            writer.transport.abort()

    async def _accept(self, reader, writer):
        if not self.up:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, back}
        await asyncio.gather(self._pump(reader, back), self._pump(there, writer))
        self.writers -= {writer, back}

    @staticmethod
    async def _pump(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        writer.close()
