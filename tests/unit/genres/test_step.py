"""What a classifier's facts record, and that it labels covers of its own library only."""

import pytest

from dustjacket.genres.facts import ClassifierFacts
from dustjacket.genres.step import other_library
from dustjacket.pipeline.plan import work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.pipeline.team_defaults import TeamDefaults
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

LABEL = STEPS["label_covers"]


def test_the_mean_of_a_metric_over_folds_is_a_fact():
    facts = ClassifierFacts(
        selected="vote", model_version="1", candidates=[], test={"accuracy": 0.5},
        down_weighted=0.612, verdict="promoted", reason="there is no champion yet",
    )  # fmt: skip
    assert facts.down_weighted == 0.612


@pytest.fixture
def store():
    store = store_in_memory()
    store.draft("covers", "v1").publish(facts=least_facts("covers"))
    return store


def catalog(store, version, source, *genres):
    profile = {"rows_read": 1, "genres": dict.fromkeys(genres, 1)} if genres else None
    facts = least_facts("catalog", profile=profile)
    return store.draft("catalog", version).publish(source=source, facts=facts)[0]


def classifier(store, version, of, *genres, **facts):
    facts = least_facts("genre_classifier", genres=list(genres), **facts)
    draft = store.draft("genre_classifier", version)
    return draft.publish(parents={"catalog": of}, facts=facts)[0]


def label(store, defaults=None, **overrides):
    return work_of(LABEL, store, defaults or TeamDefaults(), overrides=overrides)


def team(listing, covers):
    return TeamDefaults(ingest_catalog={"source": listing}, ingest_covers={"source": covers})


def test_covers_wait_where_no_classifier_is_worth_using(store):
    catalog(store, "v1", "old.csv", "Art", "Law")
    unfit = {"verdict": "insufficient", "reason": "9 test books are too few", "champion": ""}
    classifier(store, "v1", "v1", "Art", "Law", **unfit)
    assert in_use(store, "genre_classifier") is None
    work = label(store)
    assert work.status is Status.MISSING_INPUT
    assert work.reason.endswith("is worth using: of v1, 9 test books are too few")
    classifier(store, "v2", "v1", "Art", "Law", champion="v2")
    assert label(store).plan.inputs["genre_classifier"] == "v2"
    classifier(store, "v3", "v1", "Art", "Law", **{**unfit, "champion": "v2"})
    assert label(store).plan.inputs["genre_classifier"] == "v2"


def test_covers_wait_for_the_classifier_of_a_new_library(store):
    catalog(store, "v1", "old.csv", "Art", "Law")
    classifier(store, "v1", "v1", "Art", "Law")
    assert label(store).plan.inputs == {"covers": "v1", "genre_classifier": "v1"}
    catalog(store, "v2", "new.csv", "Art", "Law")
    work = label(store)
    assert work.status is Status.MISSING_INPUT
    assert work.reason == (
        "label_covers waits: genre_classifier/v1 is of another library than catalog/v2 (new.csv), "
        "on which none is selected yet"
    )
    named = label(store, genre_classifier_version="v1")
    assert named.plan.inputs["genre_classifier"] == "v1", "a person asked for it"
    classifier(store, "v2", "v2", "Art", "Law", champion="v1")
    assert label(store).plan.inputs["genre_classifier"] == "v1", "it was compared on this library"


def test_covers_wait_for_the_team_s_listing_however_long_it_takes_or_if_it_fails(store):
    catalog(store, "v1", "old.csv")
    classifier(store, "v1", "v1")
    store.draft("covers", "v2").publish(source="new", facts=least_facts("covers"))
    work = label(store, team("new.csv", "new"))
    assert work.reason == (
        "label_covers waits: catalog/v1 is of old.csv, and the team's listing new.csv is not "
        "published yet"
    )
    named = label(store, team("new.csv", "new"), genre_classifier_version="v1")
    assert named.plan.inputs == {"covers": "v2", "genre_classifier": "v1"}
    assert label(store, team("old.csv", "new")).plan, "new covers of the same library"
    assert label(store, team("new.csv", "old")).plan, "covers that a person ingested by hand"
    assert label(store, team("", "new")).plan


@pytest.mark.parametrize(
    ("genres", "waits"),
    [(["Art", "Law"], False), (["Art", "Law", "War"], False), (["Sea", "Sky", "Art"], True)],
)
def test_a_new_content_of_the_same_listing_is_another_library_if_most_genres_differ(
    store, genres, waits
):
    catalog(store, "v1", "listing.csv", "Art", "Law")
    classifier(store, "v1", "v1", "Art", "Law")
    catalog(store, "v2", "listing.csv", *genres)
    assert (label(store).plan is None) == waits


def test_what_earlier_releases_did_not_record_holds_nothing_back(store):
    store.draft("genre_classifier", "v1").publish(facts=least_facts("genre_classifier"))
    catalog(store, "v2", "new.csv")
    assert label(store).plan
    classifier(store, "v2", "deleted", "Art")
    assert label(store).plan


@pytest.mark.parametrize(
    ("source", "genres", "other"),
    [
        ("old.csv", ["Art", "Law"], False),
        ("old.csv", ["Art", "Law", "War"], False),
        ("old.csv", ["Sea"], True),
        ("new.csv", ["Art", "Law"], False),
        ("new.csv", ["Art", "Law", "War"], True),
    ],
)
def test_a_champion_of_other_genres_is_no_rival_for_a_new_library(store, source, genres, other):
    catalog(store, "v1", "old.csv", "Art", "Law")
    champion = classifier(store, "v1", "v1", "Art", "Law")
    reason = other_library(champion, catalog(store, "v2", source, *genres), store)
    assert bool(reason) == other
    if other:
        assert reason == "the champion v1 is of another library (old.csv), with other genres"


def test_another_spelling_of_the_genres_is_the_same_library(store):
    catalog(store, "v1", "a.csv", "Children's Books", "Art & Design")
    champion = classifier(store, "v1", "v1", "Children's Books", "Art & Design")
    respelt = catalog(store, "v2", "b.csv", "childrens books", "Art and design")
    assert other_library(champion, respelt, store) is None
