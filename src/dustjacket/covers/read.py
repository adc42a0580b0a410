"""Read a published version of covers: its index, near-duplicates and images."""

import hashlib
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from dustjacket.errors import CorruptVersionError
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store

INDEX, DUPLICATES = "index", "duplicates"


def read_index(store: Store, covers: Manifest) -> pd.DataFrame:
    """Return one row per accepted cover, in the order of the source.

    Columns: key, title, author, category, shard, offset, size, width, height, sha256, dhash, vhash,
    group, split, position; the row's origin (source_file, image, url) and the original image
    (original_width, original_height, original_bytes, original_sha256). Missing values are None.
    """
    return read_parquet(store, covers, INDEX).sort_values("position", ignore_index=True)


def read_near_duplicates(store: Store, covers: Manifest) -> pd.DataFrame:
    """Return the pairs of near-duplicate covers of different books: ``key`` and ``other_key``."""
    pairs = read_parquet(store, covers, DUPLICATES)
    return pairs[pairs["decision"] == "joined"][["key", "other_key"]]


def read_images(store: Store, covers: Manifest, rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield the key and the verified image file of each row, shard by shard.

    Args:
        rows: columns key, shard, offset and size, from an index or from labels.
    """
    for shard, part in rows.groupby("shard"):
        body = store.read(covers, str(shard))
        for key, offset, size in zip(part["key"], part["offset"], part["size"], strict=True):
            yield key, body[offset : offset + size]


def read_image(store: Store, covers: Manifest | Draft, row: Mapping[str, Any]) -> bytes:
    """Return one verified image file, read by its byte range.

    Args:
        row: with shard, offset, size and sha256, from an index or from labels.

    Raises:
        CorruptVersionError: the bytes do not match ``sha256``.
    """
    first, last = int(row["offset"]), int(row["offset"]) + int(row["size"]) - 1
    reply = store.client.get_object(
        Bucket=store.bucket, Key=covers.prefix + row["shard"], Range=f"bytes={first}-{last}"
    )
    body = reply["Body"].read()
    if hashlib.sha256(body).hexdigest() != row["sha256"]:
        raise CorruptVersionError(
            f"{covers.prefix}{row['shard']} does not match the index at byte {first}: publish a "
            "new version"
        )
    return body
