"""Published covers, read back: their index, and their images."""

import hashlib
import io
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dustjacket.errors import CorruptVersionError
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

INDEX, DUPLICATES = "index", "duplicates"


def read_index(store: Store, covers: Manifest) -> pd.DataFrame:
    """Return a row a cover, in the order of the source.

    Columns: key, title, author, category, shard, offset, size, width, height, sha256, dhash,
    group, split, position; where it was read (source_file, image, url) and what the original was
    (original_width, original_height, original_bytes, original_sha256); what is not known is None.
    """
    return _table(store, covers, INDEX).sort_values("position", ignore_index=True)


def read_look_alikes(store: Store, covers: Manifest) -> pd.DataFrame:
    """Return a row a pair of covers that look alike, of different books: key and other_key."""
    pairs = _table(store, covers, DUPLICATES)
    return pairs[pairs["decision"] == "joined"][["key", "other_key"]]


def _table(store: Store, covers: Manifest, folder: str) -> pd.DataFrame:
    return pd.concat(
        pd.read_parquet(io.BytesIO(store.read(covers, entry.path)))
        for entry in covers.files
        if entry.path.startswith(f"{folder}/")
    )


def read_images(store: Store, covers: Manifest, rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield ``(key, image file)`` of each of ``rows``, verified, a shard after the other.

    Args:
        rows: with key, shard, offset and size, of an index or of labels.
    """
    for shard, part in rows.groupby("shard"):
        body = store.read(covers, str(shard))
        for key, offset, size in zip(part["key"], part["offset"], part["size"], strict=True):
            yield key, body[offset : offset + size]


def read_image(store: Store, covers: Manifest | Draft, row: Mapping[str, Any]) -> bytes:
    """Return one image file by its byte range alone, verified.

    Args:
        row: with shard, offset, size and sha256, of an index or of labels.

    Raises:
        CorruptVersionError: what is there is not that image.
    """
    first, last = int(row["offset"]), int(row["offset"]) + int(row["size"]) - 1
    reply = store.client.get_object(
        Bucket=store.bucket, Key=covers.prefix + row["shard"], Range=f"bytes={first}-{last}"
    )
    body = reply["Body"].read()
    if hashlib.sha256(body).hexdigest() != row["sha256"]:
        raise CorruptVersionError(
            f"{covers.prefix}{row['shard']} has other bytes at {first}: publish a new version"
        )
    return body
