"""Opens each page in new sessions of a running server, and writes down how long it took.

A session is what a browser opens: a WebSocket, by which it asks for a page and gets all of its
parts. The time is from the connection to the last part, with all queries; what a browser takes
to draw them comes on top.
"""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

import psutil
from streamlit.proto.BackMsg_pb2 import BackMsg
from streamlit.proto.ForwardMsg_pb2 import ForwardMsg
from websockets.asyncio.client import connect
from websockets.typing import Subprotocol

from tests.dashboard.conftest import running_dashboard
from tests.dashboard.year import school, stores
from tests.support import await_port, free_port

RUNS = 11
# The page's name here → its path, and the options of the server.
PAGES = {
    "live": ("", False),
    "lesson": ("lesson-report", False),
    "lesson, timetable": ("lesson-report", True),
    "devices": ("all-devices", False),
    "try it": ("try-it", False),
    "about": ("about-the-figures", False),
}
_TIMETABLE = "lessons:\n  - name: Maths 7b\n    when: [{}]\n".format(
    ", ".join(f"mon-sun {hour:02}:00-{hour:02}:45" for hour in range(24))
)


class Opening(NamedTuple):
    """What one session took.

    Attributes:
        seconds: by the clock.
        processor: seconds, of the pages' process alone.
    """

    seconds: float
    processor: float


class Result(NamedTuple):
    """What one database took.

    Attributes:
        openings: page → the first after the server's start, and those that followed.
    """

    kind: str
    told: stores.Loaded
    windows: int
    size_bytes: int
    openings: dict[str, list[Opening]]


def measure(kind: str, url: str, told: stores.Loaded, folder: Path) -> Result:
    """Opens each page of a server that has just started, then again for other rooms."""
    found: dict[str, list[Opening]] = {}
    timetable = folder / "lessons.yaml"
    timetable.write_text(_TIMETABLE)
    for page, (path, lessons) in PAGES.items():
        more = ("--timetable", str(timetable)) if lessons else ()
        with _pages("--store", url, "--accounts", f"{folder}/none.json", *more) as (port, process):
            rooms = [f"{school.SITE}/room-{1 + run % told.rooms}" for run in range(RUNS)]
            found[page] = [_open(port, path, room, process) for room in rooms]
    return Result(kind, told, school.count(url), stores.size(folder, kind), found)


@contextmanager
def _pages(*options: str) -> Iterator[tuple[int, psutil.Process]]:
    port = free_port()
    with running_dashboard("show", "--port", str(port), *options) as process:
        await_port(port, process)
        pages = psutil.Process(process.pid)
        _await_rest(pages)
        yield port, pages


def _await_rest(process: psutil.Process) -> None:
    """Returns once a process that has just started takes next to no processor."""
    used, before = 0.0, -1.0
    while used - before > 0.05:
        time.sleep(3)
        used, before = sum(process.cpu_times()[:2]), used


def _open(port: int, path: str, room: str, process: psutil.Process) -> Opening:
    begun, used = time.perf_counter(), sum(process.cpu_times()[:2])
    parts = asyncio.run(_visit(f"ws://127.0.0.1:{port}/_stcore/stream", path, room))
    seconds, processor = time.perf_counter() - begun, sum(process.cpu_times()[:2]) - used
    assert "exception" not in parts, f"{path} failed"
    assert "metric" in parts or path not in ("", "lesson-report"), f"{path} shows no numbers"
    return Opening(seconds, processor)


async def _visit(address: str, path: str, room: str) -> set[str]:
    """The kinds of the parts that one session got."""
    asked, parts = BackMsg(), set()
    asked.rerun_script.query_string = f"room={room}"
    asked.rerun_script.page_name = path
    asked.rerun_script.context_info.timezone = "Europe/Zurich"
    async with connect(address, subprotocols=[Subprotocol("streamlit")], max_size=None) as socket:
        await socket.send(asked.SerializeToString())
        async for content in socket:
            assert isinstance(content, bytes)
            message = ForwardMsg.FromString(content)
            kind = message.WhichOneof("type")
            if kind == "delta" and message.delta.WhichOneof("type") == "new_element":
                parts.add(message.delta.new_element.WhichOneof("type"))
            elif kind == "script_finished" and (
                message.script_finished == ForwardMsg.FINISHED_SUCCESSFULLY
            ):
                break
    return parts


def write(document: Path, results: Sequence[Result]) -> None:
    """Puts the table into a document, between two lines that mark its place."""
    marked = re.compile("(?<=<!-- year -->\n).*?(?=<!-- /year -->)", re.S)
    made = table(results)
    document.write_text(marked.sub(lambda _: made, document.read_text()))


def table(results: Sequence[Result]) -> str:
    """The databases beside each other, in Markdown, and whether the goal is met."""
    names = [stores.NAMES[result.kind] for result in results]
    lines = [
        "| page | " + " | ".join(f"{name}, first | {name}, median (slowest)" for name in names),
        "|---|" + "---|---|" * len(results),
    ]
    lines[0] += " |"
    for page in PAGES:
        cells = []
        for result in results:
            first, *more = result.openings[page]
            middle = statistics.median(one.seconds for one in more)
            processor = statistics.median(one.processor for one in more)
            cells += [
                f"{first.seconds:.2f} s",
                f"{middle:.2f} s ({max(one.seconds for one in more):.2f} s); {processor:.2f} s",
            ]
        lines.append(f"| {page} | " + " | ".join(cells) + " |")
    slowest = max(one.seconds for r in results for page in r.openings.values() for one in page)
    rest = max(one.seconds for r in results for page in r.openings.values() for one in page[1:])
    told = "; ".join(
        f"{name} {r.told.rooms} rooms, {r.windows:,} windows, {r.size_bytes / 1e9:.1f} GB, "
        f"loaded in {r.told.seconds:.0f} s"
        for name, r in zip(names, results, strict=True)
    )
    goal = "met" if slowest < 1 else "**not met**"
    return "\n".join(
        (
            "",
            *lines,
            "",
            "First: of a server that has started and come to rest; "
            f"then {RUNS - 1} more, of other rooms, with the",
            "seconds of processor that the pages' process took behind the semicolon.",
            f"In the databases: {told}.",
            "",
            f"The goal, each page in under a second, is {goal}: the slowest opening of all took "
            f"{slowest:.2f} s,",
            f"the slowest but for the first of a server {rest:.2f} s.",
            "\n",
        )
    )
