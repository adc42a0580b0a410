"""The step that evaluates a candidate, on a small library, without Airflow."""

import io
import json
import tempfile
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import mlflow
import pytest

from dustjacket.clip.model import random_model, save
from dustjacket.clip.starting import CANDIDATE, ensure_starting
from dustjacket.clip.step import MODEL_FOLDER, ClipParameters
from dustjacket.errors import MissingVersionError
from dustjacket.evaluation.lineage import read_lineage
from dustjacket.evaluation.step import REPORT
from dustjacket.feedback.store import Feedback
from dustjacket.genres.published_labels import LABELS, read_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.sample import make_sample
from dustjacket.storage.manifest import digest_of, version_name

pytestmark = pytest.mark.integration
SMALL = ClipParameters(model="dustjacket-small")
LEAST = {"bootstrap": 100, "min_test_covers": 5}


@pytest.fixture(scope="module")
def labels(steps, tmp_path_factory):
    sample = make_sample(tmp_path_factory.mktemp("library"), 300, 90, seed=7)
    steps.run("ingest_catalog", source=str(sample.listing))
    steps.run("select_classifier", candidates=("naive_bayes",), folds=2)
    steps.run("ingest_covers", source=str(sample.covers))
    return steps.run("label_covers")


def publish(steps, kind, labels, seed):
    """Publish a model of random weights as if it had been trained on ``labels``."""
    covers = steps.store.manifest("covers", labels.parents["covers"])
    starting = ensure_starting(steps.store, SMALL, covers)
    draft = steps.store.draft(kind, version_name(datetime.now(UTC), digest_of({"seed": seed})))
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
def evaluated(steps, labels):
    publish(steps, CANDIDATE, labels, seed=14)
    return steps.run("evaluate_clip", **LEAST)


def test_an_evaluation_says_how_good_the_candidate_is_and_what_follows(steps, evaluated):
    facts = evaluated.facts
    assert facts["champion_version"].startswith("starting_clip/")
    assert facts["gallery"] == facts["comparison"]["test_covers"] >= 5
    assert facts["champion"] == facts["starting"]
    assert facts["leaked"] == 0, "ingestion keeps look-alikes on one side of the split"
    assert {rule["name"] for rule in facts["rules"]} >= {"better", "no_leak", "nothing_forgotten"}
    assert facts["comparison"]["side"] == "validation", "random weights have no proven gain"
    assert facts["comparison"]["uses"] == 0
    assert facts["genre_task"]["rows"]
    assert facts["drift"] is None


def test_reading_is_told_from_seeing_and_the_whole_search_from_the_image_score(evaluated):
    reading, search = evaluated.facts["reading"], evaluated.facts["search"]
    assert reading["covers"] == search["covers"] == evaluated.facts["gallery"]
    assert {(row["search"], row["of"]) for row in reading["rows"]} == {
        ("OCR", "covers"),
        *(
            (model, of)
            for model in ("starting", "champion", "candidate")
            for of in ("covers", "covers without text")
        ),
    }
    assert [row["of"] for row in search["rows"] if row["search"] == "whole search"] == [
        "titles", "titles with one typing error", "titles with two",
    ]  # fmt: skip
    for row in [*reading["rows"], *search["rows"]]:
        assert 0 <= row["low"] <= row["recall_at_10"] <= row["high"] <= 1


def test_the_page_is_published_and_in_mlflow(steps, evaluated):
    page = steps.store.read(evaluated, REPORT).decode()
    assert evaluated.facts["reason"].replace("'", "&#39;") in page
    run = mlflow.search_runs(
        experiment_names=["cover-clip"], filter_string=f"tags.version = '{evaluated.version}'"
    ).iloc[0]
    assert run["metrics.test_covers"] == evaluated.facts["gallery"]
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run["run_id"])}
    assert {REPORT, "recall.png", "ablation.png"} <= names
    assert run["tags.mlflow.runName"] == f"evaluate clip: {evaluated.facts['verdict']}"
    assert "- ✓ no_leak: " in run["tags.mlflow.note.content"]
    worst = mlflow.load_table("worst_retrievals.json", run_ids=[run["run_id"]])
    assert len(worst) == evaluated.facts["gallery"]
    assert worst["rank"].is_monotonic_decreasing


def test_what_the_studio_s_users_voted_is_measured_and_named(steps, evaluated, labels):
    assert evaluated.facts["queries"] is None
    index = steps.run("index_covers")
    books = read_labels(steps.store, labels)
    by = {"classifier": f"genre_classifier/{labels.parents['genre_classifier']}",
          "clip": index.facts["model"], "index": f"cover_index/{index.version}"}  # fmt: skip
    collected = Feedback(steps.store, days=90, share=1)
    for book in books.itertuples():
        collected.add_vote(book.title, book.author, "cover", book.key, 1, by)
        collected.add_vote(book.title, book.author, "genre", book.genre, 1, by)
    feedback = collected.flush()
    again = steps.run("evaluate_clip", **LEAST)
    found = again.facts["queries"]
    assert found["versions"] == [feedback.version]
    assert found["liked"] == again.facts["gallery"]
    assert found["liked"] + found["left_out"] == len(books)
    candidate = again.facts["fine_tuned"]["title_to_cover"]
    assert found["models"]["fine_tuned"]["median_rank"] == candidate["median_rank"]
    assert found["models"]["fine_tuned"]["recall_at_10"] == candidate["recall_at_10"]
    assert [one["liked"] for one in found["genres"]] == [1.0]
    page = steps.store.read(again, REPORT).decode()
    assert feedback.version in page
    assert f"{found['liked']:,} covers voted up" in page


