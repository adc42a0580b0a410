"""Whoever goes back to earlier data, parameters or code gets the earlier versions, unchanged."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from dustjacket.genres.step import SelectClassifier
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.plan import bring_back, work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion.ledger import Ledger
from tests.support.bucket import store_in_memory
from tests.support.chain_in_memory import decide, run_dag

NOW = datetime(2026, 1, 1, tzinfo=UTC)
SELECT = "select_classifier"


@pytest.fixture(autouse=True)
def aliases(monkeypatch):
    """The classifiers that MLflow's aliases were pointed at; there is no MLflow here."""
    pointed = []
    monkeypatch.setattr(
        SelectClassifier, "before_reuse", lambda _, version, __: pointed.append(version.version)
    )
    return pointed


@pytest.fixture
def store():
    return store_in_memory()


@pytest.fixture
def deliver(store, tmp_path):
    """Deliver a content of listing and covers, run every DAG, return all versions in use."""
    source, week = tmp_path / "source.csv", iter(range(1, 99))
    named = {"source": str(source)}
    defaults = TeamDefaults(ingest_catalog=named, ingest_covers=named)

    def run(content, **facts):
        source.write_text(content)
        moment = NOW + timedelta(weeks=next(week))
        for name in STEPS:
            run_dag(store, name, defaults, moment, **facts.get(name, {}))
            assert work_of(STEPS[name], store, defaults).is_current
        return {step.publishes: in_use(store, step.publishes) for step in STEPS.values()}

    run.defaults = defaults
    return run


def test_data_that_come_back_bring_back_all_that_was_made_of_them(store, deliver, aliases):
    first, second = deliver("A"), deliver("B")
    assert all(first[kind].version != second[kind].version for kind in first)
    before = set(store.client.objects)
    assert deliver("A") == first
    added = set(store.client.objects) - before
    assert {key.partition("/")[0] for key in added} == set(first)
    assert {key.rpartition("/")[2] for key in added} == {"reference.json"}, "nothing is made anew"
    assert aliases == [first["genre_classifier"].version]
    assert deliver("A") == first
    assert set(store.client.objects) - before == added, "and a further run has nothing to do"
    assert deliver("B") == second
    assert deliver("A") == first


def test_a_run_without_parameters_goes_back_to_the_defaults(store, deliver):
    deliver("A")
    default = store.newest("catalog")
    run_dag(store, "ingest_catalog", deliver.defaults, NOW, {"max_title_length": 99})
    assert store.newest("catalog") != default
    found = run_dag(store, "ingest_catalog", deliver.defaults, NOW)
    assert found.status is Status.REPLACED
    assert f"{default.version} holds this work, but 2" in found.reason
    assert store.newest("catalog") == default


def test_a_version_is_never_named_below_the_newest(store, deliver, caplog):
    ahead = datetime(2030, 1, 1, tzinfo=UTC)
    deliver("A")
    run_dag(store, SELECT, deliver.defaults, ahead, {"folds": 5})
    of_2030 = store.newest("genre_classifier")
    assert of_2030.version.startswith("20300101T000000000000Z-")
    assert caplog.messages == []
    run_dag(store, SELECT, deliver.defaults, NOW, {"folds": 6})
    newest = store.newest("genre_classifier")
    assert newest.parameters["folds"] == 6
    assert newest.version.startswith("20300101T000000000001Z-")
    assert "select_classifier is named by 2030" in caplog.messages[-1]
    run_dag(store, SELECT, deliver.defaults, NOW, {"folds": 5})
    assert store.newest("genre_classifier") == of_2030
    assert store.newest_named("genre_classifier")[0].startswith("20300101T000000000002Z-")


def test_an_evaluation_that_comes_back_counts_only_for_the_same_champion(store, deliver):
    first = deliver("A")["evaluation"]
    second = deliver("B")["evaluation"]
    decide(store, second, to="cover_clip/of-b")
    assert Ledger(store).champion(CLIP) is not None
    again = deliver("A")["evaluation"]
    assert again != first, "the champion is another one: judged anew"
    assert again.parents == first.parents


def test_a_reference_whose_version_was_deleted_is_passed_over(store, deliver):
    first, second = deliver("A"), deliver("B")
    deliver("A")
    del store.client.objects[f"catalog/{first['catalog'].version}/manifest.json"]
    assert store.newest("catalog") == second["catalog"]
    assert deliver("A")["catalog"].parameters == first["catalog"].parameters


def test_a_name_that_stands_for_a_version_is_read_as_that_version(store, deliver):
    first = deliver("A")["catalog"]
    deliver("B")
    deliver("A")
    name, manifest = store.newest_named("catalog")
    assert name != first.version
    assert store.manifest("catalog", name) == manifest == first
    assert name not in store.versions("catalog")
    reference = json.loads(store.client.objects[f"catalog/{name}/reference.json"])
    assert reference["stands_for"] == first.version
    work = work_of(STEPS[SELECT], store, deliver.defaults, overrides={"catalog_version": name})
    assert work.plan.inputs == {"catalog": first.version}


def test_what_was_never_published_cannot_come_back(store, deliver):
    source = deliver.defaults
    with pytest.raises(ValueError, match="no version holds the work of label_covers"):
        bring_back(STEPS["label_covers"], work_of(STEPS["label_covers"], store, source), store)
