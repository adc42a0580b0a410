"""The files of a source of covers: one table, or a folder of tables and images."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dustjacket.covers.s3_prefix import S3Prefix
from dustjacket.sources.files import name_of, stage
from dustjacket.sources.formats import is_table_name
from dustjacket.storage.store import Store

IMAGE_EXTENSIONS = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


@dataclass(frozen=True)
class CoverSource:
    """The files of a source, in S3.

    Attributes:
        address: as the user gave it, for error messages.
        names: of the files, relative to ``prefix``, sorted.
    """

    address: str
    prefix: S3Prefix
    names: Sequence[str]


def stage_covers(address: str, store: Store) -> CoverSource:
    """Copy the tables and images of a source to S3, unless they are there.

    See :func:`dustjacket.sources.files.stage`.

    Raises:
        BadInputError: the source does not exist, or is empty.
    """
    single_file = name_of(address)
    files = stage(
        address,
        store,
        lambda name: is_table_name(name) or is_image(name) or name == single_file,
    )
    bucket, prefix = store.bucket, ""
    if files:
        bucket, prefix = files[-1].bucket, files[-1].key.removesuffix(files[-1].name)
    names = [file.name for file in files]
    return CoverSource(address, S3Prefix.of_store(store, prefix, bucket), names)


def cache_prefix(address: str) -> str:
    """Return the key prefix, ending in a slash, under which a source's downloads are cached.

    It depends on the address alone, so a source keeps its cache when its content changes.
    """
    return f"fetched/{hashlib.sha256(address.encode()).hexdigest()[:16]}/"


def is_image(name: str) -> bool:
    """Return whether a file is an image, by its extension."""
    return name.lower().endswith(IMAGE_EXTENSIONS)
