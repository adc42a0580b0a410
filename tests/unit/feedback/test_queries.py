"""Metrics on the Studio's feedback: counted once, on test covers only, ignored by the gate."""

import io
import json
from dataclasses import asdict, replace
from datetime import UTC, datetime, timedelta

import numpy as np
import pandas as pd
import pytest

from dustjacket.covers.read import INDEX
from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.results import measure
from dustjacket.feedback.queries import (
    MIN_VOTES,
    image_ids,
    majority_votes,
    measure_queries,
    read_queries,
)
from dustjacket.feedback.section import queries_section
from dustjacket.feedback.store import Feedback
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.promotion.gate import decide
from dustjacket.storage.manifest import version_name
from tests.support.bucket import store_in_memory
from tests.support.evaluation_case import PARAMETERS, comparison, few_images

START = datetime(2026, 1, 1, tzinfo=UTC)
BY = {"classifier": "genre_classifier/one", "clip": "cover_clip/one", "index": None}
TEST = 80


@pytest.fixture(scope="module")
def case():
    return comparison(train=12, validation=6, test=TEST)


@pytest.fixture(scope="module")
def found(case):
    with few_images():
        yield measure(case, None)


def row(title, on, answer, vote, **others):
    image = f"image {answer}" if on == "cover" else None
    common = {"title": title, "author": None, "on": on, "answer": answer, "vote": vote}
    return common | {"image": image, **BY} | others


def measured(case, *rows):
    return measure_queries(case, pd.DataFrame(rows), ["first", "last"])


def liked(case, count):
    """Return a vote for each of the first test covers, by the title of its book."""
    books = case.test_books.iloc[:count]
    return [row(one.title, "cover", int(one.key), 1) for one in books.itertuples()]


def test_a_liked_test_cover_is_ranked_among_all_test_covers_for_what_was_typed(case):
    places = [5, 0, TEST - 1]
    keys = [int(key) for key in case.test_books["key"].iloc[places]]
    queries = [("red", None), ("a book", "Ada Stern"), ("blue", None)]
    rows = [
        row(title, "cover", key, 1, author=author)
        for (title, author), key in zip(queries, keys, strict=True)
    ]
    result = measured(case, *rows)
    assert (result.liked, result.disliked, result.left_out) == (3, 0, 0)
    for shown, name in (("starting", "starting"), ("fine_tuned", "candidate")):
        model = case.models[name]
        texts = model.embed_texts(["red", "a book by Ada Stern", "blue"])
        scores = texts @ model.embed_covers(case.test_indices).T
        ranks = [int((line > line[at]).sum()) + 1 for line, at in zip(scores, places, strict=True)]
        assert result.models[shown].median_rank == np.median(ranks)
        assert result.models[shown].recall_at_10 == pytest.approx(np.mean(np.array(ranks) <= 10))
    assert result.models["champion"] == result.models["starting"], "they are one model"


def test_covers_that_were_trained_on_or_are_not_known_are_left_out_and_counted(case):
    test = int(case.test_books["key"].iloc[0])
    rows = [row("red", "cover", at, 1) for at in (0, 1, 13, test, 9999)]
    result = measured(case, *rows, row("red", "cover", 2, -1))
    assert (result.liked, result.disliked, result.left_out) == (1, 0, 5)


def test_a_leaked_cover_is_no_test_cover(case):
    first = case.test_indices[0]
    left = replace(case, covers=case.covers.without(case.test_indices[:1]))
    result = measured(left, row("red", "cover", int(case.covers.books["key"][first]), 1))
    assert (result.liked, result.left_out) == (0, 1)


def test_repeated_votes_count_once_and_a_tie_does_not_count(case):
    one, other, third = (int(key) for key in case.test_books["key"].iloc[:3])
    result = measured(
        case,
        *[row("red", "cover", one, 1)] * 500,
        row("red", "cover", other, 1), row("red", "cover", other, -1),
        *[row("red", "cover", third, -1)] * 3, row("red", "cover", third, 1),
    )  # fmt: skip
    assert (result.liked, result.disliked) == (1, 1)
    votes = pd.DataFrame({"a": ["x", "x", None], "b": ["y", "y", "y"], "vote": [1, 1, -1]})
    liked_by_query = majority_votes(votes, ["a", "b"]).set_index("a")["liked"].to_dict()
    assert liked_by_query == {"x": True, "": False}


def test_disliked_covers_count_by_how_often_they_come_early(case):
    rows = [row("red", "cover", int(key), -1) for key in case.test_books["key"]]
    result = measured(case, *rows)
    for ranked in result.models.values():
        assert ranked.disliked_at_10 == pytest.approx(10 / TEST)
        assert ranked.recall_at_10 is ranked.median_rank is None
        low, high = ranked.disliked_interval
        assert low < 10 / TEST < high


@pytest.mark.parametrize("count", [MIN_VOTES - 1, MIN_VOTES])
def test_only_enough_votes_have_an_interval(case, count):
    ranked = measured(case, *liked(case, count)).models["fine_tuned"]
    assert ranked.recall_at_10 is not None
    if count < MIN_VOTES:
        assert ranked.recall_interval is ranked.median_interval is None
    else:
        assert ranked.recall_interval[0] <= ranked.recall_at_10 <= ranked.recall_interval[1]
        assert ranked.median_interval[0] <= ranked.median_rank <= ranked.median_interval[1]


