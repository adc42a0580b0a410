"""Votes on blind pairs: counted by generator and source, with an interval."""

import pytest

from dustjacket.feedback.pairs import read_pairs
from dustjacket.feedback.section import measure_pairs
from dustjacket.feedback.store import Feedback
from tests.support.bucket import store_in_memory

ONE, TWO = "generator_candidate/one", "generator_candidate/two"


@pytest.fixture
def store():
    return store_in_memory()


def vote(store, *votes):
    feedback = Feedback(store, days=90, share=1)
    for title, generator, other, choice in votes:
        feedback.add_vote(title, None, "pair", generator, choice, {}, [other])
    feedback.add_vote("Rice", None, "genre", "Cooking", 1, {})
    feedback.flush()


def test_votes_are_counted_by_generator_and_source(store):
    vote(
        store,
        *((f"Title {row}", ONE, "real", 1 if row < 3 else -1) for row in range(10)),
        ("Title 1", ONE, "real", 0), ("Title 1", TWO, "retrieved", 1),
    )  # fmt: skip
    two, one = read_pairs(store, 90)
    assert (one.generator, one.other, one.votes, one.undecided) == (ONE, "real", 10, 1)
    assert one.preferred == pytest.approx(0.3)
    assert one.interval == pytest.approx((0.108, 0.603), abs=0.001)
    assert (two.generator, two.votes, two.preferred) == (TWO, 1, 1.0)
    assert two.interval[0] < 0.3


def test_many_votes_on_one_title_count_as_less(store):
    vote(store, *(("Title", ONE, "real", 1 if row < 6 else -1) for row in range(20)))
    vote(store, *((f"Title {row}", TWO, "real", 1 if row < 6 else -1) for row in range(20)))
    two, one = read_pairs(store, 90)
    assert one.preferred == two.preferred
    assert one.interval[1] - one.interval[0] > two.interval[1] - two.interval[0]


def test_without_votes_the_report_says_where_they_come_from(store):
    vote(store)
    extra = measure_pairs(store)
    assert extra.facts is None
    assert "pairs.html" in extra.section.text[0]


def test_the_report_has_the_share_with_its_interval(store):
    vote(store, *((f"Title {row}", ONE, "real", 1 if row < 3 else -1) for row in range(10)))
    extra = measure_pairs(store)
    assert extra.facts["shares"][0]["votes"] == 10
    (table,) = extra.section.tables
    assert table.rows == [[ONE, "real", "10", "0", "0.300 (0.108 to 0.603)"]]
