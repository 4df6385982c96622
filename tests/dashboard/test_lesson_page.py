"""The lesson report, run by Streamlit itself against a real store."""

from datetime import datetime, time, timedelta, timezone
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from dashboard import access, settings
from dashboard.schema import MARK_LENGTH
from dashboard.settings import Settings
from dashboard.store import Store
from dashboard.texts import ENGLISH
from dashboard.timetable import Timetable
from tests.dashboard.pages import ROOM, SITE, fill_lesson
from tests.dashboard.test_app import APP, said

WORDS = ENGLISH.lesson
NAME = f"{SITE}/{ROOM}"
START = datetime(2026, 1, 5, 9, 0, tzinfo=timezone.utc)
HOUR = timedelta(hours=1)
HOSTILE = "<img src=x onerror=alert(1)> **b** ![x](http://x.example/x.png)"


@pytest.fixture(autouse=True)
def _utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """In UTC, wherever the tests run."""
    monkeypatch.setattr("dashboard.zone.of_session", lambda: timezone.utc)


def page(monkeypatch: pytest.MonkeyPatch, url: str, **parameters: str) -> AppTest:
    monkeypatch.setenv("DASHBOARD_STORE", url)
    app = AppTest.from_file(APP, default_timeout=60)
    for name, value in {"room": NAME, **parameters}.items():
        app.query_params[name] = value
    app.run()
    app.switch_page("pages/lesson.py")
    app.run()
    assert not app.exception
    return app


def figures(app: AppTest) -> dict[str, str]:
    return {metric.label: str(metric.value) for metric in app.metric}


def marks(store: Store) -> list[str]:
    return [mark.text for mark in store.marks(SITE, ROOM, START, START + HOUR)]


def test_the_last_lesson_is_shown_at_once(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START - timedelta(days=1), 45, seed=1)
    fill_lesson(store, START, 45, seed=2, hidden=(0.0, 0.2), missing=(0.8, 1.0))
    app = page(monkeypatch, store_url)
    assert "Monday, 5 January 2026, 09:00–09:36" in said(app)
    assert figures(app)[WORDS.counted_time] == "27 min"
    assert figures(app)[WORDS.hidden_time] == "9 min"
    assert "Mostly counted as" in said(app) and WORDS.comparison in said(app)
    assert ENGLISH.common.no_pupil in said(app)
    assert app.query_params["from"] in ("2026-01-05T09:00", ["2026-01-05T09:00"])
    app.selectbox(key=f"lesson-{NAME}").select(1).run()
    assert "Sunday, 4 January 2026, 09:00–09:45" in said(app)


def test_a_lesson_of_the_timetable_has_its_name_and_a_gap_is_said(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    start = (datetime.now(timezone.utc) - timedelta(days=2)).replace(hour=9, minute=0, second=0)
    start = start.replace(microsecond=0)
    fill_lesson(store, start, 30, seed=2)
    lessons = {"lessons": [{"name": "Maths 7b", "when": ["mon-sun 09:00-09:45"]}]}
    monkeypatch.setattr(settings, "_given", Settings(store_url, timetable=Timetable(lessons)))
    app = page(monkeypatch, store_url)
    assert f"Maths 7b, {start:%A}, {start.day} {start:%B} {start.year}, 09:00–09:45" in said(app)
    assert figures(app)[WORDS.missing_time] == "15 min"
    assert "For 15 min of this lesson there is no data" in said(app)


def test_another_day_and_time(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url)
    app.selectbox(key=f"lesson-{NAME}").select(-1).run()
    app.time_input(key="lesson-from").set_value(time(9, 10)).run()
    app.time_input(key="lesson-to").set_value(time(9, 30)).run()
    assert "09:10–09:30" in said(app) and figures(app)[WORDS.counted_time] == "20 min"
    app.time_input(key="lesson-to").set_value(time(9, 5)).run()
    assert WORDS.wrong_period[0] in said(app) and not app.metric
    app.time_input(key="lesson-to").set_value(time(18, 0)).run()
    app.time_input(key="lesson-from").set_value(time(17, 0)).run()
    assert WORDS.empty[0] in said(app) and not app.metric


def test_a_lesson_over_midnight_is_found_by_its_address_and_its_hours(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    start = START.replace(hour=23, minute=30)
    fill_lesson(store, start, 60, seed=2)
    store.add_mark(SITE, ROOM, start + timedelta(minutes=45), "after midnight")
    address = {"from": "2026-01-05T23:40", "to": "2026-01-06T00:20"}
    app = page(monkeypatch, store_url, **address)
    assert "Monday, 5 January 2026, 23:40–00:20" in said(app)
    assert figures(app)[WORDS.counted_time] == "40 min"
    assert "1.  00:15  after midnight" in [text.value for text in app.text]
    app.time_input(key="mark-when").set_value(time(0, 5))
    app.text_input(key="mark-text").set_value("earlier")
    submit(app)
    kept = store.marks(SITE, ROOM, start, start + HOUR)
    assert [(f"{mark.at:%d %H:%M}", mark.text) for mark in kept] == [
        ("06 00:05", "earlier"),
        ("06 00:15", "after midnight"),
    ]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2026-01-05T09:10", "2026-01-05T09:00"),
        ("2026-01-05T09:00", "2027-01-05T09:00"),
        ("'; DROP TABLE windows; --", "x" * 5000),
        ("0001-01-01T00:00", "0001-01-01T00:10"),
        ("9999-12-31T23:00", "9999-12-31T23:59"),
    ],
)
def test_an_address_that_names_no_period_leads_to_the_last_lesson_or_says_so(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str, first: str, last: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url, **{"from": first, "to": last})
    assert "09:00–09:45" in said(app) or WORDS.empty[0] in said(app)


