"""Where the work of each step stands, by the parameters that its newest version records."""

from datetime import UTC, datetime

import pytest

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.storage.manifest import version_name
from dustjacket.studio import step_status
from tests.support.bucket import away, store_in_memory
from tests.support.facts import least_facts
from tests.support.studio_case import assert_problem, make_app, running

SELECT = "select_classifier"
BEGIN = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def app(tmp_path):
    """An app over a store that holds a catalogue."""
    app = make_app(tmp_path, empty=True)
    store = app.state.studio.models.store
    store.client = store_in_memory().client
    publish(store, Kind.CATALOG, version_name(BEGIN, "0" * 64))
    return app


def publish(store, kind, version, **fields):
    store.draft(kind, version).publish(facts=least_facts(kind), **fields)


def publish_work(store, step, **overrides):
    """Publish what a run of a step with these parameters would."""
    plan = plan_step(STEPS[step], store, TeamDefaults(), BEGIN, overrides)
    publish(
        store, STEPS[step].publishes, plan.version, parents=plan.inputs, code=plan.code,
        parameters=plan.parameters, modules=plan.modules, fingerprints=plan.fingerprints,
    )  # fmt: skip
    return plan.version


def rows(client):
    return {row["step"]: row for row in client.get("/steps").json()}


def test_every_step_has_a_status_with_its_reason(app):
    with running(app) as client:
        steps = rows(client)
    assert list(steps) == list(STEPS)
    assert {name: row["status"] for name, row in steps.items()} == {
        "ingest_catalog": "published", "ingest_covers": "to_do", SELECT: "to_do",
        "label_catalog": "missing_input", "label_covers": "missing_input",
        "finetune_clip": "missing_input",
        "evaluate_clip": "missing_input", "index_covers": "missing_input",
        "train_generator": "missing_input", "evaluate_generator": "missing_input",
    }  # fmt: skip
    assert steps["ingest_catalog"]["version"].startswith("20260101T")
    assert steps["ingest_catalog"]["published_at"]
    assert steps[SELECT]["version"] is None
    assert all(row["reason"] for row in steps.values())


def test_work_done_with_other_parameters_than_the_shipped_ones_is_published(app):
    version = publish_work(app.state.studio.models.store, SELECT, seed=5)
    with running(app) as client:
        row = rows(client)[SELECT]
    assert (row["status"], row["version"]) == ("published", version)


def test_work_on_an_older_input_is_to_do_and_shows_the_newest_version(app):
    store = app.state.studio.models.store
    version = publish_work(store, SELECT)
    publish(store, Kind.CATALOG, version_name(datetime(2026, 1, 2, tzinfo=UTC), "1" * 64))
    with running(app) as client:
        row = rows(client)[SELECT]
    assert (row["status"], row["version"]) == ("to_do", version)
    assert "input catalog is 20260102T" in row["reason"]


def test_a_version_that_cannot_be_understood_concerns_its_own_step_alone(app):
    store = app.state.studio.models.store
    publish(store, Kind.GENRE_CLASSIFIER, version_name(BEGIN, "2" * 64), parameters={"seed": "x"})
    with running(app) as client:
        steps = rows(client)
    assert steps[SELECT]["status"] == "error"
    assert "seed" in steps[SELECT]["reason"]
    assert steps["ingest_catalog"]["status"] == "published"


def test_the_answer_is_kept_until_it_is_old_or_a_model_is_replaced(app, monkeypatch):
    store = app.state.studio.models.store
    with running(app) as client:
        assert rows(client)[SELECT]["status"] == "to_do"
        publish_work(store, SELECT)
        assert rows(client)[SELECT]["status"] == "to_do"
        app.state.studio.steps.expire()
        assert rows(client)[SELECT]["status"] == "published"
        monkeypatch.setattr(step_status, "_MAX_AGE_S", 0.0)
        app.state.studio.steps.expire()
        rows(client)
        publish(store, Kind.CATALOG, version_name(datetime(2026, 1, 2, tzinfo=UTC), "1" * 64))
        assert rows(client)[SELECT]["status"] == "to_do"


def test_a_store_that_does_not_answer_is_a_problem(app):
    with running(app) as client, away(app.state.studio.models.store, "get_object"):
        assert_problem(client.get("/steps"), 503, "object store")


def test_the_status_needs_the_token(tmp_path):
    with running(make_app(tmp_path, "secret", empty=True)) as client:
        assert_problem(client.get("/steps"), 401, "token")
