"""When drift is a reason to train again."""

from datetime import UTC, datetime, timedelta

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.catalog.statistics import CatalogStatistics
from dustjacket.clip.step import ClipParameters
from dustjacket.genres.facts import LabelFacts
from dustjacket.genres.retraining import TrainingHistory, Window, compare, history, reason_to_wait
from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.genres.step import ClassifierParameters
from dustjacket.pipeline.plan import erasures
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.manifest import ERASED_ROWS
from dustjacket.upkeep.erasure import republish
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

NOW = datetime(2026, 6, 1, tzinfo=UTC)
LONG_AGO = NOW - timedelta(days=100)
RULES = ClipParameters(
    retrain_on="drift", drift_violations=2, drift_versions=3, cooldown_days=14, min_new_books=50,
    max_retrains_per_month=2,
)  # fmt: skip


def windows(marks, new_books=100):
    return [Window(f"v{n}", 0.3, 0.0, new_books, mark == "x") for n, mark in enumerate(marks)]


def waits(marks, trained=(LONG_AGO,), **options):
    return reason_to_wait(TrainingHistory(trained, windows(marks, **options)), RULES, NOW)


@pytest.mark.parametrize("marks", ["xx", ".xx", "x.x", "xxx", "...xx", "..x.x"])
def test_enough_of_the_last_versions_drifted(marks):
    assert waits(marks) is None


@pytest.mark.parametrize("marks", ["x", ".", "x..", "xx..", "xxx..x"])
def test_one_outlier_or_an_old_drift_is_no_reason(marks):
    assert "drifted" in waits(marks)


def test_the_first_training_waits_for_nothing_nor_does_one_whose_covers_are_gone():
    assert waits("", trained=()) is None
    assert waits("..", trained=()) is None
    assert waits("") is None


def test_a_training_that_was_just_now_is_not_repeated():
    assert "cooldown_days=14" in waits("xx", [NOW - timedelta(days=13)])
    assert waits("xx", [NOW - timedelta(days=15)]) is None


def test_a_month_has_a_maximum_of_trainings():
    recent = [NOW - timedelta(days=days) for days in (29, 20)]
    assert "2 trainings" in waits("xx", recent)
    assert waits("xx", [NOW - timedelta(days=31), recent[1]]) is None


def test_a_few_new_books_are_no_reason():
    assert "min_new_books=50" in waits("xx", new_books=49)
    assert waits("xx", new_books=50) is None


def facts(genres, sure=0.8):
    labelled = sum(genres.values())
    return LabelFacts(labelled=labelled, sure=round(sure * labelled), genres=genres)


SAME = {"Art": 400, "Law": 300, "Poetry": 300}


def test_a_new_genre_and_fewer_sure_answers_are_drift_and_a_larger_library_is_none():
    assert not compare(facts(SAME), facts({g: 2 * n for g, n in SAME.items()}), "v").violated
    assert compare(facts(SAME), facts({**SAME, "Travel": 300}), "v").violated
    fewer = compare(facts(SAME), facts(SAME, sure=0.6), "v")
    assert fewer.violated
    assert fewer.sure == pytest.approx(-0.2)
    assert not compare(facts({"Art": 3}), facts({"Law": 2}), "v").violated, "too few to tell"
    assert compare(facts(SAME), facts({**SAME, "Art": 410}), "v").new_books == 10


@given(st.dictionaries(st.text(max_size=3), st.integers(0, 99)), st.integers(0, 1))
def test_any_facts_are_compared_and_equal_ones_do_not_violate(genres, sure):
    found = facts(genres, sure)
    assert not compare(found, found, "v").violated
    assert np.isfinite(compare(found, facts(SAME), "v").genre_mix)


def publish(store, name, genres, **fields):
    found = facts(genres).to_json()
    store.draft("labelled_covers", name).publish(facts=found, **fields)


def test_the_series_begins_anew_with_each_training():
    store = store_in_memory()
    step = STEPS["finetune_clip"]
    assert history(store, "clip_candidate", "labelled_covers") == TrainingHistory([], [])
    publish(store, "v1", SAME)
    store.draft("clip_candidate", "c1").publish(parents={"labelled_covers": "v1"})
    now = datetime.now(UTC) + timedelta(days=20)
    for version in ("v2", "v3"):
        publish(store, version, {**SAME, "Travel": 500})
    found = history(store, "clip_candidate", "labelled_covers")
    assert [(w.version, w.violated) for w in found.windows] == [("v2", True), ("v3", True)]
    rules = RULES.model_copy(update={"min_new_books": 500})
    assert step.reason_to_rest(rules, store, now) is None
    assert "cooldown" in step.reason_to_rest(rules, store, datetime.now(UTC))
    store.draft("clip_candidate", "c2").publish(parents={"labelled_covers": "v3"})
    assert history(store, "clip_candidate", "labelled_covers").windows == []
    assert step.reason_to_rest(ClipParameters(), store, now) is None, "on each version"


def test_books_that_were_erased_are_reason_enough_until_a_training_without_them():
    store, step = store_in_memory(), STEPS["finetune_clip"]
    parents = {"labelled_covers": "v1"}
    publish(store, "v1", SAME)
    store.draft("clip_candidate", "c1").publish(parents=parents)
    publish(store, "v2", SAME)
    now = datetime.now(UTC) + timedelta(days=20)
    assert step.reason_to_rest(RULES, store, now)
    covers = store.manifest("labelled_covers", "v1")
    republish(store, covers, {}, covers.facts, {"labelled": 999, ERASED_ROWS: 1})
    assert step.reason_to_rest(RULES, store, now) is None
    without = erasures([store.manifest("labelled_covers", "v1")])
    store.draft("clip_candidate", "c2").publish(parents=parents, fingerprints=without)
    assert step.reason_to_rest(RULES, store, now)


def test_a_classifier_is_selected_again_when_the_listing_drifts():
    store, step = store_in_memory(), STEPS["select_classifier"]
    now = datetime.now(UTC) + timedelta(days=20)
    rules = ClassifierParameters(
        **RULES.model_dump(include=RetrainingParameters.model_fields.keys())
    )

    def publish_catalog(version, genres):
        number = sum(genres.values())
        profile = CatalogStatistics(
            rows_read=number, rows_accepted=number, rejected_by_reason={}, genres=genres
        ).model_dump(mode="json")
        facts = least_facts("catalog", profile=profile)
        store.draft("catalog", version).publish(facts=facts)

    publish_catalog("v1", SAME)
    store.draft("genre_classifier", "g1").publish(parents={"catalog": "v1"})
    publish_catalog("v2", {name: 2 * number for name, number in SAME.items()})
    assert "0 of the last 1 versions drifted" in step.reason_to_rest(rules, store, now)
    for version in ("v3", "v4"):
        publish_catalog(version, {**SAME, "Travel": 500})
    assert step.reason_to_rest(rules, store, now) is None
    assert step.reason_to_rest(ClassifierParameters(), store, now) is None, "on each version"
