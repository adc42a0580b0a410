"""What a source of covers holds, and where: a table, or a folder of tables and images."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

from dustjacket.covers.s3_prefix import Objects, Place
from dustjacket.sources.files import name_of, stage
from dustjacket.sources.tables import kind_of
from dustjacket.storage.store import Store

IMAGES = (".jpg", ".jpeg", ".png", ".webp", ".gif", ".bmp", ".tif", ".tiff")


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
    """Return the tables and images of a source, as objects.

    See :func:`dustjacket.sources.files.stage`.

    Raises:
        BadInputError: the source is not there, or holds nothing.
    """
    alone = name_of(address)
    names, prefix = [], ""
    for file in stage(
        address, store, lambda name: kind_of(name) is not None or is_image(name) or name == alone
    ):
        names.append(file.name)
        bucket, prefix = file.bucket, file.key.removesuffix(file.name)
    return Source(
        address, Objects(store.settings, bucket if names else store.bucket, prefix), names
    )


def cache_name(address: str) -> str:
    """Return the folder in which what is fetched for a source is kept, whatever its content."""
    return f"fetched/{hashlib.sha256(address.encode()).hexdigest()[:16]}"


def is_image(name: str) -> bool:
    """Return whether a file of a source is an image, by its name."""
    return name.lower().endswith(IMAGES)
