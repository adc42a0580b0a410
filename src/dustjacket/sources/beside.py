"""Files beside a source of one file on local disk, such as the images that a table names."""

import hashlib
import os
import re
from collections.abc import Callable
from itertools import islice
from pathlib import Path

from dustjacket.sources.files import SourceFile, copy_to_s3, files_below, fingerprint, in_place
from dustjacket.storage.store import Store

_HEAD = 64 << 10
_BETWEEN_VALUES = re.compile(r"[,;|\t\"'<>\[\]\r\n]+")
_ISBN = re.compile(r"(?:97[89][- ]?)?(?:\d[- ]?){9}[\dXx]")
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
    if "://" in source or not file.is_file() or not _may_name(file, is_wanted):
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


def _may_name(file: Path, is_wanted: Callable[[str], bool]) -> bool:
    """Return whether the beginning of a file names wanted files or ISBNs, or is no plain text.

    A run is planned often, and the folder of a table of addresses may be large.
    """
    with file.open("rb") as stream:
        head = stream.read(_HEAD)
    if b"\0" in head or (not head.isascii() and "\ufffd" in head.decode("utf-8", "replace")[:-4]):
        return True
    values = (value.strip() for value in _BETWEEN_VALUES.split(head.decode("utf-8", "replace")))
    return any(
        "://" not in value and (is_wanted(value) or _ISBN.fullmatch(value)) for value in values
    )
