"""The step that trains a generator, on a small library, without Airflow."""

import io
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pytest

from dustjacket.clip.model import random_model, save
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import MODEL_FOLDER, ClipParameters
from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.generation.generator import Request
from dustjacket.generation.habits import read_habits
from dustjacket.generation.near_copies import FILE, NearCopies
from dustjacket.generation.read import load_generator
from dustjacket.generation.scratch import load
from dustjacket.generation.step import MIN_COVERS, GeneratorFacts
from dustjacket.storage.manifest import version_name
from tests.support.images import drawn, saved

pytestmark = pytest.mark.integration
TRAINED, VALIDATED = 24, 6
SMALL = ClipParameters(model="dustjacket-small")
LEAST = {"budget_minutes": 0.01, "width": 32, "batch_size": 4, "sampling_steps": 2}


def publish_labels(store, day, reserved=0):
    """Publish covers of a sample, and labels of them; models may not be trained on some."""
    shard, rows, body = "shards/00000.tar", [], b""
    for number in range(TRAINED + VALIDATED):
        file = saved(drawn(f"{day} {number}"))
        split = "train" if number < TRAINED else "validation"
        rows.append((f"{number:04}", shard, len(body), len(file), split, number))
        body += file
    table = pd.DataFrame(rows, columns=["key", "shard", "offset", "size", "split", "position"])
    table = table.assign(
        sha256=[f"{day:02}{number:062}" for number in range(len(table))],
        title=[f"The Red Tower {key}" for key in table["key"]],
        author=None,
        genre="Art",
        probability=0.9,
        group=table["key"],
        training=[number >= reserved for number in range(len(table))],
    )
    name = version_name(datetime(2026, 1, day, tzinfo=UTC), f"{day:012}")
    covers = store.draft("covers", name)
    covers.put(shard, body)
    covers.publish()
    content = io.BytesIO()
    table.to_parquet(content, index=False)
    labels = store.draft("labelled_covers", name)
    labels.put("labels/part.parquet", content.getvalue())
    return labels.publish(parents={"covers": name})[0]


@pytest.fixture(scope="module")
def labels(store):
    return publish_labels(store, 1)


@pytest.fixture(scope="module")
def champion(store, labels):
    """A champion of random weights, as if it had been fine-tuned."""
    covers = store.manifest("covers", labels.parents["covers"])
    starting = ensure_starting(store, SMALL, covers)
    draft = store.draft("cover_clip", version_name(datetime(2026, 1, 2, tzinfo=UTC), "0" * 12))
    with tempfile.TemporaryDirectory() as folder:
        save(random_model(SMALL.model, 14), Path(folder))
        for file in Path(folder).iterdir():
            draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
    facts = {"starting_clip": starting.version, "starting_kind": starting.kind}
    return draft.publish(facts=facts)[0]


@pytest.fixture(scope="module")
def candidate(steps, labels, champion):
    return steps.run("train_generator", labelled_covers_version=labels.version, **LEAST)


def test_a_candidate_says_what_it_was_made_of(store, candidate, champion, labels):
    facts = GeneratorFacts.of(candidate)
    assert facts.covers == TRAINED
    assert facts.steps >= 1
    assert facts.image_model == f"cover_clip/{champion.version}"
    assert facts.conditioner == f"starting_clip/{champion.facts['starting_clip']}"
    assert facts.text_left < 0.02
    assert facts.prior in {trial["prior"] for trial in facts.prior_trials}
    assert candidate.parents == {
        "labelled_covers": labels.version, "cover_clip": champion.version,
    }  # fmt: skip
    assert list(store.versions("generator_checkpoint")) == []


def test_a_published_generator_draws_the_same_art_alone_and_among_others(
    store, candidate, champion, tmp_path
):
    generator = load_generator(store, candidate, tmp_path)
    first = Request("The Red Tower", "Ada Stern", genre="Art", seed=1)
    others = [
        Request("Blue", description="A tale of the sea.", seed=2**40),
        Request("", guidance=0),
    ]
    art = generator.draw([first, *others])
    width, height = generator.size
    assert art.shape == (3, height, width, 3)
    assert art.dtype == np.uint8
    again = load_generator(store, candidate, tmp_path).draw([first])
    assert np.array_equal(again[0], art[0])
    assert not np.array_equal(generator.draw([Request(**{**vars(first), "seed": 3})])[0], art[0])
    assert generator.draw([]).shape == (0, height, width, 3)


def test_habits_of_the_covers_travel_with_the_candidate(store, candidate):
    habits = read_habits(store, candidate)
    assert set(habits) == {"", "Art"}
    assert sum(habits["Art"].title) == pytest.approx(1)
    assert habits["Art"].covers == habits[""].covers <= TRAINED


def test_what_recognises_near_copies_travels_with_the_candidate(store, candidate):
    near = NearCopies.from_bytes(store.read(candidate, FILE))
    assert len(near.keys) == TRAINED


def test_the_run_has_metrics_and_a_picture(candidate):
    run = mlflow.get_run(candidate.facts["run_id"])
    assert run.data.metrics["result.steps"] == candidate.facts["steps"]
    assert run.data.metrics["result.text_left"] == candidate.facts["text_left"]
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run.info.run_id)}
    assert "drawn.png" in names


def test_too_few_covers_that_may_be_learnt_from_are_named_with_the_cure(steps, store, champion):
    labels = publish_labels(store, 3, reserved=TRAINED - MIN_COVERS + 1)
    with pytest.raises(NotReadyError, match=f"has {MIN_COVERS - 1} covers .* needs {MIN_COVERS}"):
        steps.run("train_generator", labelled_covers_version=labels.version, **LEAST)


@pytest.mark.parametrize("damage", ["missing", "cut", "no tensors"])
def test_a_damaged_generator_is_refused_in_one_line(store, candidate, damage, tmp_path):
    store.download(candidate, tmp_path)
    file = tmp_path / "generator" / "decoder.safetensors"
    whole = file.read_bytes()
    file.unlink()
    if damage != "missing":
        file.write_bytes(whole[:1000] if damage == "cut" else b"\x80\x04pickle")
    with pytest.raises(CorruptVersionError, match="train it again") as caught:
        load(tmp_path, "generator_candidate/v")
    assert "\n" not in str(caught.value)