def test_covers_are_compared_with_those_a_champion_of_an_earlier_version_was_trained_on(
    steps, evaluated, labels, tmp_path
):
    publish(steps, Kind.COVER_CLIP, labels, seed=15)
    sample = make_sample(tmp_path / "more", 300, 60, seed=8)
    steps.run("ingest_covers", source=str(sample.covers))
    newest = steps.run("label_covers")
    publish(steps, CANDIDATE, newest, seed=16)
    drift = steps.run("evaluate_clip", **LEAST).facts["drift"]
    assert (drift["reference"], drift["newest"]) == (labels.version, newest.version)
    assert drift["energy"] > 0
    assert 0 < drift["energy_p"] <= 1
    json.dumps(drift, allow_nan=False)


def test_a_test_cover_that_the_champion_was_trained_on_is_left_out(steps, labels):
    books = read_labels(steps.store, labels)
    test = books.index[books["split"] == "test"]
    books.loc[test[::2], "split"] = "train"
    table = io.BytesIO()
    books.to_parquet(table, index=False)
    draft = steps.store.draft("labelled_covers", version_name(datetime.now(UTC), "0" * 12))
    draft.put(f"{LABELS}/all.parquet", table.getvalue())
    publish(steps, Kind.COVER_CLIP, draft.publish(parents=labels.parents)[0], seed=17)
    publish(steps, CANDIDATE, labels, seed=18)
    facts = steps.run("evaluate_clip", **LEAST).facts
    assert facts["leaked"] == len(test[::2])
    left = len(test) - facts["leaked"]
    assert facts["rules"][0]["sentence"].startswith(f"{left} test covers: ")
    assert facts["comparison"]["leaked_share"] == pytest.approx(len(test[::2]) / len(test))


@contextmanager
def deleted(store, *names):
    """For a block, versions ``<kind>/<version>`` have no manifest."""
    keys = [f"{name}/manifest.json" for name in names]
    bodies = [store.client.get_object(Bucket=store.bucket, Key=key)["Body"].read() for key in keys]
    for key in keys:
        store.client.delete_object(Bucket=store.bucket, Key=key)
    try:
        yield
    finally:
        for key, body in zip(keys, bodies, strict=True):
            store.client.put_object(Bucket=store.bucket, Key=key, Body=body)


def test_an_evaluation_goes_on_without_what_was_deleted_and_names_it(steps, labels):
    store = steps.store
    draft = store.draft("labelled_covers", version_name(datetime.now(UTC), "1" * 12))
    draft.put(f"{LABELS}/all.parquet", b"never read")
    of_champion, _ = draft.publish(parents=labels.parents)
    publish(steps, Kind.COVER_CLIP, of_champion, seed=21)
    candidate = publish(steps, CANDIDATE, labels, seed=22)
    starting = f"starting_clip/{candidate.facts['starting_clip']}"
    classifier = f"genre_classifier/{labels.parents['genre_classifier']}"
    catalog = store.manifest(*classifier.split("/")).parents["catalog"]
    champion_labels = f"labelled_covers/{of_champion.version}"
    with deleted(store, champion_labels, starting, classifier, f"catalog/{catalog}"):
        evaluation = steps.run("evaluate_clip", **LEAST)
        assert store.manifest(*starting.split("/")), "made again under the same name"
    assert evaluation.facts["verdict"] == "leaked"
    assert champion_labels in evaluation.facts["reason"]
    assert champion_labels in evaluation.facts["missing"][0]
    assert evaluation.facts["drift"] is None
    assert evaluation.facts["genre_task"]["rows"]
    page = store.read(evaluation, REPORT).decode()
    for name in (champion_labels, classifier):
        assert f"{name}, which is gone" in page


@pytest.mark.parametrize("kind", ["labelled_covers", "covers"])
def test_what_no_evaluation_can_do_without_is_named_with_the_step_that_makes_it(
    steps, labels, kind
):
    candidate = publish(steps, CANDIDATE, labels, seed=23)
    parents = {**labels.parents, "labelled_covers": labels.version}
    with (
        deleted(steps.store, f"{kind}/{parents[kind]}"),
        pytest.raises(MissingVersionError, match=f"{kind}/{parents[kind]}, which is gone: run"),
    ):
        read_lineage(steps.store, candidate)


def test_covers_that_no_longer_decode_are_left_out_and_counted(steps, labels):
    publish(steps, Kind.COVER_CLIP, labels, seed=24)
    publish(steps, CANDIDATE, labels, seed=19)
    covers = steps.store.manifest("covers", labels.parents["covers"])
    for entry in covers.files:
        if entry.path.endswith(".tar"):
            steps.store.client.put_object(
                Bucket=steps.store.bucket, Key=covers.prefix + entry.path, Body=b"no tar file"
            )
    evaluation = steps.run("evaluate_clip", **LEAST)
    assert sum(evaluation.facts["broken"].values()) == labels.rows["labelled"]
    assert evaluation.facts["verdict"] == "insufficient"
    assert b"Insufficient" in steps.store.read(evaluation, REPORT)
