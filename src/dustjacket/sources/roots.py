"""Which files and folders of this machine a run may read as its source.

A person who may start runs need not be the one whose files the platform can read. So a source on
local disk is below a folder of ``DUSTJACKET_SOURCE_ROOTS``, or was named in ``dustjacket run`` by
whoever runs the platform.
"""

import os
from pathlib import Path

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings

ROOTS_FILE = "source-roots"
"""File of the state folder: the sources that ``dustjacket run`` was given, one a line."""
SAMPLE_PREFIX = "sample-"
"""Of the sample library's folder: all else in the state folder is never a source."""


def allow(source: str, settings: Settings) -> None:
    """Let runs read a source of this machine from now on.

    Args:
        source: an absolute path; of an address, nothing is allowed.
    """
    file = settings.home / ROOTS_FILE
    if source and "://" not in source and source not in _named(file):
        with file.open("a") as lines:
            lines.write(f"{source}\n")


def check_allowed(source: str, settings: Settings) -> None:
    """Check that a path is below an allowed folder, and not in the state folder.

    Raises:
        BadInputError: it is not; whether it exists is not said.
    """
    # A link to itself has no real path, and is then found not to exist.
    path, home = Path(os.path.realpath(source)), settings.home.resolve()
    if path.is_relative_to(home):
        parts = path.relative_to(home).parts
        if parts and parts[0].startswith(SAMPLE_PREFIX):
            return
        raise BadInputError(f"source {source!r} is in the platform's own folder: name another")
    roots = [root for root in settings.source_roots.split(os.pathsep) if root]
    roots += _named(home / ROOTS_FILE)
    if not any(path.is_relative_to(Path(root).resolve()) for root in roots):
        raise BadInputError(
            f"source {source!r} is in no folder that runs may read: add one to "
            "DUSTJACKET_SOURCE_ROOTS and restart the platform, or name the source in "
            "`dustjacket run`"
        )


def _named(file: Path) -> list[str]:
    lines = file.read_text().split("\n") if file.exists() else []
    return [line for line in lines if line]
