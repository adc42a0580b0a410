"""Published covers, read back: their index, and their images."""

import io
from collections.abc import Iterator

import pandas as pd

from dustjacket.storage import Manifest, Store

INDEX = "index"


def read_index(store: Store, covers: Manifest) -> pd.DataFrame:
    """Return a row a cover, in the order of the source.

    Columns: key, title, author, category, shard, offset, size, width, height, sha256, dhash,
    group, split, position; what is not known is None.
    """
    parts = [
        pd.read_parquet(io.BytesIO(store.read(covers, entry.path)))
        for entry in covers.files
        if entry.path.startswith(f"{INDEX}/")
    ]
    return pd.concat(parts).sort_values("position", ignore_index=True)


def read_images(store: Store, covers: Manifest, rows: pd.DataFrame) -> Iterator[tuple[str, bytes]]:
    """Yield ``(key, JPEG file)`` of each of ``rows``, verified, a shard after the other.

    Args:
        rows: with key, shard, offset and size, of an index or of labels.
    """
    for shard, part in rows.groupby("shard"):
        body = store.read(covers, str(shard))
        for key, offset, size in zip(part["key"], part["offset"], part["size"], strict=True):
            yield key, body[offset : offset + size]
