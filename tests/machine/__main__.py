"""``python -m tests.machine``: a whole machine counts, and loses its power again and again."""

import argparse
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.debian_tree import CACHE
from tests.deploy.support import School, recording
from tests.machine.computer import HOST, accelerated
from tests.machine.image import LOGIN, make_image
from tests.machine.power_cuts import Result, Trial

_HEADING = (
    "| cut | it was | first window after | cut after | broker | windows on its disk |\n"
    "|---|---|---|---|---|---|"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when it came back after every cut and nothing was lost, else 1."""
    options = _parser().parse_args(arguments)
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="machine-", dir=CACHE))
    school = School(folder, HOST)
    try:
        school.start()
        mqtt = {
            "host": HOST,
            "port": school.certificate_port,
            "ca_file": f"{LOGIN}/authority.pem",
            "certificate_file": f"{LOGIN}/certificate.pem",
            "key_file": f"{LOGIN}/key.pem",
        }
        login = school.files("my-school/room-101")
        image = make_image(folder / "image", mqtt, login, read_only=options.read_only)
        with recording(folder, school) as recorder:
            print(_HEADING, flush=True)
            trial = Trial(folder, image, school, recorder, lambda text: print(text, flush=True))
            result = trial.run(options.cuts, options.seed)
    finally:
        school.stop()
    print(_summary(result, read_only=options.read_only))
    clean = not (result.lost or result.missing or result.gave_up) and result.trusted > 0
    if not clean:
        print(f"machine: what it said on its console is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def _summary(result: Result, *, read_only: bool) -> str:
    held = {name for cut in result.cuts for name in cut.held}
    starts = len({boot_id for boot_id, _ in result.arrived})
    root = "read-only, one writable folder" if read_only else "writable"
    return "\n".join(
        [
            "",
            "| what | result |",
            "|---|---|",
            f"| root file system | {root} |",
            f"| processor | {'KVM' if accelerated() else 'emulated'} |",
            f"| came back after every cut | {result.gave_up or 'yes'} |",
            f"| starts of the agent that counted | {starts} |",
            f"| windows that arrived | {len(result.arrived)} |",
            f"| of those, with a clock that the agent believed | {result.trusted} |",
            f"| windows on its disk at some cut | {len(held)} |",
            f"| of those, lost | {len(result.lost)} |",
            f"| gaps within a start | {len(result.missing)} |",
        ]
    )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tests.machine",
        description="Makes a Debian with systemd, installs the agent with install.sh, boots it in "
        "QEMU, and cuts its power at random moments; then compares what its disk held with what "
        "the recorder has. Needs root, and Debian's debootstrap, qemu-system-x86 and mosquitto.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    parser.add_argument("--cuts", metavar="N", type=int, default=10, help="of the power")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the moments")
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="mount the root read-only; only /var/lib/edge-agent can be written, on its own disk",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
