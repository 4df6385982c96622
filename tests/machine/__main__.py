"""``python -m tests.machine``: a whole machine counts, loses its power, and updates itself."""

import argparse
import functools
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.debian_tree import CACHE
from tests.deploy.support import School, recording
from tests.machine.card import make_card_image
from tests.machine.computer import HOST, accelerated
from tests.machine.first_boot import run_first_boot
from tests.machine.image import LOGIN, make_image
from tests.machine.power_cuts import Result, Trial
from tests.machine.update_trial import UpdateTrial, publishing

_HEADING = (
    "| cut | it was | first window after | cut after | broker | windows on its disk |\n"
    "|---|---|---|---|---|---|"
)

_TABLE = "| after | what |\n|---|---|"


def main(arguments: Sequence[str] | None = None) -> int:
    """Returns 0 when all went as it must, else 1."""
    options = _parser().parse_args(arguments)
    CACHE.mkdir(parents=True, exist_ok=True)
    folder = Path(tempfile.mkdtemp(prefix="machine-", dir=CACHE))
    school = School(folder, HOST)
    try:
        school.start()
        try_out = _card if options.card else _updates if options.updates else _cuts
        clean = try_out(folder, school, options)
    finally:
        school.stop()
    if not clean:
        print(f"machine: what it said on its console is in {folder}", file=sys.stderr)
        return 1
    shutil.rmtree(folder)
    return 0


def _cuts(folder: Path, school: School, options: argparse.Namespace) -> bool:
    image = make_image(folder / "image", *_login(school), read_only=options.read_only)
    with recording(folder, school) as recorder:
        print(_HEADING, flush=True)
        trial = Trial(folder, image, school, recorder, lambda text: print(text, flush=True))
        result = trial.run(options.cuts, options.seed)
    print(_summary(result, read_only=options.read_only))
    return not (result.lost or result.missing or result.gave_up) and result.trusted > 0


def _updates(folder: Path, school: School, options: argparse.Namespace) -> bool:
    with publishing(folder, school) as (publisher, updates):
        image = make_image(
            folder / "image", *_login(school), read_only=options.read_only, updates=updates
        )
        with recording(folder, school) as recorder:
            print(_TABLE, flush=True)
            say = functools.partial(print, flush=True)
            try:
                UpdateTrial(folder, image, recorder, publisher, say).run()
            except TimeoutError as error:
                print(f"machine: {error}", file=sys.stderr)
                return False
    return True


def _card(folder: Path, school: School, options: argparse.Namespace) -> bool:
    image = make_card_image(folder / "image", school)
    with recording(folder, school) as recorder:
        print(_TABLE, flush=True)
        try:
            run_first_boot(folder, image, recorder, functools.partial(print, flush=True))
        except TimeoutError as error:
            print(f"machine: {error}", file=sys.stderr)
            return False
    return True


def _login(school: School) -> tuple[dict[str, object], Path]:
    """The section of the configuration, and the folder of the certificate that it names."""
    mqtt: dict[str, object] = {
        "host": HOST,
        "port": school.certificate_port,
        "ca_file": f"{LOGIN}/authority.pem",
        "certificate_file": f"{LOGIN}/certificate.pem",
        "key_file": f"{LOGIN}/key.pem",
    }
    return mqtt, school.files("my-school/room-101")


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
        "the recorder has. With --updates, it is given two signed releases instead: one that "
        "counts, and one that never does; with --card, nothing is installed, and a card of "
        "first-boot has to make a room of it. Needs root, and Debian's debootstrap, "
        "qemu-system-x86, dosfstools, mtools and mosquitto.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    kind = parser.add_mutually_exclusive_group()
    kind.add_argument(
        "--card", action="store_true", help="a fresh card's first boot in place of power cuts"
    )
    kind.add_argument(
        "--updates", action="store_true", help="signed releases in place of power cuts"
    )
    parser.add_argument("--cuts", metavar="N", type=int, default=10, help="of the power")
    parser.add_argument("--seed", metavar="N", type=int, default=0, help="of the moments")
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="mount the root read-only; only the agent's folder can be written, on its own disk, "
        "and with --updates those of the releases",
    )
    return parser


if __name__ == "__main__":
    sys.exit(main())
