"""What benchmarks share: times and peak memory, and the line that each figure is printed as."""

import json
import os
import shutil
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from multiprocessing import Process
from pathlib import Path
from statistics import median

import psutil
from scipy.stats import binom

STATE = Path(__file__).parents[2] / ".dustjacket"

_POLL_S = 0.5


@dataclass(frozen=True)
class Measured:
    """Seconds that something took, and the most memory of its process tree meanwhile, in MiB."""

    seconds: float
    memory_mib: float


def measured(work: Callable[[], object], apart: Process | None = None) -> Measured:
    """Do ``work`` and measure it; memory is proportional (PSS), so shared pages count once.

    Args:
        apart: the process that ``work`` starts, where its memory alone is meant; else it is that
            of this process and all below.
    """
    over, peak = threading.Event(), [0.0]

    def watch() -> None:
        while True:
            peak[0] = max(peak[0], _tree_mib(apart))
            if over.wait(_POLL_S):
                return

    thread = threading.Thread(target=watch, daemon=True)
    thread.start()
    began = time.monotonic()
    work()
    seconds = time.monotonic() - began
    over.set()
    thread.join()
    return Measured(seconds, peak[0])


def _tree_mib(apart: Process | None) -> float:
    total = 0
    if apart and apart.pid is None:
        return 0.0  # not started yet
    try:
        root = psutil.Process(apart.pid if apart else None)
        below = root.children(recursive=True)
    except psutil.NoSuchProcess:
        return 0.0
    for process in [root, *below]:
        try:
            total += process.memory_full_info().pss
        except (psutil.NoSuchProcess, psutil.AccessDenied):
            continue
    return total / 2**20


def in_turn(
    ours: Callable[[], Measured], peer: Callable[[], Measured], runs: int
) -> tuple[list[Measured], list[Measured]]:
    """Measure both, one after the other, so many times."""
    pairs = [(ours(), peer()) for _ in range(runs)]
    return [one for one, _ in pairs], [other for _, other in pairs]


def fetched(name: str, *packages: str) -> Path:
    """Return a folder with packages that a peer alone needs, fetched the first time."""
    folder = STATE / f"bench-{name}"
    if not folder.exists():
        uv = shutil.which("uv") or str(STATE / "uv" / "bin" / "uv")
        subprocess.run(
            [uv, "pip", "install", "-q", "--no-deps", "--target", folder, *packages], check=True
        )
    return folder


def own_program(name: str, package: str) -> Path:
    """Return the program of a package, in an environment of its own, made the first time."""
    folder = STATE / f"bench-{name}"
    if not (program := folder / "bin" / name).exists():
        uv = shutil.which("uv") or str(STATE / "uv" / "bin" / "uv")
        python = str(folder / "bin" / "python")
        subprocess.run([uv, "venv", "-q", "--python", sys.executable, str(folder)], check=True)
        subprocess.run([uv, "pip", "install", "-q", "--python", python, package], check=True)
    return program


def line(
    name: str,
    ours: float | Sequence[float],
    peer: float | Sequence[float],
    unit: str,
    n: int,
    note: str,
    digits: int = 1,
) -> None:
    """Print one figure as JSON; the ratio is ours to the peer's.

    Of figures of rounds in which both sides were measured in turn, the medians are printed, the
    median of the rounds' ratios, and its 95 % interval, which needs six rounds.
    """
    mine, other = ([value] if isinstance(value, float | int) else value for value in (ours, peer))
    ratios = [one / two for one, two in zip(mine, other, strict=True) if two]
    bounds = median_interval(ratios)
    figure = {
        "name": name,
        "ours": round(median(mine), digits),
        "peer": round(median(other), digits),
        "ratio": round(median(ratios), 3) if ratios else None,
        "interval": bounds and [round(bound, 3) for bound in bounds],
        "rounds": len(mine),
        "unit": unit,
        "n": n,
        "note": note,
        "machine": machine(),
    }
    print(json.dumps(figure, ensure_ascii=False), flush=True)


def median_interval(values: Sequence[float]) -> tuple[float, float] | None:
    """Return the 95 % interval of a median, by order statistics; None of fewer than six values.

    Hahn and Meeker, Statistical Intervals (1991), section 5.3: nothing is assumed about the
    distribution.
    """
    below = int(binom.ppf(0.025, len(values), 0.5)) if values else 0
    ranked = sorted(values)
    return (ranked[below - 1], ranked[-below]) if below else None


@cache
def machine() -> str:
    """Return this machine's processor, its cores, and its instructions for bf16."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    named = {key.strip(): value.strip() for key, _, value in (one.partition(":") for one in lines)}
    has = [name for name in ("avx512_bf16", "amx_bf16") if name in named.get("flags", "").split()]
    model = named.get("model name", "unknown processor")
    return f"{model}, {len(os.sched_getaffinity(0))} cores, {' and '.join(has) or 'no bf16'}"


def middle(runs: list[Measured]) -> Measured:
    """Return the medians."""
    return Measured(median(r.seconds for r in runs), median(r.memory_mib for r in runs))
