"""A year on paper: what is measured is near what must be, and the sums are right."""

import re
from pathlib import Path

import pytest

from deploy.__main__ import main
from deploy.fleet.plan import Plan
from deploy.measure import footprint, wire
from deploy.measure.capacity import Footprint, one_window, outbox_text, years
from deploy.measure.footprint import OutboxFootprint
from deploy.measure.wire import Traffic, WireFootprint
from tests.support import debian_program

MEASURED = Footprint(
    {"SQLite": 400.0, "PostgreSQL": 500.0},
    OutboxFootprint(waiting=500.0, written=5_000.0, to_disk=10_000.0),
    WireFootprint(
        payload=350.0,
        connect=Traffic(3_000.0, 3_500.0),
        window=Traffic(500.0, 100.0),
        health=Traffic(400.0, 50.0),
    ),
)


def test_the_sums_of_a_year() -> None:
    assert years(MEASURED, [1, 10_000], 5) == "\n".join(
        [
            "| rooms | a year | windows | a second | SQLite | PostgreSQL | on the wire |",
            "| --- | --- | --- | --- | --- | --- | --- |",
            "| 1 | school year, 200 days of 6 h | 0.86 million | 0.2 "
            "| 345.6 MB | 432.0 MB | 550.8 MB |",
            "| 1 | all year, day and night | 6.31 million | 0.2 | 2.5 GB | 3.2 GB | 4.0 GB |",
            "| 10,000 | school year, 200 days of 6 h | 8,640.00 million | 2,000.0 "
            "| 3.5 TB | 4.3 TB | 5.5 TB |",
            "| 10,000 | all year, day and night | 63,072.00 million | 2,000.0 "
            "| 25.2 TB | 31.5 TB | 40.2 TB |",
        ]
    )
    assert outbox_text(MEASURED, 5) == (
        "With a window every 5 s, a device writes 3.6 MB an hour to its outbox (7.2 MB as whole "
        "pages of the disk, 63.1 GB in a year day and night), and the 64 MB of "
        "`outbox.max_megabytes` last for an outage of 178 hours."
    )
    assert one_window(MEASURED).splitlines()[2:5] == [
        "| JSON | 350 |",
        "| on the wire, device to broker | 500 |",
        "| on the wire, broker to device | 100 |",
    ]


@pytest.mark.mosquitto
def test_it_is_measured_and_written_into_the_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    debian_program("mosquitto")
    for module, name, number in (
        (footprint, "STORED", 5_000),
        (footprint, "WAITING", 200),
        (footprint, "WRITTEN", 100),
        (wire, "_MESSAGES", 4),
    ):
        monkeypatch.setattr(module, name, number)
    document = tmp_path / "scale.md"
    marks = ("window", "outbox", "years")
    document.write_text("before\n" + "".join(f"<!-- {m} -->old<!-- /{m} -->\n" for m in marks))
    assert main(["capacity", "--rooms", "7", "--document", str(document)]) == 0
    text = document.read_text()
    assert text.startswith("before\n") and "old" not in text and "| 7 |" in text
    found = re.findall(r"^\| (.+) \| ([\d,]+) \|$", text, re.M)
    sizes = {what: int(number.replace(",", "")) for what, number in found}
    plan = Plan.of_rate(footprint.ROOMS, 6, 1)
    payload = sizes["JSON"]
    assert abs(payload - len(plan.window(0, 0).to_json())) < 20
    # Topic and MQTT's header; TLS adds 22 bytes a record and TCP/IP 52 a segment, of which the
    # device sends two.
    topic = len("classroom/v1/fleet/room-00000/counts")
    assert sizes["on the wire, device to broker"] == pytest.approx(
        payload + topic + 7 + 22 + 2 * 52, abs=30
    )
    assert sizes["on the wire, broker to device"] == pytest.approx(4 + 22 + 52, abs=30)
    assert 150 < sizes["row in SQLite with its indexes"] < 600
    assert payload < sizes["in the outbox, while the broker is away"] < 2 * payload
    assert 1_024 < sizes["written to the outbox for a window that comes and goes"] < 20_000


@pytest.mark.parametrize("command", ["capacity", "scale"])
def test_a_document_without_a_place_is_told_before_all_else(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    document = tmp_path / "scale.md"
    assert main([command, "--document", str(document)]) == 2
    document.write_text("<!-- /machine --><!-- machine --><!-- window -->")
    assert main([command, "--document", str(document)]) == 2
    missing, no_place = capsys.readouterr().err.splitlines()
    assert missing == (
        f"{command}: {document}: expected a document, got: No such file or directory; give "
        "another with --document"
    )
    assert no_place.startswith(f"{command}: {document}: expected the marks <!-- ")
