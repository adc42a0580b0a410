"""A labelled catalogue in a bucket in memory, with books to review."""

import io
from pathlib import Path
from typing import Any

import pandas as pd
from fastapi import FastAPI

from dustjacket.labelling.published import REVIEW, REVIEW_COLUMNS
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.store import Store
from dustjacket.studio.review import Reviews
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts
from tests.support.studio_case import loaded_index, make_app

VERSION = "20260101T000000000000Z-0123456789ab"
TITLES = [('Rice & "bread" <3', "Ann", "9780000000002"), ("The road", None, None)]


def to_review(titles: list[tuple[str, str | None, str | None]]) -> pd.DataFrame:
    """Return rows of books that are listed as travel and look like cooking."""
    rows: list[dict[str, Any]] = [
        {
            "file": "a.csv", "position": n, "isbn13": isbn, "title": title, "author": author,
            "description": f"About {title}", "listed": "Travel", "listed_probability": 0.04,
            "subject": "Cooking", "probability": 0.93, "sure": True, "held_out": True,
            "alternatives": [{"subject": "Law", "probability": 0.03}], "model_version": "v1",
        }
        for n, (title, author, isbn) in enumerate(titles)
    ]  # fmt: skip
    return pd.DataFrame(rows).reindex(columns=list(REVIEW_COLUMNS))


def publish_review(store: Store, version: str = VERSION, titles: Any = None) -> None:
    """Publish a labelled catalogue."""
    index = loaded_index().index
    _, drawn, author = next(iter(index.books()))
    body = io.BytesIO()
    to_review(titles or [*TITLES, (drawn, author, None)]).to_parquet(body)
    draft = store.draft(Kind.LABELLED_CATALOG, version)
    draft.put(f"{REVIEW}/part-00000.parquet", body.getvalue())
    facts = {"subjects": {"Cooking": 3, "Law": 1}}
    draft.publish(facts=least_facts(Kind.LABELLED_CATALOG) | facts)


def reviewing_app(home: Path, **options: Any) -> FastAPI:
    """Return a Studio's app with three books to review; the third has a cover."""
    app = make_app(home, **options)
    store = store_in_memory()
    publish_review(store)
    app.state.studio.reviews = Reviews(store)
    app.state.studio.models.store = store
    return app
