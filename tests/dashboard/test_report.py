"""A lesson's averages, shares, stretches and exports, from windows alone."""

import io
import json
import re
from datetime import datetime, timedelta, timezone
from xml.etree import ElementTree

import pandas as pd
import pytest

from dashboard import confusion, export, lesson_charts, lesson_words, printed, report, style
from dashboard.history import CATEGORIES
from dashboard.records import Room
from dashboard.report import Report
from dashboard.store import Store
from dashboard.texts import ENGLISH, GERMAN
from dashboard.timetable import Period
from tests.dashboard.conftest import batch_for
from tests.dashboard.device_messages import START, WINDOW, counts, status
from tests.dashboard.pages import fill_lesson

UTC = timezone.utc
HOSTILE = '<script>alert(1)</script> & "q"'
LESSON = Period(START, START + timedelta(minutes=10), "Maths 7b")


def put(store: Store, seqs: range, *, suppressed: bool = False, **people: int) -> None:
    with batch_for(store) as batch:
        batch.set_status("school-a", "room-12", status(), START)
        for seq in seqs:
            sent = counts(seq, suppressed=suppressed, **people)
            batch.add_counts("school-a", sent, sent.window_end)


def read(store: Store, period: Period = LESSON, now: datetime | None = None) -> Report:
    (room,) = store.rooms()
    return report.read(store, room, period, confusion.released(), now or period.end)


@pytest.fixture
def lesson(store: Store) -> Report:
    """Ten minutes: five counted, two hidden, two missing, one counted."""
    put(store, range(0, 60), happy=8, neutral=11, uncertain=1)
    put(store, range(60, 84), suppressed=True)
    put(store, range(108, 120), happy=2, neutral=7, uncertain=1)
    store.add_mark("school-a", "room-12", START + timedelta(minutes=2), HOSTILE)
    return read(store)


def test_hidden_and_missing_stretches_are_told_and_never_counted(lesson: Report) -> None:
    assert lesson.counted_time == timedelta(minutes=6)
    assert lesson.hidden_time == timedelta(minutes=2)
    assert lesson.missing_time == timedelta(minutes=2)
    assert lesson.average_people == pytest.approx((60 * 20 + 12 * 10) / 72)
    assert (lesson.totals.windows, lesson.totals.counted) == (96, 72)


def test_shares_are_of_all_people_counted_and_lie_in_their_ranges(lesson: Report) -> None:
    shares = report.shares(lesson.totals)
    assert shares is not None and sum(shares.values()) == pytest.approx(1)
    assert shares["happy"] == pytest.approx((60 * 8 + 12 * 2) / (60 * 20 + 12 * 10))
    assert lesson.ranges is not None and "uncertain" not in lesson.ranges
    for emotion, known in lesson.ranges.items():
        assert known.counted == pytest.approx(shares[emotion])
        assert 0 <= known.low <= known.counted <= known.high <= 1 - shares["uncertain"] + 1e-9


def test_the_store_adds_a_period_up_as_the_report_does(store: Store, lesson: Report) -> None:
    assert store.totals("school-a", "room-12", LESSON.start, LESSON.end) == lesson.totals


def test_the_minutes_of_a_chart_hold_averages_only_of_what_was_counted(lesson: Report) -> None:
    bars = report.bins(lesson)
    tops = {bar.start: bar.above for bar in bars if bar.category == "uncertain"}
    assert set(tops.values()) == {20.0, 10.0}
    assert [b.category for b in bars if b.start == START] == ["happy", "neutral", "uncertain"]
    for stretch in (*lesson.hidden, *lesson.missing):
        assert not any(b.start < stretch.ended_at and stretch.started_at < b.end for b in bars)


def test_a_lesson_that_goes_on_has_no_gap_in_what_is_to_come(store: Store) -> None:
    put(store, range(0, 36))
    now = START + timedelta(minutes=3)
    found = read(store, now=now)
    assert found.until == now and found.missing_time == timedelta(0)
    assert lesson_words.warnings(found, ENGLISH) == [ENGLISH.lesson.still_on]


def test_nobody_in_view_is_zero_and_hidden_numbers_are_none(store: Store) -> None:
    put(store, range(0, 120), happy=0, uncertain=0)
    found = read(store)
    assert found.average_people == 0 and report.shares(found.totals) is None
    assert found.ranges is None
    assert lesson_words.headline(found, ENGLISH) == ENGLISH.lesson.nothing
    later = Period(LESSON.end, LESSON.end + timedelta(minutes=5))
    put(store, range(120, 180), suppressed=True)
    hidden = read(store, later)
    assert hidden.average_people is None
    assert lesson_words.headline(hidden, ENGLISH) == ENGLISH.lesson.all_hidden


