"""What a source of covers holds, and where: a table, or a folder of tables and images."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from urllib.parse import urlsplit

from dustjacket.covers.places import Folder, Objects, Place
from dustjacket.settings import Settings
from dustjacket.sources import local_files, stage
from dustjacket.storage import Store
from dustjacket.web import download, is_url

TABLES = (".csv", ".tsv", ".txt", ".parquet", ".jsonl", ".ndjson")
PACKED = (".gz", ".bz2", ".xz", ".zst")
IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")
_MOST_BYTES = 20 << 30
"""Of a table that is fetched from the web."""


@dataclass(frozen=True)
class Source:
    """What there is to read: the names of the files, and where they are.

    Attributes:
        address: what to call it in errors.
        names: in order.
    """

    address: str
    place: Place
    names: Sequence[str]


def staged(address: str, store: Store) -> Source:
    """Return the tables and images of a source, as objects; see :func:`dustjacket.sources.stage`.

    Raises:
        BadInputError: the source is not there, or holds nothing.
    """
    alone = PurePosixPath(address).name
    names, prefix = [], ""
    for file in stage(
        address, store, lambda name: is_table(name) or is_image(name) or name == alone
    ):
        names.append(file.name)
        bucket, prefix = file.bucket, file.key.removesuffix(file.name)
    return Source(
        address, Objects(store.settings, bucket if names else store.bucket, prefix), names
    )


def cache_name(address: str) -> str:
    """Return the folder in which what is fetched for a source is kept, whatever its content."""
    return f"fetched/{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def local_source(address: str, settings: Settings, scratch: Path) -> Source:
    """Return the tables and images of a source where they are; a table of the web in ``scratch``.

    A link that leads out of the source's folder is not part of the source.

    Raises:
        BadInputError: the source is not there, or holds nothing.
        NotReadyError: its address cannot be had now.
    """
    if address.startswith("s3://"):
        return staged(address, Store(settings))
    if is_url(address):
        name = PurePosixPath(urlsplit(address).path).name or "table.csv"
        download(address, scratch / name, settings, _MOST_BYTES)
        return Source(address, Folder(scratch), [name])
    root = Path(address)
    folder = (root if root.is_dir() else root.parent).resolve()
    names = [
        path.relative_to(root if root.is_dir() else root.parent).as_posix()
        for path in local_files(root)
        if path == root or path.resolve().is_relative_to(folder)
    ]
    if root.is_dir():
        names = sorted(name for name in names if is_table(name) or is_image(name))
    return Source(address, Folder(folder), names)


def is_table(name: str) -> bool:
    """Return whether a file of a source is a table, by its name."""
    name = name.lower()
    for ending in PACKED:
        name = name.removesuffix(ending)
    return name.endswith(TABLES)


def is_image(name: str) -> bool:
    """Return whether a file of a source is an image, by its name."""
    return name.lower().endswith(IMAGES)
