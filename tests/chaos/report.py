"""The result of a run in Markdown."""

import platform
import subprocess

from tests.chaos.broker import AUTOSAVE_SECONDS
from tests.chaos.faults import LINK_FAULTS, Options
from tests.chaos.orchestrate import Result
from tests.chaos.processes import KEEPALIVE_SECONDS
from tests.chaos.program import debian


def table(result: Result) -> str:
    """What became of the windows, and what went wrong on their way."""
    verdict = result.verdict
    windows = {
        "kept on a device's disk": verdict.kept,
        "**lost**": f"**{verdict.lost}**",
        "**doubled**": f"**{verdict.doubled}**",
        "**altered**": f"**{verdict.altered}**",
        "**of no device**": f"**{verdict.unknown}**",
        "stored": verdict.stored,
        "of these sent again or late": verdict.replayed,
        "of these kept, but not noted before the kill": verdict.unnoted,
    }
    broken = {
        **dict(sorted(result.injected.items())),
        "all link faults": sum(result.injected[kind] for kind in LINK_FAULTS),
        "recorder gave up, and was started again": result.recorder_restarts,
    }
    rows = ["| windows | number |", "|---|---|"]
    rows += [f"| {name} | {number} |" for name, number in windows.items()]
    rows += ["", "| fault | times |", "|---|---|"]
    rows += [f"| {name} | {number} |" for name, number in broken.items()]
    rows += ["", f"Faults for {result.fault_seconds:.0f} s, {result.seconds:.0f} s in all."]
    return "\n".join(rows)


def document(result: Result, options: Options, command: str) -> str:
    """The page about a run."""
    return f"""# Chaos: nothing lost, doubled or altered

Made by `{command}` with {_broker_version()}, Python {platform.python_version()} and a store in
{_STORES[options.store]}. Do not edit.

{options.devices} devices, each a process with the agent's own outbox and publisher, count windows
that follow from their names, and note each one that is on their disk. Between them and the
recorder are a proxy that breaks links and Mosquitto with the limits of
`deploy/mosquitto/mosquitto.conf`. Faults come at random times that follow from the seed, several
at once; every tenth broker is away for longer than an outbox keeps what was acknowledged. When
all is healed, what the devices noted is compared with every row of the store.

{table(result)}

Mosquitto acknowledges a message before it saves it: after a kill -9, what it had acknowledged
since it last saved is gone. A device therefore keeps a window for `outbox.keep_seconds` after its
acknowledgement and sends it again after every lost connection; the recorder keeps one of each.
Minutes stand for hours here: the broker saves every {AUTOSAVE_SECONDS} s, windows are kept for
{options.keep_seconds:g} s, and a silent link is given up after {KEEPALIVE_SECONDS} s; in operation
it is 30, 60 and 30 s. `python -m tests.chaos --keep-seconds 0` shows what would be lost otherwise.

The recorder met the broker before the first device did: a broker keeps nothing for a recorder
that it does not know.
"""


_STORES = {"sqlite": "SQLite", "postgresql": "PostgreSQL"}


def _broker_version() -> str:
    shown = subprocess.run(
        [debian("mosquitto", package="mosquitto"), "-h"], capture_output=True, text=True
    )
    return shown.stdout.splitlines()[0].replace("mosquitto version", "Mosquitto")
