"""A broker in Python for demos: loopback only, nothing kept. Never for production."""

import asyncio
import contextlib
import logging
import signal

from amqtt.broker import Broker

HOST = "127.0.0.1"


def serve(port: int) -> None:
    """Serves MQTT 3.1.1 on a loopback port until SIGTERM or SIGINT.

    Raises:
        OSError: when the port is taken.
    """
    # amqtt tells every connection and packet; a demo's terminal has better to show.
    logging.getLogger("amqtt").setLevel(logging.ERROR)
    logging.getLogger("transitions").setLevel(logging.ERROR)
    asyncio.run(_serve(port))


async def _serve(port: int) -> None:
    ended = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, ended.set)
    broker = Broker(
        {
            # By default amqtt would listen on every interface.
            "listeners": {"default": {"type": "tcp", "bind": f"{HOST}:{port}"}},
            "plugins": {
                "amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}
            },
        }
    )
    await broker.start()
    await ended.wait()
    with contextlib.suppress(asyncio.TimeoutError):
        await asyncio.wait_for(broker.shutdown(), 3)
