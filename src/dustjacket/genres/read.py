"""Published classifiers and labels, read back."""

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

    Its files are brought to ``cache/<kind>/<version>/`` by the first call, whole or not at all,
    and read from there by later ones.
    """
    folder = cache / manifest.kind / manifest.version
    if not folder.is_dir():
        folder.parent.mkdir(parents=True, exist_ok=True)
        arriving = Path(tempfile.mkdtemp(prefix=".", dir=folder.parent))
        try:
            for name in (DESCRIPTION, WEIGHTS):
                (arriving / name).write_bytes(store.read(manifest, f"{SCORER}/{name}"))
            arriving.rename(folder)
        except OSError:
            if not folder.is_dir():  # else another process brought the same files
                raise
        finally:
            shutil.rmtree(arriving, ignore_errors=True)
    return Scorer.load(folder)


def read_labels(
    store: Store, manifest: Manifest, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return a row a labelled cover, in the order of the covers' source.

    Columns: key, genre (predicted), probability, entropy (nats), model_version, top (genre and
    probability of the likeliest), title, author, category, group, split, position, shard, offset,
    size, sha256; what is not known is None.

    Args:
        columns: only these and position.
    """
    names = None if columns is None else [*columns, "position"]
    labels = read_parquet(store, manifest, LABELS, names)
    return labels.sort_values("position", ignore_index=True)
