"""Messages a second through the recorder's checks into SQLite, by size of a batch.

``python -m tests.dashboard.bench_recorder``; nothing goes over a network. What is compared is
one transaction a message, as with a broker that awaits each answer, and larger batches.
Processor seconds are of this process, one thread. Bytes are of the SQLite file, with its indexes.
"""

import statistics
import tempfile
import time
from pathlib import Path
from typing import NamedTuple

from paho.mqtt.client import MQTTMessage

from dashboard.inbox import BATCH_MESSAGES, Inbox
from dashboard.store import Store
from tests.dashboard.device_messages import counts

DEVICES = 1000
MESSAGES = 6000
ROUNDS = 3
SIZES = (1, 20, 100, BATCH_MESSAGES)


def messages() -> list[MQTTMessage]:
    """One window after the other of each device."""
    made = []
    for number in range(MESSAGES):
        device = f"room-{number % DEVICES}"
        message = MQTTMessage(number, f"classroom/v1/school-a/{device}/counts".encode())
        message.qos = 1
        message.payload = counts(number // DEVICES, device=device).to_json()
        made.append(message)
    return made


class Run(NamedTuple):
    """Wall-clock and processor seconds to keep all messages, and what they take on the disk."""

    wall_seconds: float
    processor_seconds: float
    stored_bytes: int


def run(arriving: list[MQTTMessage], size: int) -> Run:
    """Keeps all in batches of a size."""
    acknowledged: list[int] = []
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "counts.db"
        store = Store(f"sqlite:///{path}")
        inbox = Inbox(store, lambda mid, _qos: acknowledged.append(mid))
        wall, processor = time.perf_counter(), time.process_time()
        for number, message in enumerate(arriving, 1):
            inbox.add(message)
            if number % size == 0 or number == MESSAGES:
                inbox.write_if_due(quiet=True)
        wall, processor = time.perf_counter() - wall, time.process_time() - processor
        store.close()
        assert len(acknowledged) == MESSAGES
        return Run(wall, processor, path.stat().st_size)


def main() -> None:
    """Prints a line a size of batch."""
    arriving = messages()
    runs: dict[int, list[Run]] = {size: [] for size in SIZES}
    for _ in range(ROUNDS):  # in turn, so that a busy moment hits all sizes alike
        for size in SIZES:
            runs[size].append(run(arriving, size))
    medians = {size: Run(*map(statistics.median, zip(*runs[size], strict=True))) for size in SIZES}
    print("batch  messages/s  ratio  processor µs/message  bytes/window")
    for size, median in medians.items():
        rate, ratio = MESSAGES / median.wall_seconds, medians[1].wall_seconds / median.wall_seconds
        cost = 1e6 * median.processor_seconds / MESSAGES
        print(f"{size:5}  {rate:10.0f}  {ratio:5.1f}  {cost:20.0f}", end="")
        print(f"  {median.stored_bytes / MESSAGES:12.0f}")


if __name__ == "__main__":
    main()
