"""The project's own processes in the chaos: the recorder and the devices."""

import sys
from pathlib import Path
from typing import Final

from tests.chaos.faults import Options
from tests.chaos.program import Program

KEEPALIVE_SECONDS: Final = 5
_CALM_SHARE: Final = 0.1
"""Of the time, at the end: devices that were away for long catch up."""


def recorder_process(folder: Path, broker_port: int, store_url: str) -> Program:
    """The recorder, as it is started in operation."""
    where = ("--broker", f"mqtt://127.0.0.1:{broker_port}", "--store", store_url)
    command = [sys.executable, "-m", "dashboard", "record", *where]
    return Program("the recorder", command, folder / "recorder.log")


def device_process(
    folder: Path, ledgers: Path, broker_port: int, index: int, options: Options
) -> Program:
    """A device that publishes its share of the windows while faults are injected."""
    name = f"room-{index + 1}"
    share, rest = divmod(options.windows, options.devices)
    values = {
        "device": name,
        "seed": options.seed,
        "port": broker_port,
        "folder": folder,
        "ledgers": ledgers,
        "quota": share + (index < rest),
        "seconds": options.seconds * (1 - _CALM_SHARE) * options.devices / options.windows,
        "keep-seconds": options.keep_seconds,
        "keepalive-seconds": KEEPALIVE_SECONDS,
    }
    flags = [f"--{key}={value}" for key, value in values.items()]
    command = [sys.executable, "-m", "tests.chaos.device", *flags]
    return Program(name, command, folder / f"{name}.log")
