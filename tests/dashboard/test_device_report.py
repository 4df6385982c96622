"""What whoever runs the devices is told first."""

from dataclasses import replace
from datetime import datetime, timedelta, timezone

import pytest

from dashboard.device_report import Finding, networks, reports
from dashboard.records import Room
from dashboard.store import Store
from dashboard.texts import LANGUAGES, Texts
from edge_agent.messages import ModelHashes, Status
from edge_agent.model_card import RELEASED, ModelCard
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import START, WINDOW, counts, health, status

NOW = datetime(2026, 1, 31, 9, 0, tzinfo=timezone.utc)


def hashes(classifier: str = "emotion_classifier") -> ModelHashes:
    names = ("face_detector", classifier)
    cards = [ModelCard.model_validate_json((RELEASED / f"{n}.json").read_bytes()) for n in names]
    return ModelHashes(**{card.task: card.sha256 for card in cards})


def said(state: str = "online", reason: str = "started") -> Status:
    return status(state, reason).model_copy(update={"model_sha256": hashes()})


def room(name: str = "room-1", state: str = "online", reason: str = "started") -> Room:
    return Room("school-a", name, said(state, reason), NOW, health(), NOW, NOW)


def feeling(**values: object) -> Room:
    return replace(room(), health=health().model_copy(update=values))


@pytest.mark.parametrize(
    ("device", "missing", "findings"),
    [
        (room(), 0, ()),
        (room(state="paused", reason="command_pause"), 0, ()),
        (room(state="offline", reason="stopped"), 0, ()),
        (room(state="offline", reason="failed"), 0, ("failed", "offline")),
        (room(state="offline", reason="connection_lost"), 0, ("offline",)),
        (room(state="paused", reason="camera_lost"), 0, ("camera_lost",)),
        (replace(room(), seen_at=NOW - timedelta(minutes=4)), 0, ("silent",)),
        (replace(room(), seen_at=None), 0, ("silent",)),
        (replace(room(), status=None), 0, ("never_heard",)),
        (replace(room(), status=status()), 0, ("other_networks",)),
        (feeling(cpu_temperature_c=80.0), 0, ("hot",)),
        (feeling(cpu_temperature_c=79.9), 0, ()),
        (feeling(throttled=True, cpu_temperature_c=85.0), 0, ("throttled", "hot")),
        (feeling(outbox_state="disk_unusable"), 0, ("disk_unusable",)),
        (feeling(outbox_depth=60), 0, ("waiting",)),
        (feeling(windows_lost=1), 0, ("windows_lost",)),
        (feeling(fps=0.9), 0, ("slow",)),
        (room(), 3, ("missing",)),
    ],
)
def test_what_needs_attention(device: Room, missing: int, findings: tuple[Finding, ...]) -> None:
    (report,) = reports([device], {("school-a", "room-1"): missing}, NOW)
    assert report.findings == findings and report.missing == missing


def test_every_classifier_that_comes_with_the_program_is_a_released_one() -> None:
    other = said().model_copy(update={"model_sha256": hashes("emotion_classifier_half")})
    (report,) = reports([replace(room(), status=other)], {}, NOW)
    assert report.released and report.findings == ()


def test_an_old_feeling_of_a_device_that_went_is_no_news() -> None:
    gone = replace(feeling(throttled=True), status=said("offline", "stopped"))
    assert reports([gone], {}, NOW)[0].findings == ()


def test_the_most_pressing_come_first_and_then_the_names() -> None:
    rooms = [
        room("b"),
        replace(room("d"), status=status()),
        room("a"),
        room("c", state="offline", reason="connection_lost"),
    ]
    assert [report.room.device for report in reports(rooms, {}, NOW)] == ["c", "d", "a", "b"]


def test_released_networks_are_known_by_their_hash() -> None:
    released, others, unknown = reports(
        [room("a"), replace(room("b"), status=status()), replace(room("c"), status=None)], {}, NOW
    )[::-1]
    states = {report.room.device: report.released for report in (released, others, unknown)}
    assert states == {"a": True, "b": False, "c": None}
    assert networks(replace(room(), status=status())) == "00000000 11111111"


@pytest.mark.parametrize("texts", LANGUAGES.values())
def test_every_finding_has_words_and_advice(texts: Texts) -> None:
    from dashboard.device_report import FINDINGS

    assert set(texts.devices.findings) == set(texts.devices.advice) == set(FINDINGS)


@pytest.mark.parametrize(
    "url_name", ["store_url", pytest.param("postgresql_url", marks=pytest.mark.postgresql)]
)
def test_missing_windows_are_counted_by_room(request: pytest.FixtureRequest, url_name: str) -> None:
    store = Store(request.getfixturevalue(url_name))
    with batch_for(store) as batch:
        for seq in (0, 1, 5, 7):
            batch.add_counts("school-a", counts(seq), START + timedelta(hours=1))
        for seq in (3, 4):
            whole = counts(seq, device="room-13", boot_id="cd" * 16)
            batch.add_counts("school-a", whole, START + timedelta(hours=1))
    assert store.missing(START) == {("school-a", "room-12"): 4}
    assert store.missing(START + 6 * WINDOW) == {("school-a", "room-12"): 1}
    assert store.missing(START + timedelta(days=1)) == {}
    store.close()
