"""Every DAG parses, is light, and follows from the others as the design says."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from dustjacket.parameters import Profile
from dustjacket.steps import STEPS

DAGS = Path(__file__).parents[2] / "dags"


@pytest.fixture(scope="module")
def bag(tmp_path_factory):
    home = tmp_path_factory.mktemp("airflow")
    environment = {
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "PATH": str(Path(sys.executable).parent),
    }
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("read_dags.py")), str(DAGS)],
        env=environment, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


def test_every_file_parses_with_no_import_error(bag):
    assert bag["errors"] == {}
    assert set(bag["dags"]) == set(STEPS)


def test_each_file_parses_in_under_a_second(bag):
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
        ("ingest_catalog", "@weekly", "catalog"),
        ("ingest_covers", "@weekly", "covers"),
        ("select_classifier", ["catalog"], "genre_classifier"),
        ("label_covers", ["covers", "genre_classifier"], "labelled_covers"),
        ("finetune_clip", ["labelled_covers"], "clip_candidate"),
        ("evaluate_clip", ["clip_candidate"], "cover_clip"),
        ("index_covers", ["cover_clip", "covers"], "cover_index"),
    ],
)
def test_the_assets_chain_the_dags_as_designed(bag, dag, follows, publishes):
    assert bag["dags"][dag]["follows"] == follows
    assert bag["dags"][dag]["outlets"] == [publishes]


@pytest.mark.parametrize("dag", STEPS)
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
        assert task["timeout"]


@pytest.mark.parametrize("dag", STEPS)
def test_a_form_has_every_parameter_and_input_described_and_empty_by_default(bag, dag):
    found = bag["dags"][dag]
    step = STEPS[dag]
    expected = set(type(getattr(Profile(), dag)).model_fields)
    assert set(found["params"]) == expected | {
        f"{k}_version" for k in step.reads + step.reads_if_there
    }
    assert set(found["values"].values()) == {None}
    assert all(found["descriptions"].values())
    for schema in found["params"].values():
        assert "null" in schema["type"]
