"""Reading of labelled catalogues."""

import pandas as pd

from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parquet import read_parquet
from dustjacket.storage.store import Store

LABELS, REVIEW = "labels", "review"
REVIEW_COLUMNS = (
    "file", "position", "asin", "isbn13", "title", "author", "description", "image_url", "listed",
    "listed_probability", "subject", "probability", "alternatives", "sure", "held_out",
    "model_version",
)  # fmt: skip


def read_review(store: Store, manifest: Manifest) -> pd.DataFrame:
    """Return the books to review, those first that the classifier contradicts most.

    Columns: ``REVIEW_COLUMNS``; those of :data:`dustjacket.labelling.catalog.SCHEMA`, and the
    description (its beginning) and the address of the cover.
    """
    return read_parquet(store, manifest, REVIEW)