def test_marks_are_added_shown_as_they_are_and_removed(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url)
    app.time_input(key="mark-when").set_value(time(9, 12))
    app.text_input(key="mark-text").set_value(f" {HOSTILE} ")
    submit(app)
    assert marks(store) == [HOSTILE]
    assert f"1.  09:12  {HOSTILE}" in [text.value for text in app.text]
    assert not any(HOSTILE in part.value for part in [*app.markdown, *app.caption, *app.header])
    (mark,) = store.marks(SITE, ROOM, START, START + HOUR)
    app.button(key=f"remove-{mark.id}").click().run()
    assert marks(store) == []


@pytest.mark.parametrize(
    ("text", "at", "trouble"),
    [
        ("  ", time(9, 10), WORDS.mark_long),
        ("too late", time(11, 0), WORDS.mark_outside),
    ],
)
def test_a_mark_that_cannot_be_kept_is_said(
    monkeypatch: pytest.MonkeyPatch,
    store: Store,
    store_url: str,
    text: str,
    at: time,
    trouble: str,
) -> None:
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url)
    app.time_input(key="mark-when").set_value(at)
    app.text_input(key="mark-text").set_value(text)
    submit(app)
    assert trouble in said(app) and marks(store) == []


def test_a_mark_is_never_longer_than_the_store_takes(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url)
    app.text_input(key="mark-text").set_value("x" * 5000)
    submit(app)
    assert all(len(mark) <= MARK_LENGTH for mark in marks(store))


def test_a_lesson_has_room_for_some_marks_only(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    for minute in range(30):
        store.add_mark(SITE, ROOM, START + timedelta(minutes=minute), f"mark {minute}")
    app = page(monkeypatch, store_url)
    app.text_input(key="mark-text").set_value("one more")
    submit(app)
    assert WORDS.mark_many in said(app) and len(marks(store)) == 30


def test_no_mark_is_kept_or_removed_in_a_room_that_may_no_longer_be_seen(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    fill_lesson(store, START, 45, seed=2)
    store.add_mark(SITE, ROOM, START, "mine")
    app = page(monkeypatch, store_url)
    (mark,) = store.marks(SITE, ROOM, START, START + HOUR)
    monkeypatch.setattr(access, "allowed_rooms", lambda rooms: [])
    app.text_input(key="mark-text").set_value("not allowed")
    app.button(key=f"remove-{mark.id}").click()
    submit(app)
    assert marks(store) == ["mine"]


def test_a_room_without_numbers_and_an_unknown_one(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    assert ENGLISH.common.no_rooms[0] in said(page(monkeypatch, store_url))
    fill_lesson(store, START, 45, seed=2)
    app = page(monkeypatch, store_url, room="school-a/room-99")
    assert ENGLISH.common.unknown_room[0] in said(app) and not app.metric


def test_without_a_store_it_says_so(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    app = page(monkeypatch, "sqlite:////dev/null/counts.db")
    assert ENGLISH.common.no_store[0] in said(app)


def test_the_room_stays_chosen_from_page_to_page(
    monkeypatch: pytest.MonkeyPatch, store: Store, store_url: str
) -> None:
    for device in ("room-11", ROOM, "room-13"):
        fill_lesson(store, START, 10, seed=2, device=device)
    app = page(monkeypatch, store_url)
    app.selectbox(key="room").select("school-a/room-11").run()
    app.switch_page("pages/live.py").run()
    assert app.selectbox(key="room").value == "school-a/room-11"


def submit(app: AppTest) -> None:
    (button,) = (b for b in app.button if b.label == WORDS.add_mark)
    button.click().run()
    assert not app.exception
