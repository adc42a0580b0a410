"""Parquet tables of a published version, read into pandas."""

import io
from collections.abc import Sequence

import pandas as pd

from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store


def read_parquet(
    store: Store, manifest: Manifest, folder: str, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return the table in ``folder`` of a version; its files are verified, and sorted by name.

    Args:
        columns: only these; None is all.

    Raises:
        CorruptVersionError: a file has changed since it was published.
    """
    names = None if columns is None else list(columns)
    return pd.concat(
        pd.read_parquet(io.BytesIO(store.read(manifest, entry.path)), columns=names)
        for entry in manifest.files
        if entry.path.startswith(f"{folder}/")
    )
