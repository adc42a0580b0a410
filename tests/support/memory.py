"""The memory that a piece of work needs, as the kernel counts it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any


def peak_growth_mib(work: Callable[[], Any]) -> float:
    """Return by how much the memory of this process exceeds, at most, what it was before."""
    Path("/proc/self/clear_refs").write_text("5")  # forgets the peak so far
    before = _status("VmRSS")
    work()
    return _status("VmHWM") - before


def _status(field: str) -> float:
    lines = Path("/proc/self/status").read_text().splitlines()
    kib = next(line.split()[1] for line in lines if line.startswith(f"{field}:"))
    return int(kib) / 1024
