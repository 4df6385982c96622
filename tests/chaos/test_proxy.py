"""The proxy breaks links as it says; else the chaos would be none."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import pytest

from tests.chaos.proxy import HOST, TO_CLIENT, TO_SERVER, Proxy
from tests.support import PATIENCE_SECONDS, free_port

PACKET = b"0123456789"
A_MOMENT_SECONDS = 0.2


class Client:
    """One end of a link through a proxy."""

    async def connect(self, proxy: Proxy) -> "Client":
        self._reader, self._writer = await asyncio.open_connection(HOST, proxy.port)
        assert await self.ask() == PACKET
        return self

    async def ask(self, *, patience: float = PATIENCE_SECONDS) -> bytes:
        """Sends a packet; what came back before the link's end, or within the patience."""
        answer = b""
        with suppress(ConnectionError, asyncio.TimeoutError):
            self._writer.write(PACKET)
            while len(answer) < len(PACKET):
                data = await asyncio.wait_for(self._reader.read(100), patience)
                if not data:
                    break
                answer += data
        return answer

    @property
    def ended(self) -> bool:
        """Whether it knows that the link is no more."""
        return self._reader.at_eof() or self._reader.exception() is not None


@asynccontextmanager
async def echo() -> AsyncIterator[tuple[Proxy, bytearray]]:
    """A proxy before a server that answers with what it hears, and all that it has heard."""
    heard = bytearray()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(ConnectionError):
            while data := await reader.read(100):
                heard.extend(data)
                writer.write(data)
        writer.close()

    port = free_port()
    server = await asyncio.start_server(answer, HOST, port)
    async with Proxy(port) as proxy:
        yield proxy, heard
    server.close()
    await server.wait_closed()


@pytest.mark.parametrize("strike", [Proxy.drop, Proxy.cut])
def test_a_link_that_is_broken_ends_and_the_next_one_works(
    strike: Callable[[Proxy], None],
) -> None:
    async def scenario() -> None:
        async with echo() as (proxy, _):
            client = await Client().connect(proxy)
            strike(proxy)
            assert await client.ask() != PACKET
            assert client.ended
            await Client().connect(proxy)

    asyncio.run(scenario())


def test_a_packet_is_cut_in_its_middle() -> None:
    async def scenario() -> None:
        async with echo() as (proxy, heard):
            client = await Client().connect(proxy)
            proxy.cut()
            await client.ask()
            while len(heard) < 15:
                await asyncio.sleep(0)
            assert heard == PACKET + PACKET[:5]

    asyncio.run(scenario())


def test_a_half_open_link_stays_silent_for_ever_and_the_next_one_works() -> None:
    async def scenario() -> None:
        async with echo() as (proxy, heard):
            client = await Client().connect(proxy)
            proxy.forget()
            proxy.heal()
            assert await client.ask(patience=A_MOMENT_SECONDS) == b""
            assert not client.ended
            assert heard == PACKET
            await Client().connect(proxy)

    asyncio.run(scenario())


@pytest.mark.parametrize(("direction", "heard_meanwhile"), [(TO_SERVER, b""), (TO_CLIENT, PACKET)])
def test_a_stalled_link_delivers_when_it_is_healed(direction: str, heard_meanwhile: bytes) -> None:
    async def scenario() -> None:
        async with echo() as (proxy, heard):
            client = await Client().connect(proxy)
            proxy.stall(direction)
            assert await client.ask(patience=A_MOMENT_SECONDS) == b""
            assert heard == PACKET + heard_meanwhile
            proxy.heal()
            assert (await client.ask()).startswith(PACKET)

    asyncio.run(scenario())
