"""Results are kept, compared with earlier ones, and chosen from."""

from pathlib import Path

import pytest

from converter.chart import pareto
from converter.comparison import compare
from converter.pick import Limits, pick
from converter.results import read_results
from converter.workers import BenchmarkError, Worker
from tests.converter.rows import results, row


def slower(factor: float, **changes: object) -> dict[str, object]:
    """The times and ratios of a row that takes longer."""
    times = {"median_us": 100.0, "low_us": 98.0, "high_us": 102.0}
    ratios = {"ratio": 1.0, "ratio_low": 0.99, "ratio_high": 1.01}
    return {name: factor * value for name, value in (times | ratios).items()} | changes


def test_results_are_read_as_they_were_written(tmp_path: Path) -> None:
    written = results(
        row(),
        row(network="YuNet", kind="detector", accuracy=None, outside=None, parameters=None),
        governor="performance: always",
    )
    file = tmp_path / "board.csv"
    file.write_text(written.csv())
    assert read_results(file) == written


def test_the_same_again_is_no_worse() -> None:
    found = compare(results(row(), row(network="b")), results(row(), row(network="b")))
    assert found.worse == []


def test_a_slower_network_is_told_and_a_slower_board_only_once() -> None:
    before = results(row(), row(network="b"), row(network="c"))
    now = results(
        row(median_us=200.0, low_us=196.0, high_us=204.0),
        row(network="b", **slower(1.2, median_us=240.0)),
        row(network="c", median_us=200.0, low_us=196.0, high_us=204.0),
    )
    found = compare(now, before)
    assert found.worse == ["b int8, batch 1, threads: 1: 20% slower (100.0 to 240.0 µs)"]
    assert "the times of all are 2.00 times the earlier" in found.notes[0]


def test_a_reference_that_moved_makes_nothing_worse() -> None:
    before = results(*(row(network=name) for name in "abcde"))
    # The reference itself became quicker, and one network really slower.
    now = results(row(median_us=90.0), *(row(network=name, **slower(1.1)) for name in "bcd"))
    now = results(*now.rows, row(network="e", **slower(1.3, median_us=120.0)))
    found = compare(now, before)
    assert found.worse == ["e int8, batch 1, threads: 1: 18% slower (100.0 to 120.0 µs)"]


def test_what_lies_within_the_noise_is_not_told() -> None:
    noisy = row(network="b", **slower(1.2, ratio_low=0.9, ratio_high=1.5))
    assert compare(results(row(), noisy), results(row(), row(network="b"))).worse == []


def test_memory_size_accuracy_and_operators_are_compared_too() -> None:
    worse = row(network="b", peak_mb=60.0, size_kb=500.0, accuracy=0.69, outside=3, cold_ms=400.0)
    found = compare(results(row(), worse), results(row(), row(network="b"))).worse
    told = " ".join(found)
    for words in ("cold start 400 ms", "60.0 MB", "500 kB", "3 operators outside", "69.0%"):
        assert words in told
    assert len(found) == 5


def test_another_board_is_named() -> None:
    found = compare(results(row(), governor="powersave"), results(row(), governor="performance"))
    assert "governor: powersave (was performance)" in found.notes


def test_the_front_holds_what_nothing_beats() -> None:
    quick = row(network="quick", median_us=10.0, accuracy=0.6)
    good = row(network="good", median_us=50.0, accuracy=0.7)
    slow = row(network="slow", median_us=60.0, accuracy=0.65)
    equal = row(network="equal", median_us=70.0, accuracy=0.7)
    assert pareto([slow, good, equal, quick]) == [quick, good]


def test_the_most_accurate_within_the_limits_is_picked() -> None:
    small = row(network="small", median_us=50.0, size_kb=200.0, accuracy=0.68)
    large = row(network="large", median_us=300.0, size_kb=900.0, accuracy=0.73)
    exact = row(network="exact", precision="float32", median_us=10.0, accuracy=0.9)
    found = results(small, large, exact)
    assert pick(found, Limits()) == large
    assert pick(found, Limits(max_us=150)) == small
    assert pick(found, Limits(max_kb=300)) == small
    assert pick(found, Limits(min_accuracy=0.7)) == large
    with pytest.raises(BenchmarkError, match=r"got none: large 300 µs; small 68\.0% right"):
        pick(found, Limits(max_us=150, min_accuracy=0.7))
    with pytest.raises(BenchmarkError, match="expected results of int8 networks"):
        pick(results(exact), Limits())


def test_a_python_without_the_runtime_is_told() -> None:
    with pytest.raises(BenchmarkError, match="No module named 'no_runtime'"):
        Worker("no_runtime")
    with pytest.raises(BenchmarkError, match="expected a Python interpreter, got: No such file"):
        Worker(python="/nowhere/python")
