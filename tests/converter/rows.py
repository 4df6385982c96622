"""Rows of results as a benchmark would write them."""

from typing import Any

from converter.results import Results, Row


def row(**changes: Any) -> Row:
    """A classifier at 100 µs and 70 %, with some fields changed."""
    values: dict[str, Any] = {
        "network": "a",
        "precision": "int8",
        "batch": 1,
        "runtime": "ai-edge-litert-2.3.0",
        "threads": 1,
        "kind": "emotion",
        "median_us": 100.0,
        "low_us": 98.0,
        "high_us": 102.0,
        "p95_us": 120.0,
        "p99_us": 150.0,
        "inside_us": 95.0,
        "ratio": 1.0,
        "ratio_low": 0.99,
        "ratio_high": 1.01,
        "cold_ms": 200.0,
        "peak_mb": 50.0,
        "added_mb": 10.0,
        "size_kb": 400.0,
        "parameters": 400_000,
        "multiply_adds": 30_000_000,
        "operators": 28,
        "outside": 1,
        "outside_names": "QUANTIZE",
        "accuracy": 0.7,
        "accuracy_low": 0.685,
        "accuracy_high": 0.715,
        "pictures": 3589,
        "sha256": "0" * 64,
    }
    return Row(**(values | changes))


def results(*rows: Row, **facts: str) -> Results:
    """Of a board."""
    return Results({"board": "a board", "cores": "4", **facts}, rows)
