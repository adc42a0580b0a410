"""Reading of published classifiers and labels."""

import shutil
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pandas as pd

from dustjacket.genres.scorer import DESCRIPTION, WEIGHTS, Scorer
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store

SCORER, LABELS = "scorer", "labels"


def load_scorer(store: Store, manifest: Manifest, cache: Path) -> Scorer:
    """Return a published classifier.

    The first call downloads its files to ``cache/<kind>/<version>/``, all or none; later calls read
    them there.

    Raises:
        CorruptVersionError: the files have another format.
    """
    folder = cache / manifest.kind / manifest.version
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        download = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        try:
            for name in (DESCRIPTION, WEIGHTS):
                (download / name).write_bytes(store.read(manifest, f"{SCORER}/{name}"))
            download.rename(folder)
        except OSError:
            if not folder.is_dir():  # otherwise another process has downloaded the same files
                raise
        finally:
            shutil.rmtree(download, ignore_errors=True)
    return Scorer.load(folder)


def read_labels(
    store: Store, manifest: Manifest, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return one row for each labelled cover, in the order of the covers' source.

    Columns: key, genre (predicted), probability, entropy (nats), model_version, top (genre and
    probability of the likeliest genres), title, author, category, group, split, position, shard,
    offset, size, sha256; missing values are None.

    Args:
        columns: read only these and position; None: all.
    """
    names = None if columns is None else [*columns, "position"]
    labels = read_parquet(store, manifest, LABELS, names)
    return labels.sort_values("position", ignore_index=True)
