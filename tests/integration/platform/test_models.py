"""Models through MLflow."""

import mlflow
import numpy as np
import pandas as pd
import pytest
import torch

from dustjacket.clip.embed import embed_texts
from dustjacket.clip.read import load_version
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import MODEL_FOLDER, ClipParameters
from dustjacket.errors import BadInputError
from dustjacket.pipeline.families import CLIP
from dustjacket.platform.mlflow_server import ARTIFACTS
from dustjacket.promotion.registry import ensure_registered
from dustjacket.tracking import runs as tracking
from dustjacket.tracking.links import end_runs

pytestmark = pytest.mark.integration
SMALL = ClipParameters(model="dustjacket-small")
NO_COVERS = None  # only lite0-minilm looks at them
TEXTS = ["The Time Machine by H. G. Wells", "Dracula"]


@pytest.fixture(scope="module")
def starting(store):
    tracking.connect(store.settings)
    return ensure_starting(store, SMALL, NO_COVERS)


def test_the_starting_weights_are_made_once(store, starting):
    assert ensure_starting(store, SMALL, NO_COVERS) == starting
    other = SMALL.model_copy(update={"seed": 14})
    assert ensure_starting(store, other, NO_COVERS).version != starting.version


def test_a_model_and_a_checkpoint_in_s3_are_starting_weights_too(store, starting):
    def weights(**given):
        found = ensure_starting(store, ClipParameters(**given), NO_COVERS)
        return load_version(store, found).model.state_dict()

    folder = f"s3://{store.bucket}/{starting.prefix}{MODEL_FOLDER}"
    wanted = load_version(store, starting).model.state_dict()
    file = f"{folder}/open_clip_model.safetensors"
    for found in (weights(model=folder), weights(model=SMALL.model, weights=file, seed=3)):
        assert all(torch.equal(found[name], one) for name, one in wanted.items())
    with pytest.raises(BadInputError, match="nowhere"):
        weights(model=f"s3://{store.bucket}/nowhere")


def test_a_model_comes_back_from_mlflow_as_it_was_published(store, starting):
    mlflow.set_experiment("tests")
    with mlflow.start_run():
        registered = ensure_registered(store, CLIP, starting)
    assert registered.tags["version"] == starting.version
    loaded = mlflow.pyfunc.load_model(f"models:/{CLIP.registered}/{registered.version}")
    found = np.stack(loaded.predict(pd.DataFrame({"text": TEXTS}))["embedding"])
    np.testing.assert_allclose(found, embed_texts(load_version(store, starting), TEXTS), atol=1e-6)


def test_mlflow_keeps_its_files_in_a_private_folder(store, starting):
    assert list((store.settings.home / ARTIFACTS).rglob("*.safetensors"))


def test_runs_of_killed_attempts_at_the_same_work_are_ended_and_no_others(store):
    tracking.connect(store.settings)
    tracking.use_experiment("tests of ends")
    client = mlflow.MlflowClient()
    experiment = mlflow.get_experiment_by_name("tests of ends").experiment_id
    names = ["20260101T000000000000Z-aaaaaaaaaaaa", "20260102T000000000000Z-aaaaaaaaaaaa",
             "20260101T000000000000Z-bbbbbbbbbbbb"]  # fmt: skip
    first, resumed, other = (
        client.create_run(experiment, tags={"version": name}).info.run_id for name in names
    )
    child = client.create_run(experiment, tags={"mlflow.parentRunId": first}).info.run_id
    end_runs(store.settings, "tests of ends", names[1], keep=resumed)
    status = [client.get_run(run).info.status for run in (first, child, resumed, other)]
    assert status == ["KILLED", "KILLED", "RUNNING", "RUNNING"]
    end_runs(store.settings, "no such experiment", names[0])
