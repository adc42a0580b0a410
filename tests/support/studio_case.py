"""A Studio in memory: a small classifier, drawn covers, and a model of random weights."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dustjacket.clip.embed import embed_files
from dustjacket.clip.model import random_model
from dustjacket.clip.zero_shot import embed_genres
from dustjacket.genres.answers import Abstention
from dustjacket.genres.bag_of_words import BagOfWords, LinearModel
from dustjacket.genres.known_words import KnownWords
from dustjacket.genres.scorer import Scorer
from dustjacket.retrieval.search import HIT_COLUMNS, CoverIndex
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import SampleBook, make_book
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.studio.app import create_app
from dustjacket.studio.models import LoadedClassifier, LoadedIndex, LoadedModel
from dustjacket.studio.schemas import VersionRef
from tests.support.images import saved

HEADERS = {"X-Dustjacket": "studio"}
COVERS, GENRES = 40, ["Cooking", "Travel & Trips"]
RICE = {"title": "Rice, rice"}


def manifest(kind: str, version: str) -> Manifest:
    return Manifest(
        kind=kind, version=version, attempt="a", published_at=datetime.now(UTC), files=[]
    )


def version_ref(kind: str, version: str) -> VersionRef:
    return VersionRef(kind=kind, version=version, run=None, note="")


def loaded_classifier(version: str = "classifier-1") -> LoadedClassifier:
    """Return a classifier to which rice is cooking and Paris is travel."""
    weights = np.array([[9.0, 0.0], [0.0, 9.0]])
    model = BagOfWords({"rice": 0, "paris": 1}, np.ones(2), LinearModel(weights, np.zeros(2)))
    return LoadedClassifier(
        manifest("genre_classifier", version),
        (version_ref("genre_classifier", version),),
        Scorer(
            "naive_bayes",
            GENRES,
            model,
            abstention=Abstention(0.9, 0.9, 0.1),
            known_words=KnownWords.of(["Rice, Paris"] * 2, None),
        ),
    )


@lru_cache
def _drawn() -> tuple[list[SampleBook], dict[str, bytes]]:
    """Return books, and the image files of their covers by key."""
    rng = random.Random(13)
    books = [make_book(rng) for _ in range(COVERS)]
    return books, {f"{row:08d}": saved(draw_cover(book, rng)) for row, book in enumerate(books)}


@lru_cache
def loaded_index(version: str = "1", seed: int = 13) -> LoadedIndex:
    """Return an index of drawn covers and the model that made it, both of a version."""
    (books, bodies), clip = _drawn(), random_model("dustjacket-small", seed)
    ((_, vectors),) = embed_files(clip, bodies.items(), COVERS)
    rows: dict[str, Any] = {name: [0] * COVERS for name in HIT_COLUMNS}
    rows |= {"key": list(bodies), "look": np.arange(COVERS), "shard": ["s"] * COVERS}
    rows |= {"title": [book.title for book in books], "author": [book.author for book in books]}
    rows |= {"category": ["Travel Trips"] * COVERS, "sha256": ["0" * 64] * COVERS}
    rows["genre"] = [GENRES[row % 2] for row in range(COVERS)]
    return LoadedIndex(
        manifest=manifest("cover_index", f"index-{version}"),
        by=(
            version_ref("cover_clip", f"model-{version}"),
            version_ref("cover_index", f"index-{version}"),
        ),
        labels=None,
        clip=clip,
        index=CoverIndex(vectors, pa.table(rows)),
        read_image=bodies.get,
        genre_names=GENRES,
        genre_vectors=embed_genres(lambda texts: np.ones((len(texts), vectors.shape[1])), GENRES),
    )


def make_app(
    home: Path,
    token: str | None = None,
    proxy_token: str | None = None,
    *,
    empty: bool = False,
    **overrides: Any,
) -> FastAPI:
    """Return a Studio's app whose models nothing replaces."""
    settings = Settings(
        _env_file=None,
        home=home,
        s3_endpoint="http://127.0.0.1:9",
        **{
            "s3_access_key": "nobody",
            "s3_secret_key": "nothing",
            "studio_rate": "100000/second",
            **overrides,
        },
    )
    app = create_app(settings, token, proxy_token)
    models = app.state.studio.models
    models.refresh = lambda: False
    models.classifier.problem = models.index.problem = models.generator.problem = None
    if not empty:
        generator = manifest("cover_generator", "test-1")
        models.generator.model = LoadedModel(generator, (version_ref("cover_generator", "test-1"),))
        models.classifier.model, models.index.model = loaded_classifier(), loaded_index()
    return app


@contextmanager
def running(app: FastAPI, headers: dict[str, str] | None = HEADERS) -> Iterator[TestClient]:
    """Yield a client of an app that runs, as a process on this machine would use it."""
    with TestClient(
        app, base_url="http://127.0.0.1", headers=headers, raise_server_exceptions=False
    ) as client:
        yield client


def assert_problem(response: httpx.Response, status: int, *words: str) -> dict[str, Any]:
    """Check that a response is a problem of one sentence, with ``words``; return its JSON."""
    assert (response.status_code, response.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), response.text
    body: dict[str, Any] = response.json()
    assert body["status"] == status
    assert "\n" not in body["detail"]
    for word in words:
        assert word in body["detail"]
    return body
