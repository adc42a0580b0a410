"""Searching the cover index: exact, by cosine, over all covers."""

import io
import json
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd
from safetensors.numpy import load

from dustjacket.storage import Manifest, Store

EMBEDDINGS, ROWS, MODEL = "embeddings.safetensors", "covers.parquet", "model.json"
KNOWN = ("key", "title", "author", "category", "shard", "offset", "size", "width", "height")


@dataclass(frozen=True)
class Match:
    """One cover found: its cosine to the text, and the book it belongs to."""

    score: float
    key: str
    title: str
    author: str | None
    category: str | None


@dataclass(frozen=True)
class CoverIndex:
    """An index in memory.

    Attributes:
        vectors: (covers, dimensions) of unit length, row by row those of ``rows``.
        model: kind and version of the model that made them.
    """

    vectors: np.ndarray
    rows: pd.DataFrame
    model: dict[str, Any]

    def nearest(self, query: np.ndarray, top: int) -> list[Match]:
        """Return the ``top`` covers nearest to a vector of unit length, best first."""
        scores = self.vectors @ query
        best = np.argsort(-scores, kind="stable")[:top]
        books = self.rows.iloc[best][["key", "title", "author", "category"]]
        return [
            Match(float(scores[at]), *book)
            for at, book in zip(best, books.itertuples(index=False), strict=True)
        ]


def load_index(store: Store, manifest: Manifest) -> CoverIndex:
    """Return a published index, verified."""
    return CoverIndex(
        load(store.read(manifest, EMBEDDINGS))["covers"],
        pd.read_parquet(io.BytesIO(store.read(manifest, ROWS))),
        json.loads(store.read(manifest, MODEL)),
    )


def find_covers(
    store: Store, manifest: Manifest, title: str, author: str | None, top: int
) -> list[Match]:
    """Return the covers of a published index that match a book best, by the index's own model."""
    from dustjacket.clip.embed import embed_texts
    from dustjacket.clip.prompts import prompt
    from dustjacket.clip.read import load_version

    index = load_index(store, manifest)
    clip = load_version(store, store.manifest(index.model["kind"], index.model["version"]))
    return index.nearest(embed_texts(clip, [prompt(title, author)])[0], top)
