"""Reading of published labels; apart from the classifiers, which most readers do not need."""

from collections.abc import Sequence

import pandas as pd

from dustjacket.genres.reservations import may_train
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store

LABELS = "labels"


def read_labels(
    store: Store, manifest: Manifest, columns: Sequence[str] | None = None
) -> pd.DataFrame:
    """Return one row for each labelled cover, in the order of the covers' source.

    Columns: key, genre (predicted), probability, sure (of the genre; see
    :class:`dustjacket.genres.answers.GenreAnswer`), entropy (nats), model_version, top (genre and
    probability of the likeliest genres), title, author, category, group, split, position, shard,
    offset, size, sha256; missing values are None. Earlier releases did not write ``sure``.
    ``held_out`` is whether the classifier was
    trained on the book, so that the label is its out-of-fold prediction; earlier releases did not
    write that column. ``training`` is whether models may be trained on the cover; earlier releases
    recorded no rights.

    Args:
        columns: read only these and position; None: all.
    """
    names = None if columns is None else [*columns, "position"]
    labels = read_parquet(store, manifest, LABELS, names)
    if columns is None:
        labels["training"] = may_train(labels)
    return labels.sort_values("position", ignore_index=True)


def read_training_labels(store: Store, manifest: Manifest) -> pd.DataFrame:
    """Return the rows of :func:`read_labels` that models may be trained on and measured with."""
    labels = read_labels(store, manifest)
    return labels[labels["training"]].reset_index(drop=True)
