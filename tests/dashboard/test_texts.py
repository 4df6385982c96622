"""Both languages say everything, with the same keys and the same blanks to fill."""

import string
from collections.abc import Iterator
from dataclasses import fields, is_dataclass
from datetime import timedelta
from typing import Any

import pytest

from dashboard.history import CATEGORIES
from dashboard.texts import ENGLISH, GERMAN, LANGUAGES, Texts

# The same in both languages.
SAME = {
    "common.emotions.neutral",
    "common.no_number",
    "common.pages.live",
    "lesson.minutes",
    "lesson.share_alone",
    *(f"lesson.months.{number}" for number in (3, 7, 8, 10)),
}


def words(part: Any, name: str = "") -> Iterator[tuple[str, str]]:
    """Every word of a language by its path."""
    if isinstance(part, str):
        yield name, part
        return
    if is_dataclass(part):
        inner = {field.name: getattr(part, field.name) for field in fields(part)}
    elif isinstance(part, dict):
        inner = part
    else:
        inner = dict(enumerate(part))
    for key, value in inner.items():
        yield from words(value, f"{name}.{key}".lstrip("."))


def blanks(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name is not None}


@pytest.mark.parametrize("texts", [t for t in LANGUAGES.values() if t is not ENGLISH])
def test_a_language_has_the_keys_and_blanks_of_english(texts: Texts) -> None:
    english, other = dict(words(ENGLISH)), dict(words(texts))
    assert set(english) == set(other)
    for key, text in english.items():
        assert other[key].strip(), key
        if key != "lesson.short_date":  # a month is a number in one, a word in another
            assert blanks(other[key]) == blanks(text), key
        if key not in SAME:
            assert other[key] != text, key


@pytest.mark.parametrize("texts", LANGUAGES.values())
def test_every_emotion_and_state_has_a_word(texts: Texts) -> None:
    assert set(texts.common.emotions) == set(CATEGORIES)
    assert set(texts.common.states) == {"online", "paused", "offline", "unknown"}


@pytest.mark.parametrize(
    ("seconds", "english", "german"),
    [
        (0.4, "just now", "gerade eben"),
        (1, "1 second ago", "vor 1 Sekunde"),
        (59, "59 seconds ago", "vor 59 Sekunden"),
        (3600, "1 hour ago", "vor 1 Stunde"),
        (200_000, "2 days ago", "vor 2 Tagen"),
    ],
)
def test_ages(seconds: float, english: str, german: str) -> None:
    elapsed = timedelta(seconds=seconds)
    assert (ENGLISH.common.age(elapsed), GERMAN.common.age(elapsed)) == (english, german)
