"""Tests the clock and the temperature."""

from datetime import datetime, timezone
from typing import Final

from edge_agent.finding import Finding
from edge_agent.health import clock_synced, cpu_temperature_c, throttled

_HOT_C: Final = 75.0
"""A Raspberry Pi slows down at 80 degrees."""


def check_clock() -> Finding:
    """Whether the clock follows a time server."""
    now = f"{datetime.now(timezone.utc):%Y-%m-%d %H:%M} UTC"
    if clock_synced():
        return Finding("clock", "ok", f"{now}, synchronised")
    return Finding(
        "clock",
        "warning",
        f"{now}, not synchronised, and windows will say so: timedatectl set-ntp true, and let the "
        "device reach a time server",
    )


def check_temperature() -> Finding:
    """Whether the processor is cool enough to go on at full speed."""
    degrees = cpu_temperature_c()
    told = "this machine does not tell" if degrees is None else f"{degrees:.0f} °C"
    if throttled():
        return Finding(
            "temperature",
            "warning",
            f"{told}, slowed down: give it a stronger power supply or more air",
        )
    if degrees is not None and degrees >= _HOT_C:
        return Finding("temperature", "warning", f"{told}: give it more air, or a fan")
    return Finding("temperature", "ok", told)
