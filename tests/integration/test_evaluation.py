"""The step that evaluates a candidate, on a small library, without Airflow."""

import io
import json
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from dustjacket.clip.model import MODEL_FOLDER, random_model, save
from dustjacket.clip.registry import CANDIDATE, ensure_starting
from dustjacket.clip.step import ClipParameters
from dustjacket.evaluation.step import REPORT
from dustjacket.feedback.store import Feedback
from dustjacket.genres.published_labels import LABELS, read_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.sample import make_sample
from dustjacket.storage.manifest import digest_of, version_name
from tests.conftest import interpret
from tests.support.stores import bench

pytestmark = pytest.mark.integration
SMALL = ClipParameters(model="dustjacket-small")
LEAST = {"bootstrap": 100, "min_test_covers": 5}


@pytest.fixture(scope="module")
def alone():
    with bench("evaluation") as ready:
        interpret(ready.spark)
        yield ready


@pytest.fixture(scope="module")
def labels(alone, tmp_path_factory):
    sample = make_sample(tmp_path_factory.mktemp("library"), 300, 90, seed=7)
    alone.run("ingest_catalog", source=str(sample.listing))
    alone.run("select_classifier", candidates=("naive_bayes",), folds=2)
    alone.run("ingest_covers", source=str(sample.covers))
    return alone.run("label_covers")


def publish(alone, kind, labels, seed):
    """Publish a model of random weights as if it had been trained on ``labels``."""
    covers = alone.store.manifest("covers", labels.parents["covers"])
    starting = ensure_starting(alone.store, SMALL, covers)
    draft = alone.store.draft(kind, version_name(datetime.now(UTC), digest_of({"seed": seed})))
    with tempfile.TemporaryDirectory() as folder:
        save(random_model(SMALL.model, seed), Path(folder))
        for file in Path(folder).iterdir():
            draft.upload(f"{MODEL_FOLDER}/{file.name}", file)
    return draft.publish(
        parameters=SMALL.model_dump(),
        parents={"labelled_covers": labels.version},
        facts={"starting_clip": starting.version, "starting_kind": starting.kind},
    )[0]


@pytest.fixture(scope="module")
def evaluated(alone, labels):
    publish(alone, CANDIDATE, labels, seed=14)
    return alone.run("evaluate_clip", **LEAST)


def test_an_evaluation_says_how_good_the_candidate_is_and_what_follows(alone, evaluated):
    facts = evaluated.facts
    assert facts["champion_version"].startswith("starting_clip/")
    assert facts["gallery"] == facts["comparison"]["test_covers"] >= 5
    assert facts["champion"] == facts["starting"]
    assert facts["leaked"] == 0, "ingestion keeps look-alikes on one side of the split"
    assert {rule["name"] for rule in facts["rules"]} >= {"better", "no_leak", "nothing_forgotten"}
    assert facts["genre_task"]["rows"]
    assert facts["drift"] is None


def test_the_page_is_published_and_in_mlflow(alone, evaluated):
    page = alone.store.read(evaluated, REPORT).decode()
    assert evaluated.facts["reason"].replace("'", "&#39;") in page
    run = mlflow.search_runs(
        experiment_names=["cover-clip"], filter_string=f"tags.version = '{evaluated.version}'"
    ).iloc[0]
    assert run["metrics.test_covers"] == evaluated.facts["gallery"]
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run["run_id"])}
    assert {REPORT, "recall.png", "ablation.png"} <= names


def test_what_the_studio_s_users_voted_is_measured_and_named(alone, evaluated, labels):
    assert evaluated.facts["queries"] is None
    index = alone.run("index_covers")
    books = read_labels(alone.store, labels)
    by = {"classifier": f"genre_classifier/{labels.parents['genre_classifier']}",
          "clip": index.facts["model"], "index": f"cover_index/{index.version}"}  # fmt: skip
    collected = Feedback(alone.store, days=90, share=1)
    for book in books.itertuples():
        collected.add_vote(book.title, book.author, "cover", book.key, 1, by)
        collected.add_vote(book.title, book.author, "genre", book.genre, 1, by)
    feedback = collected.flush()
    again = alone.run("evaluate_clip", **LEAST)
    found = again.facts["queries"]
    assert found["versions"] == [feedback.version]
    assert found["liked"] == again.facts["gallery"]
    assert found["liked"] + found["left_out"] == len(books)
    candidate = again.facts["without_genre"]["title_to_cover"]
    assert found["models"]["fine_tuned"]["median_rank"] == candidate["median_rank"]
    assert found["models"]["fine_tuned"]["recall_at_10"] == candidate["recall_at_10"]
    assert [one["liked"] for one in found["genres"]] == [1.0]
    page = alone.store.read(again, REPORT).decode()
    assert feedback.version in page
    assert f"{found['liked']:,} covers voted up" in page


def test_covers_are_compared_with_those_a_champion_of_an_earlier_version_was_trained_on(
    alone, evaluated, labels, tmp_path
):
    publish(alone, Kind.COVER_CLIP, labels, seed=15)
    sample = make_sample(tmp_path / "more", 300, 60, seed=8)
    alone.run("ingest_covers", source=str(sample.covers))
    newest = alone.run("label_covers")
    publish(alone, CANDIDATE, newest, seed=16)
    drift = alone.run("evaluate_clip", **LEAST).facts["drift"]
    assert (drift["reference"], drift["newest"]) == (labels.version, newest.version)
    assert drift["energy"] > 0
    assert 0 < drift["energy_p"] <= 1
    json.dumps(drift, allow_nan=False)


def test_a_test_cover_that_the_champion_was_trained_on_is_left_out(alone, labels):
    books = read_labels(alone.store, labels)
    test = books.index[books["split"] == "test"]
    books.loc[test[::2], "split"] = "train"
    table = io.BytesIO()
    books.to_parquet(table, index=False)
    draft = alone.store.draft("labelled_covers", version_name(datetime.now(UTC), "0" * 12))
    draft.put(f"{LABELS}/all.parquet", table.getvalue())
    publish(alone, Kind.COVER_CLIP, draft.publish(parents=labels.parents)[0], seed=17)
    publish(alone, CANDIDATE, labels, seed=18)
    facts = alone.run("evaluate_clip", **LEAST).facts
    assert facts["leaked"] == len(test[::2])
    assert facts["gallery"] == len(test) - facts["leaked"]
    assert facts["comparison"]["leaked_share"] == pytest.approx(len(test[::2]) / len(test))


def test_covers_that_no_longer_decode_are_left_out_and_counted(alone, labels):
    publish(alone, CANDIDATE, labels, seed=19)
    covers = alone.store.manifest("covers", labels.parents["covers"])
    for entry in covers.files:
        if entry.path.endswith(".tar"):
            alone.store.client.put_object(
                Bucket=alone.store.bucket, Key=covers.prefix + entry.path, Body=b"no tar file"
            )
    evaluation = alone.run("evaluate_clip", **LEAST)
    assert sum(evaluation.facts["broken"].values()) == labels.rows["labelled"]
    assert evaluation.facts["verdict"] == "insufficient"
    assert b"insufficient" in alone.store.read(evaluation, REPORT)