def test_the_headline_and_what_must_be_known_before_it(lesson: Report) -> None:
    assert lesson_words.heading(LESSON, UTC, ENGLISH) == (
        "Maths 7b, Saturday, 31 January 2026, 08:00–08:10"
    )
    assert lesson_words.heading(LESSON, UTC, GERMAN) == (
        "Maths 7b, Samstag, 31. Januar 2026, 08:00–08:10"
    )
    assert lesson_words.headline(lesson, ENGLISH) == (
        "About 18 people. Mostly counted as “Neutral” (56 %), then “Happy” (38 %)."
    )
    (gap,) = lesson_words.warnings(lesson, ENGLISH)
    assert gap.startswith("For 2 min of this lesson there is no data")
    facts = dict(lesson_words.facts(lesson, ENGLISH))
    assert list(facts.values()) == ["18", "6 min", "2 min", "2 min"]


def test_another_network_on_the_device_is_said(lesson: Report) -> None:
    assert ENGLISH.lesson.other_network in lesson_words.limits(lesson, ENGLISH)


def test_the_table_has_a_row_a_window_and_a_gap(lesson: Report) -> None:
    table = export.frame(lesson)
    assert table["state"].value_counts().to_dict() == {
        "counted": 72,
        "suppressed": 24,
        "missing": 1,
    }
    assert table["start"].is_monotonic_increasing
    without = table[table["state"] != "counted"]
    assert without[["people", *CATEGORIES]].isna().all(axis=None)
    gap = table[table["state"] == "missing"].iloc[0]
    assert gap["end"] - gap["start"] == timedelta(minutes=2)


def test_csv_and_parquet_hold_the_same(lesson: Report) -> None:
    table = export.frame(lesson)
    pd.testing.assert_frame_equal(pd.read_parquet(io.BytesIO(export.parquet(lesson))), table)
    text = export.csv(lesson).decode().splitlines()
    assert text[0] == "start,end,state,people," + ",".join(CATEGORIES)
    assert (
        text[1] == "2026-01-31T08:00:00.000Z,2026-01-31T08:00:05.000Z,counted,20,0,0,0,8,11,0,0,1"
    )
    assert len(text) == len(table) + 1
    assert export.file_stem(lesson) == "school-a_room-12_2026-01-31T0800Z"


def test_the_printed_report_needs_nothing_else_and_escapes_what_it_is_given(
    lesson: Report,
) -> None:
    others = [(HOSTILE, lesson.totals), ("Fri 30 Jan 08:00", report.add_up([]))]
    page = printed.html(lesson, others, UTC, "en", ENGLISH).decode()
    assert "<script" not in page and HOSTILE not in page and "&lt;script&gt;" in page
    # Nothing is fetched, and nothing runs.
    assert not re.search(r"(src|href)=|url\((?!#)|@import|\bon\w+=", page)
    assert ENGLISH.common.no_pupil in page and "56 %" in page and 'lang="en"' in page
    # The timeline, and a bar for each share, which the words below them speak of.
    drawings = re.findall("<svg.*?</svg>", page, re.S)
    assert len(drawings) == 1 + len(CATEGORIES)
    assert {ElementTree.fromstring(drawing).tag for drawing in drawings} == {"svg"}


def test_charts_tell_hidden_from_missing_and_number_the_marks(lesson: Report) -> None:
    chart = lesson_charts.timeline(lesson, UTC, ENGLISH, style.LIGHT)
    data = chart["datasets"]
    assert [row["words"] for row in data["hidden"]] == [ENGLISH.live.hidden_band]
    assert [row["words"] for row in data["missing"]] == [ENGLISH.live.gap_band]
    assert [(row["number"], row["text"]) for row in data["marks"]] == [("1", HOSTILE)]
    assert {row["emotion"] for row in data["people"]} == {"Happy", "Neutral", "Not sure"}
    # Eight on the wall's clock, wherever the browser is.
    assert data["bounds"][0]["at"] == 1000 * START.timestamp()
    shares = lesson_charts.shares(lesson, ENGLISH, style.DARK)["datasets"]["shares"]
    assert [row["category"] for row in shares] == list(CATEGORIES)
    assert shares[-1]["label"] == "Not sure|5 %"
    rows = [("This lesson", lesson.totals), ("Empty", report.add_up([]))]
    compared = lesson_charts.comparison(rows, ENGLISH, style.LIGHT)
    labels = {row["label"] for row in compared["datasets"]["lessons"]}
    assert labels == {"This lesson|about 18 people", "Empty|no numbers"}
    json.dumps([chart, compared])


def test_a_long_period_has_no_more_bars_than_a_chart_has_room_for(store: Store) -> None:
    fill_lesson(store, START, 6 * 60, seed=3)
    whole = Period(START, START + timedelta(hours=6))
    starts = {bar.start for bar in report.bins(read(store, whole))}
    assert 60 <= len(starts) <= 90


def test_windows_outside_the_period_do_not_count(store: Store) -> None:
    put(store, range(0, 240))
    half = Period(START + timedelta(minutes=5), START + timedelta(minutes=10))
    found = read(store, half)
    assert len(found.windows) == timedelta(minutes=5) / WINDOW
    assert isinstance(found.room, Room) and found.missing_time == timedelta(0)
