"""A Studio in memory: a small classifier, drawn covers, and a model of random weights."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from fastapi import FastAPI
from fastapi.testclient import TestClient

from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers
from dustjacket.clip.model import random_model
from dustjacket.clip.zero_shot import embed_genres
from dustjacket.genres.bag_of_words import Counted, LinearModel
from dustjacket.genres.scorer import Scorer
from dustjacket.retrieval.search import HIT_COLUMNS, CoverIndex
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.studio.app import create_app
from dustjacket.studio.models import Covers, Genres
from dustjacket.studio.schemas import VersionRef
from tests.support.images import saved

OURS = {"X-Dustjacket": "studio"}
COVERS, GENRES = 40, ["Cooking", "Travel & Trips"]


def manifest(kind: str, version: str) -> Manifest:
    return Manifest(
        kind=kind, version=version, attempt="a", published_at=datetime.now(UTC), files=[]
    )


def made(kind: str, version: str) -> VersionRef:
    return VersionRef(kind=kind, version=version, run=None, note="")


def genres(version: str = "classifier-1") -> Genres:
    """Return a classifier to which rice is cooking and Paris is travel."""
    weights = np.array([[9.0, 0.0], [0.0, 9.0]])
    model = Counted({"rice": 0, "paris": 1}, np.ones(2), LinearModel(weights, np.zeros(2)))
    return Genres(
        manifest("genre_classifier", version),
        Scorer("naive_bayes", GENRES, model),
        (made("genre_classifier", version),),
    )


def covers(version: str = "1", seed: int = 13) -> Covers:
    """Return an index of drawn covers and the model that made it, both of a version."""
    rng, clip = random.Random(13), random_model("dustjacket-small", seed)
    books = [make_book(rng) for _ in range(COVERS)]
    bodies = {f"{at:08d}": saved(draw_cover(book, rng)) for at, book in enumerate(books)}
    vectors = np.concatenate(
        [embed_covers(clip, square(body, clip.image_size)[None]) for body in bodies.values()]
    )
    rows: dict[str, Any] = {name: [0] * COVERS for name in HIT_COLUMNS}
    rows |= {"key": list(bodies), "look": np.arange(COVERS), "shard": ["s"] * COVERS}
    rows |= {"title": [book.title for book in books], "author": [book.author for book in books]}
    rows |= {"category": ["Travel Trips"] * COVERS, "sha256": ["0" * 64] * COVERS}
    rows["genre"] = [GENRES[at % 2] for at in range(COVERS)]
    index = CoverIndex(vectors, pa.table(rows))
    return Covers(
        manifest=manifest("cover_index", f"index-{version}"),
        labels=None,
        clip=clip,
        index=index,
        image=bodies.get,
        genres=(
            embed_genres(lambda texts: np.ones((len(texts), vectors.shape[1])), GENRES),
            GENRES,
        ),
        by=(made("cover_clip", f"model-{version}"), made("cover_index", f"index-{version}")),
    )


def app(home: Path, token: str | None = None, *, empty: bool = False, **given: Any) -> FastAPI:
    """Return a Studio's app whose models nothing replaces."""
    settings = Settings(
        _env_file=None,
        home=home,
        s3_endpoint="http://127.0.0.1:9",
        **{
            "s3_access_key": "nobody",
            "s3_secret_key": "nothing",
            "studio_rate": "100000/second",
            **given,
        },
    )
    found = create_app(settings, token)
    models = found.state.studio.models
    models.refresh = lambda: False
    models.problem = None
    if not empty:
        models._genres, models._covers = genres(), covers()
    return found


@contextmanager
def asked(found: FastAPI, headers: dict[str, str] | None = OURS) -> Iterator[TestClient]:
    """Yield a client of an app that runs, as somebody on this machine is one."""
    with TestClient(
        found, base_url="http://127.0.0.1", headers=headers, raise_server_exceptions=False
    ) as client:
        yield client
