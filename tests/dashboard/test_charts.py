"""The chart names every emotion, and its colours can be told apart."""

from datetime import timedelta
from typing import Any

from dashboard import charts, style
from dashboard.history import CATEGORIES
from dashboard.records import Window
from dashboard.texts import ENGLISH
from tests.dashboard.device_messages import BOOT, START, WINDOW


def rows(spec: dict[str, Any]) -> list[dict[str, Any]]:
    return [row for data in spec["datasets"].values() for row in data]


def plain(words: str) -> str:
    return words.replace("\N{NO-BREAK SPACE}", " ")


def test_every_category_has_its_own_word_and_colour() -> None:
    assert set(style.COLOURS) == set(CATEGORIES) == set(ENGLISH.common.emotions)
    assert len(set(style.COLOURS.values())) == len(set(ENGLISH.common.emotions.values())) == 8


def test_the_chart_cuts_windows_to_its_span_and_names_what_is_missing() -> None:
    end = START + charts.SPAN
    long_ago = Window(BOOT, 0, START - WINDOW, START + WINDOW, 3, {"happy": 2}, 1, False)
    hidden = Window(BOOT, 9, end - 9 * WINDOW, end, None, None, None, True)
    spec = charts.recent_people([long_ago, hidden], end, WINDOW, ENGLISH, style.LIGHT)
    found = rows(spec)
    assert {"Happy", "Not sure"} == {row["emotion"] for row in found if "emotion" in row}
    stretches = [row for row in found if "from" in row]
    assert all(-300 <= row["from"] <= row["to"] <= 0 for row in stretches)
    words = {plain(row["words"]) for row in found if row.get("words")}
    assert words == {ENGLISH.live.hidden_band, ENGLISH.live.gap_band}


def test_a_chart_without_windows_is_one_gap() -> None:
    found = rows(charts.recent_people([], START, timedelta(seconds=5), ENGLISH, style.LIGHT))
    assert {plain(row["words"]) for row in found} == {ENGLISH.live.gap_band}


def test_only_the_data_changes_from_call_to_call() -> None:
    window = Window(BOOT, 0, START, START + WINDOW, 3, {"happy": 2}, 1, False)
    first, second = (
        charts.recent_people(w, START + WINDOW, WINDOW, ENGLISH, style.LIGHT)
        for w in ([], [window])
    )
    assert first.pop("datasets") != second.pop("datasets")
    assert first == second
