"""Sessions that keep the live page open, without a browser: they speak Streamlit's protocol.

``python -m tests.dashboard.load.viewers ADDRESS ROOM NUMBER`` opens so many, says ``ready`` when
each has the whole page, and on SIGTERM how often it was drawn for all of them.
"""

import asyncio
import signal
import sys
from contextlib import suppress

from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed
from websockets.typing import Subprotocol


class Viewer:
    """One session; what a browser's script does is done here: it runs fragments when they are due.

    Attributes:
        whole: set once the page was drawn for the first time.
        drawn: how often it was drawn as a whole.
    """

    def __init__(self, address: str, room: str) -> None:
        self._address = address.replace("http", "ws", 1) + "/_stcore/stream"
        self._query = f"room={room}"
        self._page = ""
        self._tickers: dict[str, asyncio.Task[None]] = {}
        self.whole = asyncio.Event()
        self.drawn = 0

    async def watch(self) -> None:
        """Keeps the page open until it is cancelled or the server leaves."""
        async with connect(
            self._address, subprotocols=[Subprotocol("streamlit")], max_size=None
        ) as socket:
            await self._run(socket)
            async for content in socket:
                assert isinstance(content, bytes)
                self._read(socket, ForwardMsg.FromString(content))

    def _read(self, socket: ClientConnection, message: ForwardMsg) -> None:
        kind = message.WhichOneof("type")
        if kind == "new_session":
            self._page = message.new_session.page_script_hash
            if not message.metadata.run.fragment_ids:  # the whole page
                for ticker in self._tickers.values():
                    ticker.cancel()
                self._tickers.clear()
        elif kind == "auto_rerun":
            fragment = message.auto_rerun.fragment_id
            if fragment not in self._tickers:
                tick = self._tick(socket, fragment, message.auto_rerun.interval)
                self._tickers[fragment] = asyncio.create_task(tick)
        elif kind == "script_finished" and (
            message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
        ):
            self.drawn += 1
            self.whole.set()

    async def _tick(self, socket: ClientConnection, fragment: str, seconds: float) -> None:
        with suppress(ConnectionClosed):
            while True:
                await asyncio.sleep(seconds)
                await self._run(socket, fragment)

    async def _run(self, socket: ClientConnection, fragment: str = "") -> None:
        asked = BackMsg()
        asked.rerun_script.query_string = self._query
        asked.rerun_script.page_script_hash = self._page
        asked.rerun_script.fragment_id = fragment
        asked.rerun_script.is_auto_rerun = bool(fragment)
        await socket.send(asked.SerializeToString())


async def main(address: str, room: str, number: int) -> None:
    """Opens all, one after the other."""
    ended = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, ended.set)
    viewers = [Viewer(address, room) for _ in range(number)]
    watching = []
    for viewer in viewers:
        task = asyncio.create_task(viewer.watch())
        watching.append(task)
        whole = asyncio.create_task(viewer.whole.wait())
        await asyncio.wait({task, whole}, return_when=asyncio.FIRST_COMPLETED)
        if task.done():
            task.result()  # says why
    print("ready", flush=True)
    await ended.wait()
    gone = sum(task.done() for task in watching)
    print(sum(viewer.drawn for viewer in viewers), gone, flush=True)
    for task in watching:
        task.cancel()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
