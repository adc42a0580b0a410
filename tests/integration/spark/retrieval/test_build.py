"""The cover index through Spark and S3: what is embedded, what is reused, how it is searched."""

import io
from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from dustjacket.clip.data import read_pairs
from dustjacket.clip.embed import embed_covers
from dustjacket.clip.model import random_model, save
from dustjacket.clip.read import load_version
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.covers.read import read_image, read_index
from dustjacket.errors import BadInputError
from dustjacket.retrieval.read import (
    index_in_use,
    load_index,
    model_of,
    newest_index_of,
    read_embeddings,
    search_covers,
)
from dustjacket.storage.manifest import version_name
from tests.support.images import drawn, saved

pytestmark = pytest.mark.integration
OLD, NEW = 12, 3
GENRES = ("Art", "Horror")


def publish(store, kind, files, **described):
    draft = store.draft(kind, version_name(datetime.now(UTC), "0" * 12))
    for path, body in files.items():
        draft.put(path, body)
    return draft.publish(**described)[0]


@pytest.fixture(scope="module")
def champion(steps, tmp_path_factory):
    """Return a function that publishes the model of a seed as champion."""

    def published(seed):
        folder = tmp_path_factory.mktemp("model")
        save(random_model("dustjacket-small", seed), folder)
        files = {f"{MODEL_FOLDER}/{file.name}": file.read_bytes() for file in folder.iterdir()}
        return publish(steps.store, "cover_clip", files)

    return published


@pytest.fixture(scope="module")
def index(steps):
    return lambda **given: steps.run("index_covers", **given)


@pytest.fixture(scope="module")
def grown(steps, champion, index, tmp_path_factory):
    """Return two versions of covers, the second with more of them, each with its index."""
    folder, found = tmp_path_factory.mktemp("covers"), []
    champion(1)
    for first, last in ((0, OLD), (OLD, OLD + NEW)):
        for at in range(first, last):
            image = drawn(at, (300, 450))
            (folder / f"Book {chr(97 + at)} - Ada Stern.jpg").write_bytes(saved(image))
        covers = steps.run("ingest_covers", source=str(folder))
        found.append((covers, index()))
    return found


def test_only_new_covers_are_embedded(grown):
    (_, first), (_, then) = grown
    counts = [(index.facts["embedded"], index.facts["reused"]) for index in (first, then)]
    assert counts == [(OLD, 0), (NEW, OLD)]
    assert then.rows == {"covers": OLD + NEW}


def test_an_index_holds_the_embedding_of_every_cover(steps, grown):
    for covers, index in grown:
        books = read_index(steps.store, covers)
        clip = load_version(steps.store, model_of(steps.store, index))
        pairs = read_pairs(steps.store, covers, books, clip.image_size)
        exact = dict(zip(pairs.books["key"], embed_covers(clip, pairs.images), strict=True))
        images, vectors = read_embeddings(steps.store, index)
        assert images == list(books["sha256"])
        wanted = np.stack([exact[key] for key in books["key"]])
        np.testing.assert_allclose((vectors * wanted).sum(axis=1), 1, atol=1e-3)
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_named_book_is_found_first_with_its_image(steps, grown):
    covers, index = grown[-1]
    found = search_covers(steps.store, index, "Book c", "Ada Stern", top=5)
    assert len(found) == 5
    assert (found[0].title, found[0].author) == ("Book c", "Ada Stern")
    assert read_image(steps.store, covers, vars(found[0])).startswith(b"\xff\xd8")


def test_a_cover_has_the_genre_of_the_newest_labels(steps, grown):
    covers, index = grown[-1]
    keys = list(read_index(steps.store, covers)["key"])
    genres = [GENRES[at % 2] for at in range(len(keys))]
    labels = pd.DataFrame({"key": keys, "genre": genres, "position": range(len(keys))})
    body = io.BytesIO()
    labels.to_parquet(body)
    assert load_index(steps.store, index).genres == []
    publish(
        steps.store, "labelled_covers", {"labels/0.parquet": body.getvalue()},
        parents={"covers": covers.version},
    )  # fmt: skip
    found = load_index(steps.store, index)
    assert found.genres == sorted(GENRES)
    horror = found.search(found.vectors[0], genre="horror", top=15)
    assert {hit.key for hit in horror} <= set(keys[1::2])
    assert load_index(steps.store, grown[0][1]).genres == [], "labels of other covers"


def test_champion_and_index_change_together_also_at_a_rollback(steps, grown, champion, index):
    store, ours = steps.store, grown[-1][1]
    other = champion(2)
    assert index_in_use(store) == ours, "until the new champion's index is there"
    theirs = index()
    assert theirs.facts["embedded"] == OLD + NEW
    assert index_in_use(store) == newest_index_of(store, other) == theirs
    with pytest.raises(BadInputError, match=f"not those of cover_clip/{other.version}"):
        load_index(store, ours, other)

    back = champion(1)
    assert index_in_use(store) == newest_index_of(store, back) == ours
    load_index(store, ours, back)
    again = index()
    assert (again.facts["embedded"], again.facts["reused"]) == (0, OLD + NEW)
    assert index_in_use(store) == again
    np.testing.assert_array_equal(read_embeddings(store, again)[1], read_embeddings(store, ours)[1])


def test_covers_that_do_not_decode_are_omitted_or_fail_the_step(steps, grown, champion, index):
    covers = grown[-1][0]
    row = read_index(steps.store, covers).iloc[1]
    files = {entry.path: steps.store.read(covers, entry.path) for entry in covers.files}
    body, first, last = files[row["shard"]], row["offset"], row["offset"] + row["size"]
    files[row["shard"]] = body[:first] + bytes(row["size"]) + body[last:]
    publish(steps.store, "covers", files)
    champion(3)
    with pytest.raises(BadInputError, match=f"1 of {OLD + NEW} covers .* raise max_broken_share"):
        index()
    found = index(max_broken_share=0.1)
    assert found.facts["unreadable"] == 1
    assert row["sha256"] not in read_embeddings(steps.store, found)[0]
