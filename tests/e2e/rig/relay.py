# SPDX-License-Identifier: MIT
"""A TCP relay whose connections can be cut or held, as a network does it.  Its loop
runs in a thread of its own; all methods are for the test's thread."""

import asyncio
import threading

UP, DOWN = "up", "down"     # to the server, to the client


class Relay:
    def __init__(self, target):
        self.target = target
        self.accepts = True     # False: whoever connects is turned away
        self.received = 0       # bytes that went to clients
        self.writers = set()
        self.loop = asyncio.new_event_loop()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)

    def __enter__(self):
        self.thread.start()
        self.address = self._run(self._listen())
        return self

    def __exit__(self, *_):
        self._run(self._close())
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()

    def cut(self, accepts=True):
        """Resets what is open, and from now on accepts connections or not."""
        self._run(self._cut(accepts))

    def hold(self, way):
        """Keeps back all that goes this way, until release()."""
        self._run(self._set(way, False))

    def release(self, way):
        self._run(self._set(way, True))

    # On the loop

    def _run(self, coroutine):
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result()

    async def _listen(self):
        self.open = {UP: asyncio.Event(), DOWN: asyncio.Event()}
        for event in self.open.values():
            event.set()
        self.server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self.server.sockets[0].getsockname()[:2]

    async def _close(self):
        await self._cut(False)
        self.server.close()
        tasks = asyncio.all_tasks() - {asyncio.current_task()}
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _cut(self, accepts):
        self.accepts = accepts
        for writer in list(self.writers):
            writer.transport.abort()

    async def _set(self, way, is_open):
        (self.open[way].set if is_open else self.open[way].clear)()

    async def _accept(self, reader, writer):
        if not self.accepts:
            writer.transport.abort()
            return
        try:
            there, back = await asyncio.open_connection(*self.target)
        except OSError:
            writer.transport.abort()
            return
        self.writers |= {writer, back}
        if not self.accepts:    # cut meanwhile
            await self._cut(False)
        await asyncio.gather(self._pump(reader, back, UP), self._pump(there, writer, DOWN))
        self.writers -= {writer, back}

    async def _pump(self, reader, writer, way):
        try:
            while data := await reader.read(65536):
                await self.open[way].wait()
                self.received += len(data) if way == DOWN else 0
                writer.write(data)
                await writer.drain()
        except (ConnectionError, OSError):
            pass
        writer.close()
