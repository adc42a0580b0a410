"""Files beside a source of one file on local disk, such as the images that a table names."""

import hashlib
import os
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from dustjacket.sources.files import SourceFile, copy_to_s3, files_below, fingerprint, in_place
from dustjacket.storage.store import Store

_MAX_FILES = 100_000
"""Files in the folder of a table; of a larger folder, none counts as beside it."""


def fingerprint_with_beside(source: str, store: Store, is_wanted: Callable[[str], bool]) -> str:
    """Return a digest of a source, and of the files beside it, if it is one file.

    Of the files beside it, names and sizes count: to read them all would take as long as an
    ingestion. See :func:`dustjacket.sources.files.fingerprint`.
    """
    content = fingerprint(source, store.settings, store)
    beside = _beside(source, is_wanted)
    if not beside:
        return content
    listed = [f"{path.stat().st_size} {name}\0" for name, path in beside]
    return hashlib.sha256(os.fsencode("".join([content, *listed]))).hexdigest()


def stage_beside(source: str, store: Store, is_wanted: Callable[[str], bool]) -> list[SourceFile]:
    """Return the files beside a source; see :func:`dustjacket.sources.files.stage`."""
    found = _beside(source, is_wanted)
    if store.settings.folder:
        return [in_place(name, path) for name, path in found]
    return copy_to_s3(Path(source).parent, store, found) if found else []


def _beside(source: str, is_wanted: Callable[[str], bool]) -> list[tuple[str, Path]]:
    """Return name and path of the wanted files in the folder of a file, and below."""
    file = Path(source)
    if "://" in source or not file.is_file():
        return []
    folder = file.parent
    below = list(islice(files_below(folder, folder.resolve()), _MAX_FILES + 1))
    named = [(path.relative_to(folder).as_posix(), path) for path in below if path != file]
    inside = [
        (name, path)
        for name, path in named
        if is_wanted(name) and path.resolve().is_relative_to(folder.resolve())
    ]
    return sorted(inside) if len(below) <= _MAX_FILES else []
