"""Puts measured figures into a document, between two marks."""

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path


class DocumentError(Exception):
    """A document that cannot take a table; one sentence says why."""


def check(document: Path, names: Iterable[str]) -> str:
    """The text of a document that has a place for each name.

    Raises:
        DocumentError: where it is none, or has no such place.
    """
    try:
        text = document.read_text(encoding="utf-8")
    except OSError as error:
        raise DocumentError(
            f"{document}: expected a document, got: {error.strerror}; give another with --document"
        ) from error
    for name in names:
        begin, end = _marks(name)
        if begin not in text or end not in text.partition(begin)[2]:
            raise DocumentError(
                f"{document}: expected the marks {begin} and {end}, found none; add them"
            )
    return text


def insert(document: Path, texts: Mapping[str, str]) -> None:
    """Replaces what stands between ``<!-- name -->`` and ``<!-- /name -->``.

    Raises:
        DocumentError: as `check`.
    """
    whole = check(document, texts)
    for name, text in texts.items():
        begin, end = _marks(name)
        before, _, rest = whole.partition(begin)
        whole = f"{before}{begin}\n\n{text}\n\n{end}{rest.partition(end)[2]}"
    document.write_text(whole, encoding="utf-8")


def table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """A table in Markdown."""
    lines = [header, ["---"] * len(header), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def _marks(name: str) -> tuple[str, str]:
    return f"<!-- {name} -->", f"<!-- /{name} -->"
