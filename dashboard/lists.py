"""Plain tables for a terminal: what is missing, and what was refused."""

from collections.abc import Sequence
from datetime import datetime

from dashboard.records import Gap, Rejected


def gaps(found: Sequence[Gap]) -> str:
    """One line a gap, with the moments (UTC) of the windows around it."""
    return _table(
        ("ROOM", "BOOT", "MISSING", "FROM", "TO", "AFTER", "BEFORE"),
        [
            (
                f"{gap.site}/{gap.device}",
                gap.boot_id[:8],
                str(gap.last_missing - gap.first_missing + 1),
                str(gap.first_missing),
                str(gap.last_missing),
                _moment(gap.after),
                _moment(gap.before),
            )
            for gap in found
        ],
    )


def rejected(found: Sequence[Rejected]) -> str:
    """One line a kind and cause, with the newest reason."""
    return _table(
        ("KIND", "CAUSE", "TIMES", "FIRST", "LAST", "REASON"),
        [
            (
                row.kind,
                row.cause,
                str(row.times),
                _moment(row.first_at),
                _moment(row.last_at),
                row.reason,
            )
            for row in found
        ],
    )


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    widths = [max(map(len, column)) for column in zip(head, *rows, strict=True)]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()
        for row in (head, *rows)
    )


def _moment(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")