def test_genre_votes_are_shares_by_version_of_the_classifier(case):
    rows = [row(f"book {at}", "genre", "Art", 1 if at < 30 else -1) for at in range(40)]
    newer = row("book 0", "genre", "Art", -1, classifier="genre_classifier/two")
    one, two = measured(case, *rows, *rows, newer).genres
    assert (one.classifier, one.votes, one.liked) == ("genre_classifier/one", 40, 0.75)
    assert one.interval[0] < 0.75 < one.interval[1]
    assert (two.classifier, two.votes, two.liked, two.interval) == (
        "genre_classifier/two", 1, 0, None,
    )  # fmt: skip


def test_facts_are_json_metrics_are_numbers_and_the_gate_ignores_them(case, found):
    rows = [*liked(case, 3), row("a", "genre", "Art", 1), row("b", "query", None, 0)]
    result = measured(case, *rows)
    extra = Extra(asdict(result), result.metrics(), queries_section(case, result))
    asked = replace(found, extras={"queries": extra})
    facts = json.loads(json.dumps(asked.facts(), allow_nan=False))["queries"]
    assert facts["versions"] == ["first", "last"]
    assert (facts["asked"], facts["liked"], len(facts["genres"])) == (1, 3, 1)
    metrics = asked.metrics()
    assert (
        metrics["queries.fine_tuned.recall_at_10"] == facts["models"]["fine_tuned"]["recall_at_10"]
    )
    assert metrics["queries.liked"] == 3
    assert "queries.fine_tuned.disliked_at_10" not in metrics
    assert np.isfinite(list(metrics.values())).all()
    assert decide(asked.gate_input, PARAMETERS) == decide(found.gate_input, PARAMETERS)


def test_the_page_has_a_row_a_model_with_chance_beside(case):
    rows = [*liked(case, MIN_VOTES), row("red", "cover", int(case.test_books["key"][70]), -1)]
    rows += [row("a", "genre", "Art", 1, classifier=None)]
    section = queries_section(case, measured(case, *rows))
    covers, genres = section.tables
    assert [line[0] for line in covers.rows] == ["starting", "champion", "candidate", "chance"]
    assert all(len(line) == len(covers.header) for line in covers.rows)
    assert covers.rows[-1][1] == f"{10 / TEST:.3f}"
    assert covers.title.startswith("30 covers voted up and 1 voted down")
    assert " to " in covers.rows[0][1]
    assert " to " not in covers.rows[0][3]
    assert genres.rows == [["not known", "1", "1.000"]]


def test_votes_on_no_test_cover_make_no_table(case):
    section = queries_section(case, measured(case, row("a", "cover", 0, 1)))
    assert section.tables == []
    assert "votes on 1 other covers" in section.text[0]


def test_without_feedback_the_page_says_so_and_how_there_would_be_some(case, found):
    assert read_queries(store_in_memory(), case, 90) is None
    nothing = Extra(None, {}, queries_section(case, None))
    assert replace(found, extras={"queries": nothing}).facts()["queries"] is None
    (text,) = nothing.section.text
    assert "DUSTJACKET_STUDIO_FEEDBACK=true" in text
    assert not nothing.section.tables


def publish_index(store, number, hashes):
    """Publish covers whose keys are their places, and an index of them."""
    name = version_name(START + timedelta(days=number), f"{number:012x}")
    draft = store.draft("covers", name)
    table = io.BytesIO()
    keys = [f"{at:08d}" for at in range(len(hashes))]
    rows = {"key": keys, "sha256": hashes, "position": range(len(hashes))}
    pd.DataFrame(rows).to_parquet(table)
    draft.put(f"{INDEX}/all.parquet", table.getvalue())
    draft.publish()
    draft = store.draft("cover_index", name)
    draft.publish(parents={"covers": name})
    return f"cover_index/{name}"


def test_a_key_stands_for_the_cover_that_it_had_in_the_index_that_was_searched(caplog):
    store = store_in_memory()
    before = publish_index(store, 1, ["a", "b"])
    after = publish_index(store, 2, ["new", "a", "b"])
    votes = pd.DataFrame(
        [
            row("x", "cover", "00000001", 1, index=before),
            row("x", "cover", "00000001", 1, index=after),
            row("x", "cover", "00000009", 1, index=after),
            row("x", "cover", "00000001", 1, index="cover_index/gone"),
            row("x", "cover", "00000001", 1, index=None),
            row("x", "genre", "00000001", 1, index=after),
        ]
    )
    found = list(image_ids(store, votes))
    assert found[:2] == ["b", "a"]
    assert not {"a", "b", "new"} & set(found[2:])
    assert "cover_index/gone" in caplog.text


def test_feedback_is_read_and_measured(case):
    store = store_in_memory()
    hashes = list(case.covers.books["sha256"])
    index = publish_index(store, 1, hashes)
    collected = Feedback(store, days=90, share=1)
    at = int(case.test_indices[4])
    by = {"classifier": "genre_classifier/one", "clip": "cover_clip/one", "index": index}
    collected.add_vote("red", None, "cover", f"{at:08d}", 1, by)
    collected.add_vote("red", None, "genre", "Art", -1, by)
    collected.add_query("red", None, None, [f"{at:08d}"], by)
    manifest = collected.flush()
    result = read_queries(store, case, 90)
    assert result.versions == (manifest.version,)
    assert (result.asked, result.liked, result.left_out) == (1, 1, 0)
    assert asdict(result.genres[0]) == {
        "classifier": "genre_classifier/one", "votes": 1, "liked": 0, "interval": None,
    }  # fmt: skip
    model = case.models["candidate"]
    ranks = own_ranks(
        model.embed_texts(["red"]), model.embed_covers(case.test_indices), own=np.array([4])
    )
    assert result.models["fine_tuned"].median_rank == ranks.middle[0]
