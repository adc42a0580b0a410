"""Files of published versions on this machine's disk, verified each time they are used."""

import os
import shutil
from pathlib import Path

from dustjacket.storage.host import private_folder
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

_KEPT = 4
"""Versions of each kind that stay; of others, the least recently used are deleted."""


def cached(store: Store, manifest: Manifest, cache: Path, prefix: str = "") -> Path:
    """Return a folder with the files of a version whose path begins with ``prefix``.

    It is ``cache/<kind>/<version>``. Only files that are not there, or whose SHA-256 is not the
    manifest's, are downloaded. Several processes may do so at once.

    Raises:
        CorruptVersionError: a published file is missing, or its bytes have changed.
        DustjacketError: the folder cannot be created, or belongs to another account.
    """
    kind = private_folder(cache / manifest.kind)
    folder = private_folder(kind / manifest.version)
    os.utime(folder)
    for unused in least_recently_used(kind, _KEPT):
        shutil.rmtree(unused, ignore_errors=True)
    store.download(manifest, folder, prefix)
    return folder


def least_recently_used(folder: Path, kept: int) -> list[Path]:
    """Return what is in a folder, less the ``kept`` entries that were used last."""
    return sorted(folder.iterdir(), key=_last_use, reverse=True)[kept:]


def _last_use(path: Path) -> float:
    try:
        return path.lstat().st_mtime
    except FileNotFoundError:  # another process deleted it
        return 0.0
