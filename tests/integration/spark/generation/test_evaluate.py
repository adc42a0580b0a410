"""The step that evaluates a generator, on a small library: real S3, ledger and MLflow."""

from datetime import UTC, datetime
from types import SimpleNamespace

import mlflow
import numpy as np
import pytest

from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import ClipParameters
from dustjacket.evaluation.step import REPORT
from dustjacket.generation import read
from dustjacket.generation.blind_pictures import read_blind_pictures
from dustjacket.generation.near_copies import FILE, NearCopies
from dustjacket.generation.textless import textless_art
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.families import GENERATOR
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.plan import work_of
from dustjacket.pipeline.step import Status
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import promote
from dustjacket.sample import make_sample
from dustjacket.storage.manifest import digest_of, version_name
from dustjacket.tracking import runs as tracking

pytestmark = pytest.mark.integration
SIZE = (48, 72)
SMALL = {"titles": 12, "seeds": 2, "min_titles": 5, "training_covers": 40, "resamples": 50}


def load(_folder, version):
    """Return a generator of noise."""

    def draw(requests):
        return np.stack(
            [
                np.random.default_rng([request.seed, len(request.title)]).integers(
                    0, 256, (SIZE[1], SIZE[0], 3), np.uint8
                )
                for request in requests
            ]
        )

    return SimpleNamespace(version=version, size=SIZE, draw=draw)


@pytest.fixture(scope="module")
def labels(steps, tmp_path_factory):
    sample = make_sample(tmp_path_factory.mktemp("library"), 300, 90, seed=7)
    steps.run("ingest_catalog", source=str(sample.listing))
    steps.run("select_classifier", candidates=("naive_bayes",), folds=2)
    covers = steps.run("ingest_covers", source=str(sample.covers))
    ensure_starting(steps.store, ClipParameters(model="dustjacket-small"), covers)
    return steps.run("label_covers")


@pytest.fixture(scope="module")
def evaluated(steps, labels):
    store = steps.store
    covers = store.manifest(Kind.COVERS, labels.parents[Kind.COVERS])
    books = read_training_labels(store, labels)
    rows, art = textless_art(store, covers, books[books["split"] == "train"], SIZE)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(read.IMPLEMENTATIONS, "noise", f"{__name__}:load")
        version = version_name(datetime.now(UTC), digest_of({"noise": 1}))
        draft = store.draft(Kind.GENERATOR_CANDIDATE, version)
        near_copies = NearCopies.of(list(rows["key"]), art, art[:0])
        draft.put(FILE, near_copies.to_bytes())
        draft.publish(
            parents={Kind.LABELLED_COVERS: labels.version}, facts={"implementation": "noise"}
        )
        yield steps.run("evaluate_generator", **SMALL)


def test_pictures_for_blind_comparison_are_kept(steps, evaluated):
    kept = read_blind_pictures(steps.store, evaluated)
    assert len(kept.titles) == len(kept.pictures["drawn"]) == evaluated.rows["titles"]
    assert kept.pictures["drawn"].shape == kept.pictures["real"].shape
    assert "Blind pairs" in steps.store.read(evaluated, REPORT).decode()


def test_noise_is_measured_and_refused(steps, evaluated):
    facts = evaluated.facts
    assert facts["verdict"] in ("not_better", "judge_too_weak")
    assert facts["champion_version"] is None
    assert facts["side"] == "validation", "nothing is proven: no figure of the test side"
    assert facts["comparison"]["test_side"]
    assert {"drawn", "real art", "mean of the genre", "shuffled titles"} <= set(facts["precision"])
    assert facts["near_copies"]["rate"] == 0
    assert facts["kid"]["drawn"]["kid"] > facts["kid"]["real art of the training side"]["kid"]
    assert facts["seconds"]["evaluation"] > facts["seconds"]["drawing"] > 0


def test_the_page_and_its_pictures_are_published_and_in_mlflow(steps, evaluated):
    page = steps.store.read(evaluated, REPORT).decode()
    assert "nearest training cover" in page or "mean of the genre" in page
    run = mlflow.search_runs(
        experiment_names=["cover-generator"], filter_string=f"tags.version = '{evaluated.version}'"
    ).iloc[0]
    assert run["metrics.near_copies"] == 0
    names = {file.path for file in mlflow.MlflowClient().list_artifacts(run["run_id"])}
    assert {REPORT, "contact_sheet.png", "nearest_covers.png"} <= names


def test_the_candidate_is_registered_and_draws_in_mlflow(steps, evaluated):
    candidate = evaluated.parents[Kind.GENERATOR_CANDIDATE]
    found = tracking.registered(GENERATOR.registered, kind=GENERATOR.candidate, version=candidate)
    model = mlflow.pyfunc.load_model(f"models:/{found.name}/{found.version}")
    drawn = model.predict({"title": ["Red Moon"], "author": ["A. Writer"]})
    assert drawn["png"][0].startswith(b"\x89PNG")


def test_the_refusal_is_in_the_ledger_and_the_work_is_done(steps, evaluated):
    step, store = STEPS["evaluate_generator"], steps.store
    assert work_of(step, store, TeamDefaults(evaluate_generator=SMALL)).status is Status.UNDECIDED
    record = promote(store, evaluated, "a run")
    assert (record.action, record.from_, record.to) == ("refused", None, None)
    assert Ledger(store).test_sides(GENERATOR) == [evaluated.facts["comparison"]["test_side"]]
    assert work_of(step, store, TeamDefaults(evaluate_generator=SMALL)).status is Status.PUBLISHED
    assert store.newest(Kind.COVER_GENERATOR) is None
