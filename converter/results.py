"""A benchmark's results: one row a network, precision, batch, runtime and number of threads."""

import csv
import dataclasses
import io
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from converter.workers import BenchmarkError

Key = tuple[str, str, int, str, int]


@dataclass(frozen=True)
class Row:
    """What was measured; times in microseconds a face (for a detector, a picture).

    Attributes:
        kind: ``emotion`` or ``detector``.
        precision: as `Precision`, or ``peer`` for a network of others.
        runtime: name and version.
        median_us, p95_us, p99_us: of all repetitions, from pixels to an answer.
        low_us, high_us: 95 % interval of the median, by the rounds.
        inside_us: median of the part inside the runtime; the rest is Python's.
        ratio, ratio_low, ratio_high: median of the ratios to the reference in the same round,
            with its 95 % interval; the reference is the file's first row.
        cold_ms: from the start of a process to its first answer, median.
        peak_mb: most memory of that process; added_mb: of which the network brought (10^6 bytes).
        size_kb: of the file (10^3 bytes).
        operators, outside: their number, and the number left outside XNNPACK; outside_names:
            which; None and empty where that cannot be told.
        accuracy: on `pictures` pictures of PublicTest, 0..1, low and high its 95 % interval.
    """

    network: str
    precision: str
    batch: int
    runtime: str
    threads: int
    kind: str
    median_us: float
    low_us: float
    high_us: float
    p95_us: float
    p99_us: float
    inside_us: float
    ratio: float
    ratio_low: float
    ratio_high: float
    cold_ms: float
    peak_mb: float
    added_mb: float
    size_kb: float
    parameters: int | None
    multiply_adds: int | None
    operators: int | None
    outside: int | None
    outside_names: str
    accuracy: float | None
    accuracy_low: float | None
    accuracy_high: float | None
    pictures: int
    sha256: str

    @property
    def key(self) -> Key:
        """What is the same in another run."""
        return self.network, self.precision, self.batch, self.runtime, self.threads

    @property
    def name(self) -> str:
        """For people."""
        return f"{self.network} {self.precision}"


@dataclass(frozen=True)
class Results:
    """Rows, and facts about the board and the run."""

    facts: dict[str, str]
    rows: tuple[Row, ...]

    def csv(self) -> str:
        """A line of ``# name: value`` a fact, then the table."""
        text = io.StringIO()
        for name, value in self.facts.items():
            text.write(f"# {name}: {value}\n")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow([field.name for field in dataclasses.fields(Row)])
        for row in self.rows:
            writer.writerow([_cell(value) for value in dataclasses.astuple(row)])
        return text.getvalue()


def read_results(path: Path) -> Results:
    """Reads what `Results.csv` wrote.

    Raises:
        BenchmarkError: for a file that is something else.
    """
    try:
        lines = path.read_text().splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise BenchmarkError(
            f"{path}: expected results of python -m converter benchmark, got: {reason}"
        ) from error
    facts = dict(
        line[2:].partition(": ")[::2] for line in lines if line.startswith("# ") and ": " in line
    )
    table = csv.DictReader(line for line in lines if not line.startswith("#"))
    try:
        rows = tuple(_row(record) for record in table)
    except (KeyError, ValueError, TypeError) as error:
        raise BenchmarkError(
            f"{path}: expected the columns of python -m converter benchmark, got {error}"
        ) from error
    if not rows:
        raise BenchmarkError(f"{path}: expected at least one row, got none")
    return Results(facts, rows)


def _row(record: dict[str, Any]) -> Row:
    values: dict[str, Any] = {}
    for field in dataclasses.fields(Row):
        text = record[field.name]
        kind = str(field.type)
        if text == "" and "None" in kind:
            values[field.name] = None
        elif "float" in kind:
            values[field.name] = float(text)
        elif "int" in kind:
            values[field.name] = int(text)
        else:
            values[field.name] = str(text)
    return Row(**values)


def _cell(value: Any) -> Any:
    return f"{value:.6g}" if isinstance(value, float) else "" if value is None else value
