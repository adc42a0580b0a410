"""A small library through the whole chain, as a user runs it: one command, real servers."""

import json
import os
from contextlib import suppress
from typing import get_args

import psutil
import pytest

from dustjacket.genres.step import CandidateName
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.steps import STEPS
from dustjacket.promotion.ledger import Ledger
from dustjacket.tracking.links import run_page
from tests.e2e.conftest import COVERS, EPOCHS, ROWS, run_chain
from tests.support.commands import dustjacket

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(1800)]
DIRECTIONS = ("title_to_cover", "cover_to_title")
RETRIEVAL = {"recall_at_1", "recall_at_5", "recall_at_10", "median_rank"}


def test_every_row_and_cover_is_accounted_for(first_run):
    report, _, _ = first_run
    catalog, covers = report["catalog"], report["covers"]
    assert catalog["rows_read"] == ROWS
    assert catalog["rows_accepted"] + catalog["rows_rejected"] == ROWS
    assert sum(catalog["rejected_by_reason"].values()) == catalog["rows_rejected"] > 0
    assert covers["read"] == COVERS
    assert covers["accepted"] + covers["rejected"] == COVERS
    assert sum(covers["rejected_by_reason"].values()) == covers["rejected"] > 0
    assert report["labels"]["labelled"] == covers["accepted"]


def test_a_classifier_is_selected_among_the_paper_s_and_better_ones(first_run):
    classifier = first_run[0]["classifier"]
    names = {candidate["name"]: candidate for candidate in classifier["candidates"]}
    assert set(names) == set(get_args(CandidateName))
    for candidate in names.values():
        assert 0 <= candidate["cv_mean"] <= 1
        assert candidate["cv_std"] >= 0
        assert candidate["seconds"] > 0
    assert classifier["selected"] in names
    assert names[classifier["selected"]]["cv_mean"] > 1 / 10, "better than a guess"
    assert {"accuracy", "f1_weighted", "f1_macro", "top3_accuracy"} <= set(classifier["test"])
    low, high = classifier["intervals"]["f1_weighted"]
    assert low < classifier["test"]["f1_weighted"] < high
    assert names["naive_bayes"]["paper"] == pytest.approx(0.598)
    assert classifier["model_version"]


def test_clip_is_trained_evaluated_on_held_out_covers_and_promoted(first_run, store):
    report = first_run[0]
    assert report["clip"]["processes"] == 2
    assert report["clip"]["epochs"] == EPOCHS
    assert report["clip"]["pairs_per_second"] > 0
    evaluation = report["evaluation"]
    for part in ("starting", "champion", "fine_tuned"):
        for direction in DIRECTIONS:
            assert set(evaluation[part][direction]) >= RETRIEVAL
    assert evaluation["verdict"] == "promoted"
    promoted = Ledger(store).of_family(CLIP)[-1]
    assert promoted.action == "promoted"
    assert promoted.to == f"cover_clip/{store.newest('cover_clip').version}"
    assert 0 < evaluation["chance"]["recall_at_10"] <= 1


def test_a_generator_is_trained_and_its_art_is_judged(first_run):
    report = first_run[0]
    assert report["generator"]["steps"] > 0
    assert report["generator"]["text_left"] < 0.02
    generation = report["generation"]
    assert generation["verdict"] == "insufficient", "fewer than 100 test titles"
    assert {"drawn", "real art", "mean of the genre"} <= set(generation["precision"])


def test_the_run_shows_progress_and_ends_with_the_report(first_run):
    _, said, _ = first_run
    assert "finetune_clip running" in said
    assert "verdict: promoted" in said
    assert "generator: insufficient" in said
    assert "Airflow" in said
    assert "MLflow" in said
    assert "login" in said


def test_a_run_killed_in_the_middle_continued_where_it_was(first_run, store):
    for step in STEPS.values():
        versions = store.versions(step.publishes)
        digests = [version.rpartition("-")[2] for version in versions]
        assert len(set(digests)) == len(digests) > 0, "the same work published once"
        newest = store.newest(step.publishes)
        for entry in newest.files:
            store.read(newest, entry.path)


def test_a_second_run_finds_everything_done(first_run, library, home, tmp_path):
    before, _, first_seconds = first_run
    again, _, seconds = run_chain(library, home, tmp_path)
    for step in STEPS.values():
        assert again[step.section]["version"] == before[step.section]["version"]
    assert seconds < first_seconds / 2


def test_every_version_has_an_mlflow_run(first_run, platform):
    report = first_run[0]
    for step in STEPS.values():
        if step.experiment:
            page = run_page(platform, step.experiment, report[step.section]["version"])
            assert page.startswith(f"{platform.mlflow_uri}/#/experiments/"), step.name


def processor_seconds():
    """Return the time of the processor that ended children took: other work does not count."""
    times = os.times()
    return times.children_user + times.children_system


def test_genre_and_covers_answer_within_10_seconds(first_run, home):
    began = processor_seconds()
    answer = dustjacket("genre", "Murder at the Red Tower", "--json", home=home)
    genres = json.loads(answer.stdout)["genres"]
    assert sum(genre["probability"] for genre in genres) == pytest.approx(1, abs=0.01)
    assert genres[0]["probability"] == max(genre["probability"] for genre in genres)
    middle = processor_seconds()
    assert 0 < middle - began < 10
    answer = dustjacket("covers", "Murder at the Red Tower", "--top", 3, "--json", home=home)
    covers = json.loads(answer.stdout)["covers"]
    assert 0 < processor_seconds() - middle < 10
    assert len(covers) == 3
    assert len({cover["key"] for cover in covers}) == 3
    named = dustjacket("covers", covers[2]["title"], "--json", home=home)
    assert json.loads(named.stdout)["covers"][0]["title"] == covers[2]["title"]


def test_what_is_not_there_is_one_clear_line(home, first_run, tmp_path):
    done = dustjacket(
        "run", "--catalog", tmp_path / "none.csv", home=home, cwd=tmp_path, check=False
    )
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1
    assert "none.csv" in done.stderr


def test_no_password_is_in_a_log_or_on_a_command_line(home, first_run):
    secrets = json.loads((home / "credentials.json").read_text()).values()
    for process in psutil.process_iter(["cmdline"]):
        line = " ".join(process.info["cmdline"] or [])
        assert not [secret for secret in secrets if secret in line]
    logs = [*(home / "logs").rglob("*"), *(home / "airflow" / "logs").rglob("*")]
    texts = [file.read_bytes() for file in logs if file.is_file()]
    assert len(texts) > 10
    assert not [secret for secret in secrets for text in texts if secret.encode() in text]


def test_no_password_is_in_a_database_an_object_or_a_report(home, first_run):
    secrets = [s.encode() for s in json.loads((home / "credentials.json").read_text()).values()]
    holding, read = set(), 0
    for file in home.rglob("*"):
        if not file.is_file() or file.suffix == ".jar":
            continue
        with suppress(FileNotFoundError):  # a temporary file that is gone meanwhile
            read, body = read + 1, file.read_bytes()
            if any(secret in body for secret in secrets):
                holding.add(file)
    assert read > 500
    assert {file.parent for file in holding} == {home}, "the servers' own files alone"
    assert not [file for file in holding if ".db" in file.name]
    assert not any(secret.decode() in json.dumps(first_run[0]) for secret in secrets)
