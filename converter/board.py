"""Which machine a benchmark ran on, as far as it tells."""

import os
import platform
import re
from pathlib import Path
from typing import Final

from edge_agent.health import cpu_temperature_c, throttled

_FEATURES: Final = (
    *("avx2", "avx512f", "avx512_vnni", "avx_vnni", "avx512_bf16", "amx_int8"),
    *("asimd", "asimddp", "i8mm", "asimdhp", "sve"),
)
"""Instruction sets that matter for int8 and float16."""


def board() -> dict[str, str]:
    """Facts by name: the model, its cores, what it is doing besides."""
    cpuinfo = _text("/proc/cpuinfo")
    flags = set(_first(cpuinfo, "flags", "Features").split())
    temperature, slowed = cpu_temperature_c(), throttled()
    return {
        "board": _text("/proc/device-tree/model").strip("\0 \n")
        or _first(cpuinfo, "model name", "Model")
        or platform.machine(),
        "machine": platform.machine(),
        "cores": str(os.cpu_count()),
        "instruction sets": " ".join(name for name in _FEATURES if name in flags) or "unknown",
        "governor": _text("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor").strip()
        or "unknown",
        "temperature": "unknown" if temperature is None else f"{temperature:.0f} °C",
        "throttled": "unknown" if slowed is None else "yes" if slowed else "no",
        "load": " ".join(f"{value:.2f}" for value in os.getloadavg()),
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
    }


def slug(facts: dict[str, str]) -> str:
    """A file name for a board: ``raspberry-pi-5-model-b-rev-1-0-4-cores``."""
    words = re.sub(r"[^a-z0-9]+", "-", facts["board"].lower()).strip("-")
    return f"{words}-{facts['cores']}-cores"


def _first(cpuinfo: str, *names: str) -> str:
    for line in cpuinfo.splitlines():
        name, _, value = line.partition(":")
        if name.strip() in names:
            return value.strip()
    return ""


def _text(path: str) -> str:
    try:
        return Path(path).read_text()
    except (OSError, UnicodeDecodeError):
        return ""
