"""The agent as it is, on a board whose sensors a file stands for: ``python -m tests.soak.device``.

Everything else is real: its arguments, its camera's process, its outbox, its connection. Where
minutes would only be waited for, seconds stand for them.
"""

import json
import os
import sys
from pathlib import Path
from typing import Any, Final

import edge_agent.agent as agent
import edge_agent.outbox as outbox
import edge_agent.outbox_file as outbox_file
import edge_agent.reports as reports
from edge_agent.__main__ import main

SENSORS: Final = "SOAK_SENSORS"
"""The variable that names the file: ``cpu_temperature_c`` and ``throttled`` as JSON."""
RATE_SECONDS: Final = 1.0
REOPEN_SECONDS: Final = 3.0
_SMALL_LOG: Final = ("PRAGMA wal_autocheckpoint = 10", "PRAGMA journal_size_limit = 0")
"""The outbox's file needs new room every few windows, not every few hundred."""


def _sensors() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(Path(os.environ[SENSORS]).read_text())
    return content


if __name__ == "__main__":
    for module in (agent, reports):
        module.cpu_temperature_c = lambda: _sensors()["cpu_temperature_c"]  # type: ignore[attr-defined]
        module.throttled = lambda: _sensors()["throttled"]  # type: ignore[attr-defined]
    agent._RATE_SECONDS = RATE_SECONDS
    outbox._REOPEN_SECONDS = REOPEN_SECONDS  # type: ignore[misc]
    outbox_file._SETTINGS = (*outbox_file._SETTINGS, *_SMALL_LOG)  # type: ignore[misc]
    sys.exit(main())
