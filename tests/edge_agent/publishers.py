"""Publishers of the room that the agent's tests use."""

from collections.abc import Iterator
from contextlib import contextmanager

from edge_agent.config import Mqtt
from edge_agent.mqtt_publisher import MqttPublisher
from edge_agent.outbox import Outbox
from tests.edge_agent.support import status


def never() -> bool:
    return False


def publisher(
    port: int,
    outbox: Outbox | None = None,
    commands: list[str] | None = None,
    announcement: tuple[str, bytes] | None = None,
    **settings: object,
) -> MqttPublisher:
    return MqttPublisher(
        Mqtt.model_validate({"port": port} | settings),
        site="my-school",
        device="room-101",
        will=status("offline", "connection_lost"),
        on_command=(commands if commands is not None else []).append,
        outbox=outbox,
        announcement=announcement,
    )


@contextmanager
def connected(
    port: int, commands: list[str] | None = None, **settings: object
) -> Iterator[MqttPublisher]:
    """A publisher that said online and will say stopped."""
    way = publisher(port, commands=commands, **settings)
    way.connect(status(), stopping=never)
    yield way
    way.close(status("offline", "stopped"))
