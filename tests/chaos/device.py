"""One device of the chaos: the agent's own outbox and publisher, with windows made up."""

import argparse
import logging
import random
import signal
import threading
from pathlib import Path

from edge_agent.config import Mqtt, OutboxSettings
from edge_agent.messages import ModelHashes, Reason, State, Status, Versions
from edge_agent.mqtt_publisher import MqttPublisher
from edge_agent.outbox import open_outbox
from tests.chaos.windows import SITE, Ledger, Name, read_ledgers, window


def main() -> None:
    """Puts windows until its quota over all its boots is reached, and stays until SIGTERM."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--device", required=True)
    parser.add_argument("--seed", type=int, required=True)
    parser.add_argument("--port", type=int, required=True, help="of the broker")
    parser.add_argument("--folder", type=Path, required=True, help="of the outboxes")
    parser.add_argument("--ledgers", type=Path, required=True, help="folder of the ledgers")
    parser.add_argument("--quota", type=int, required=True, help="windows over all boots")
    parser.add_argument("--seconds", type=float, required=True, help="between two windows")
    parser.add_argument("--keep-seconds", type=float, required=True, help="as in config.yaml")
    parser.add_argument("--keepalive-seconds", type=int, required=True, help="as in config.yaml")
    options = parser.parse_args()
    logging.basicConfig(format="%(asctime)s %(message)s", level=logging.INFO)
    stop = threading.Event()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())

    left = options.quota - sum(map(len, read_ledgers(options.ledgers, options.device).values()))
    ledger = Ledger(options.ledgers, options.device, options.seed)
    publisher = MqttPublisher(
        Mqtt(
            port=options.port,
            wait_for_broker=True,
            keepalive_seconds=options.keepalive_seconds,
            replay_per_second=200.0,
        ),
        site=SITE,
        device=options.device,
        will=_status(ledger.boot_id, "offline", "connection_lost"),
        on_command=lambda command: None,
        outbox=open_outbox(
            OutboxSettings(
                file=str(options.folder / f"{options.device}.db"),
                keep_seconds=options.keep_seconds,
            ),
            site=SITE,
            device=options.device,
        ),
    )
    publisher.connect(_status(ledger.boot_id, "online", "started"), stopping=stop.is_set)
    chance = random.Random(ledger.boot_id)
    for seq in range(left):
        publisher.counts(window(options.seed, Name(options.device, ledger.boot_id, seq)))
        ledger.add(seq)
        if stop.wait(options.seconds * chance.uniform(0.5, 1.5)):
            break
    stop.wait()
    while publisher.outbox_depth:
        threading.Event().wait(0.1)
    publisher.close(_status(ledger.boot_id, "offline", "stopped"))


def _status(boot_id: str, state: State, reason: Reason) -> Status:
    return Status(
        state=state,
        boot_id=boot_id,
        reason=reason,
        versions=Versions(agent="0.1.0", python="3.11.2", runtime="none"),
        model_sha256=ModelHashes(face_detector="0" * 64, emotion_classifier="1" * 64),
        window_seconds=5.0,
        min_faces=5,
    )


if __name__ == "__main__":
    main()
