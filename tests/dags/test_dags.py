"""Every DAG parses, imports nothing heavy, and is connected to the others as designed."""

from pathlib import Path

import pytest

from dustjacket.pipeline.steps import STEPS

DAGS = Path(__file__).parents[2] / "dags"
ROLLBACKS = {"rollback_clip": "cover_clip", "rollback_generator": "cover_generator"}
CATCH_UP, RETENTION = "catch_up", "retention"


def test_every_file_parses_with_no_import_error(bag):
    assert bag["errors"] == {}
    assert set(bag["dags"]) == {*STEPS, *ROLLBACKS, CATCH_UP, RETENTION}


def test_each_file_parses_in_under_a_second(bag):
    assert len(bag["seconds"]) == len(bag["dags"]) + 1, "each has a time, assets.py too"
    assert {file: seconds for file, seconds in bag["seconds"].items() if seconds >= 1} == {}


def test_nothing_heavy_is_imported(bag):
    heavy = {
        "torch",
        "mlflow",
        "pyspark",
        "pandas",
        "numpy",
        "sklearn",
        "open_clip",
        "PIL",
        "pyarrow",
    }
    assert heavy.isdisjoint(bag["imported"])


@pytest.mark.parametrize(
    ("dag", "follows", "publishes"),
    [
        ("ingest_catalog", "0 0 * * 0", "catalog"),
        ("ingest_covers", "0 0 * * 0", "covers"),
        ("select_classifier", ["catalog"], "genre_classifier"),
        ("label_covers", ["covers", "genre_classifier"], "labelled_covers"),
        ("label_catalog", ["catalog", "genre_classifier"], "labelled_catalog"),
        ("finetune_clip", ["labelled_covers"], "clip_candidate"),
        ("evaluate_clip", ["clip_candidate"], "cover_clip"),
        ("index_covers", ["cover_clip", "covers"], "cover_index"),
        ("train_generator", ["cover_clip", "labelled_covers"], "generator_candidate"),
        ("evaluate_generator", ["generator_candidate"], "cover_generator"),
    ],
)
def test_the_assets_chain_the_dags_as_designed(bag, dag, follows, publishes):
    assert bag["dags"][dag]["follows"] == follows
    assert bag["dags"][dag]["outlets"] == [publishes]


@pytest.mark.parametrize("dag", [*STEPS, *ROLLBACKS, CATCH_UP, RETENTION])
def test_a_dag_is_documented_owned_bounded_and_retried(bag, dag):
    found = bag["dags"][dag]
    assert len(found["doc"]) > 50
    assert found["owner"] == "dustjacket"
    assert "dustjacket" in found["tags"]
    assert found["max_active_runs"] == 1
    assert not found["catchup"]
    assert found["start_date"] is None
    assert found["run_timeout"]
    for task in found["tasks"]:
        assert task["retries"] >= 1
        assert task["backoff"]
        assert task["timeout"] or task["id"] == "approve", "a person has a week of the run's time"


@pytest.mark.parametrize("dag", STEPS)
def test_a_step_can_be_run_in_every_way_but_for_days_that_are_past(bag, dag):
    assert bag["dags"][dag]["refused"] == ["backfill"]


@pytest.mark.parametrize("dag", STEPS)
def test_a_form_has_every_parameter_and_input_described_and_empty_by_default(bag, dag):
    found = bag["dags"][dag]
    step = STEPS[dag]
    expected = set(step.parameters.model_fields)
    assert set(found["params"]) == expected | {
        f"{k}_version" for k in step.reads + step.optional_inputs
    }
    assert set(found["values"].values()) == {None}
    assert all(found["descriptions"].values())
    for schema in found["params"].values():
        assert "null" in schema["type"]


def test_a_task_that_makes_an_mlflow_run_links_to_it_and_an_evaluation_to_its_report(bag):
    links = {
        (name, task["id"]): set(task["links"])
        for name, dag in bag["dags"].items()
        for task in dag["tasks"]
        if task["links"]
    }
    assert links == {
        ("ingest_catalog", "clean"): {"MLflow run"},
        ("ingest_covers", "normalise"): {"MLflow run"},
        ("select_classifier", "cross_validate"): {"MLflow run"},
        ("label_covers", "predict"): {"MLflow run"},
        ("label_catalog", "predict"): {"MLflow run"},
        ("finetune_clip", "train"): {"MLflow run"},
        ("train_generator", "train"): {"MLflow run"},
        ("evaluate_clip", "evaluate"): {"MLflow run", "Report"},
        ("evaluate_generator", "evaluate"): {"MLflow run", "Report"},
        (CATCH_UP, "start"): {"Triggered DAG"},
    }


def test_an_ingestion_waits_for_the_next_week_even_if_it_is_first_started_on_a_sunday(bag):
    first = {name: dag["first_run"] for name, dag in bag["dags"].items() if dag["first_run"]}
    next_sunday, next_noon = "2026-12-06 00:00:00+00:00", "2026-11-29 12:00:00+00:00"
    assert first == {
        "ingest_catalog": next_sunday,
        "ingest_covers": next_sunday,
        CATCH_UP: next_noon,
        RETENTION: "2026-11-30 03:00:00+00:00",
    }


@pytest.mark.parametrize("dag", ["evaluate_clip", "evaluate_generator"])
def test_a_promotion_follows_evaluation_and_approval_even_if_those_are_skipped(bag, dag):
    tasks = {task["id"]: task for task in bag["dags"][dag]["tasks"]}
    assert {name: task["after"] for name, task in tasks.items()} == {
        "plan": [],
        "evaluate": ["plan"],
        "approve": ["evaluate", "plan"],
        "promote": ["approve", "plan"],
        "announce": ["promote"],
    }
    for name in ("approve", "promote"):
        assert tasks[name]["rule"] == "none_failed_min_one_success"


def test_a_run_may_wait_for_a_person_for_a_week(bag):
    days, _, _ = bag["dags"]["evaluate_clip"]["run_timeout"].partition(" day")
    assert int(days) >= 7


@pytest.mark.parametrize(("dag", "kind"), ROLLBACKS.items())
def test_a_rollback_asks_for_a_version_and_a_comment_and_announces_what_serves(bag, dag, kind):
    found = bag["dags"][dag]
    assert found["follows"] is None
    assert found["outlets"] == [kind]
    assert found["values"] == {"version": None, "comment": None}


def test_what_events_missed_is_started_once_a_day(bag):
    found = bag["dags"][CATCH_UP]
    assert found["follows"] == "0 12 * * *"
    assert found["outlets"] == []
    tasks = {task["id"]: (task["operator"], task["after"]) for task in found["tasks"]}
    assert tasks == {
        "find": ("_PythonDecoratedOperator", []),
        "start": ("TriggerDagRunOperator", ["find"]),
    }


@pytest.mark.parametrize("dag", STEPS)
def test_a_plan_that_waits_takes_no_slot_from_what_it_waits_for(bag, dag):
    plan = next(task for task in bag["dags"][dag]["tasks"] if task["id"] == "plan")
    assert plan["reschedules"]
