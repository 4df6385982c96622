"""A TCP proxy on loopback that breaks the links it carries, as a bad network would."""

import asyncio
import contextlib
import socket
import struct
from typing import Final

from tests.support import free_port

HOST: Final = "127.0.0.1"
TO_SERVER: Final = "to server"
TO_CLIENT: Final = "to client"
_CHUNK_BYTES: Final = 4096
_RESET: Final = struct.pack("ii", 1, 0)
"""The socket option SO_LINGER, on and without patience: closing resets the link."""


class Link:
    """One client's connection and the one to the server that belongs to it."""

    def __init__(self, client: asyncio.StreamWriter, server: asyncio.StreamWriter) -> None:
        """Both are open."""
        self.forgotten = self.to_cut = False
        self._writers = (client, server)

    def reset(self) -> None:
        """Ends both sides at once, without a farewell."""
        for writer in self._writers:
            connection = writer.get_extra_info("socket")
            with contextlib.suppress(OSError):
                connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
            writer.transport.abort()


class Proxy:
    """Forwards a port of 127.0.0.1 to another one, until it is told to do worse.

    `stall` and `slow` last until `heal`, and new links suffer, too; `drop`, `forget` and `cut`
    strike the links of that moment.

    Args:
        server_port: where the server listens; a client is reset while it does not.

    Attributes:
        port: where clients connect, while it is entered.
    """

    def __init__(self, server_port: int) -> None:
        self._server_port = server_port
        self._links: set[Link] = set()
        self._linked = asyncio.Event()
        self._tasks: set[asyncio.Task[None]] = set()
        self._gates = {TO_SERVER: asyncio.Event(), TO_CLIENT: asyncio.Event()}
        self._bytes_per_second: float | None = None
        self._latency_seconds = 0.0
        self.port = free_port()
        self.heal()

    async def __aenter__(self) -> "Proxy":
        self._listener = await asyncio.start_server(self._accept, HOST, self.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._listener.close()
        self.drop()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    async def await_link(self) -> None:
        """Returns once there is a link to strike."""
        await self._linked.wait()

    def heal(self) -> None:
        """Forwards everything at once again; what was forgotten stays so."""
        for gate in self._gates.values():
            gate.set()
        self._bytes_per_second = None
        self._latency_seconds = 0.0

    def drop(self) -> None:
        """Resets every link."""
        for link in self._links:
            link.reset()

    def stall(self, *directions: str) -> None:
        """Holds back what goes in these directions; the links stay."""
        for direction in directions:
            self._gates[direction].clear()

    def forget(self) -> None:
        """Makes every link half-open: both ends believe in it, and nothing arrives any more."""
        for link in self._links:
            link.forgotten = True

    def slow(self, *, bytes_per_second: float, latency_seconds: float) -> None:
        """Forwards slowly."""
        self._bytes_per_second = bytes_per_second
        self._latency_seconds = latency_seconds

    def cut(self) -> None:
        """Resets every link when the half of its next packet to the server has gone through."""
        for link in self._links:
            link.to_cut = True

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(self._carry(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            from_server, to_server = await asyncio.open_connection(HOST, self._server_port)
        except OSError:
            Link(writer, writer).reset()
            return
        link = Link(writer, to_server)
        self._links.add(link)
        self._linked.set()
        pumps = [
            asyncio.ensure_future(self._pump(link, TO_SERVER, reader, to_server)),
            asyncio.ensure_future(self._pump(link, TO_CLIENT, from_server, writer)),
        ]
        try:
            await asyncio.wait(pumps, return_when=asyncio.FIRST_COMPLETED)
            if link.forgotten:
                # Whoever gives up first is not noticed by the other.
                await asyncio.wait(pumps)
        finally:
            for pump in pumps:
                pump.cancel()
            self._links.discard(link)
            if not self._links:
                self._linked.clear()
            link.reset()

    async def _pump(
        self,
        link: Link,
        direction: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
    ) -> None:
        with contextlib.suppress(OSError):
            while data := await reader.read(_CHUNK_BYTES):
                await self._gates[direction].wait()
                if link.forgotten:
                    continue
                if link.to_cut and direction == TO_SERVER:
                    writer.write(data[: len(data) // 2])
                    await writer.drain()
                    return
                await self._forward(data, writer)

    async def _forward(self, data: bytes, writer: asyncio.StreamWriter) -> None:
        await asyncio.sleep(self._latency_seconds)
        if self._bytes_per_second is not None:
            await asyncio.sleep(len(data) / self._bytes_per_second)
        writer.write(data)
        await writer.drain()
