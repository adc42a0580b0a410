"""``dustjacket doctor``: checks all that the platform needs, and names the cure for what fails."""

import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from difflib import get_close_matches
from functools import partial

from pydantic import ValidationError
from rich.console import Console
from rich.table import Table
from rich.text import Text

from dustjacket.errors import DustjacketError
from dustjacket.platform import server_checks
from dustjacket.platform.java import MINIMUM, PACKAGE, find_java
from dustjacket.platform.server_checks import Finding, State
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.settings import PREFIX, Settings, home, load_settings

_COLOURS: dict[State, str] = {"ok": "green", "warning": "yellow", "failed": "red"}
_ENOUGH_BYTES, _SCARCE_BYTES = 10 * 2**30, 2**30


def examine() -> list[Finding]:
    """Run all checks, at the same time, and return what they found."""
    try:
        settings = load_settings()
    except (DustjacketError, ValidationError) as error:
        return [_broken_settings(error), java(), disk(), bf16()]
    checks: list[Callable[[], Finding | list[Finding]]] = [
        lambda: names_of_settings(os.environ),
        java,
        disk,
        bf16,
        *(partial(check, settings) for check in server_checks.CHECKS),
    ]
    with ThreadPoolExecutor(len(checks)) as pool:
        results = [pool.submit(check) for check in checks]
    return list(_flat(result.result() for result in results))


def _flat(found: Iterator[Finding | list[Finding]]) -> Iterator[Finding]:
    for one in found:
        yield from one if isinstance(one, list) else [one]


def _broken_settings(error: DustjacketError | ValidationError) -> Finding:
    if isinstance(error, DustjacketError):
        return Finding("settings", "failed", str(error), "see docs/operations.md")
    first = error.errors(include_input=False)[0]
    name = f"{PREFIX}{str(first['loc'][0]).upper()}"
    return Finding("settings", "failed", f"{name}: {first['msg']}", f"correct or unset {name}")


def names_of_settings(environment: Mapping[str, str]) -> Finding:
    """Look for variables that are written almost like a setting, and so set nothing."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known}
    for name in sorted(environment):
        if name.startswith(PREFIX) and name not in known:
            near = get_close_matches(name, known, n=1, cutoff=0.9)
            if near:
                return Finding("settings", "warning", f"{name} is no setting", f"use {near[0]}")
    return Finding("settings", "ok", f"of {home()}")


def java() -> Finding:
    """Look for a Java that can run Spark."""
    if folder := find_java():
        return Finding("Java", "ok", str(folder))
    cure = f"install {PACKAGE} (Debian), or set JAVA_HOME"
    return Finding("Java", "failed", f"no Java {MINIMUM} or later", cure)


def disk() -> Finding:
    """Measure the free space of the disk of the platform's state."""
    folder = home()
    folder = next(each for each in (folder, *folder.parents) if each.exists())
    free = shutil.disk_usage(folder).free
    found = f"{free / 2**30:.1f} GiB free on the disk of {folder}"
    if free >= _ENOUGH_BYTES:
        return Finding("disk", "ok", found)
    cure = "free some, see `dustjacket retention`, or set DUSTJACKET_HOME to a folder elsewhere"
    return Finding("disk", "failed" if free < _SCARCE_BYTES else "warning", found, cure)


def bf16() -> Finding:
    """Look for hardware that computes in bf16."""
    import torch

    if torch.cuda.is_available():
        fast, where = torch.cuda.is_bf16_supported(), "the GPU"
    else:
        fast, where = has_fast_bf16(), "the processor"
    if fast:
        return Finding("bf16", "ok", f"{where} computes in bf16")
    cure = "leave the steps' precision at fp32; trainings take longer than on hardware with bf16"
    return Finding("bf16", "warning", f"{where} only emulates bf16", cure)


def print_findings(findings: list[Finding], console: Console) -> None:
    """Print what each check found, and what to do."""
    table = Table("check", "state", "found", "cure", box=None)
    for one in findings:
        table.add_row(one.check, Text(one.state, _COLOURS[one.state]), one.found, one.cure)
    console.print(table)
