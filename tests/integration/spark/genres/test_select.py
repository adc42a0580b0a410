"""The step that selects a classifier: its records in MLflow and S3, and the uses of its result."""

import io
import random
from dataclasses import dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
import torch

from dustjacket.evaluation.genre import best_weight, classifier_probabilities
from dustjacket.genres import embeddings, labels
from dustjacket.genres.candidates import CANDIDATES
from dustjacket.genres.out_of_fold import PROBABILITIES
from dustjacket.genres.published_labels import read_labels
from dustjacket.genres.read import load_scorer
from dustjacket.genres.registry import KIND, REGISTERED, point_aliases
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.steps import STEPS, in_use
from dustjacket.sample.grammar import make_book
from dustjacket.sample.listing import write_listing
from dustjacket.sources.arrow import spark_schema
from dustjacket.splits import book_group
from dustjacket.storage.manifest import Manifest
from dustjacket.tracking import runs as tracking
from tests.support.facts import least_facts
from tests.support.stores import StepRunner

pytestmark = pytest.mark.integration
COMPARED = ("naive_bayes", "complement_nb", "linear_svm", "complement_nb_sentences", "vote")
FOLDS = 2
TABLES = (
    "cross_validation",
    "suspects",
    "confusions",
    "slices",
    "behaviours",
    "curve",
    "coverage",
    "errors",
    "f1_of_candidates",
)
FIGURES = (
    "candidates",
    "confusion",
    "f1_by_genre",
    "roc",
    "reliability",
    "learning_curve",
    "coverage",
    "f1_of_candidates",
)


@dataclass
class Selections:
    """Two selections of one catalog; the second one's candidate is embedded, and alone."""

    steps: StepRunner
    catalog: Manifest
    first: Manifest
    champion: str
    second: Manifest
    cache: Path

    def scorer(self, manifest):
        return load_scorer(self.steps.store, manifest, self.cache)


def aliased(alias):
    """Return the published version that an alias of the registered model points to."""
    return tracking.with_alias(REGISTERED, alias).tags["version"]


@pytest.fixture(scope="module")
def made(steps, tmp_path_factory):
    folder = tmp_path_factory.mktemp("selections")
    write_listing(folder / "listing.csv", 500, random.Random(7))
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # one title at a time is no work for more
    catalog = steps.run("ingest_catalog", source=str(folder / "listing.csv"))
    given = {"candidates": COMPARED, "folds": FOLDS}
    first = steps.run("select_classifier", **given)
    tracking.connect(steps.settings)
    champion = aliased(tracking.CHAMPION)
    given |= {"candidates": ("complement_nb_sentences",), "seed": 14}
    second = steps.run("select_classifier", **given)
    yield Selections(steps, catalog, first, champion, second, folder / "cache")
    torch.set_num_threads(threads)


def below(run_id):
    """Return the runs right below one."""
    experiments = [one.experiment_id for one in mlflow.search_experiments()]
    parent = f"tags.`mlflow.parentRunId` = '{run_id}'"
    return mlflow.search_runs(experiments, parent, output_format="list")


def test_a_candidate_is_a_run_a_setting_one_below_and_a_fold_a_step(made):
    candidates = {run.data.params["candidate"]: run for run in below(made.first.facts["run_id"])}
    assert set(candidates) == set(COMPARED)
    client = mlflow.MlflowClient()
    for name, run in candidates.items():
        assert run.data.metrics["cv.memory_mib"] > 50
        points = below(run.info.run_id)
        grid = CANDIDATES[name].grid if name != "vote" else ()
        tried = [{setting: float(at) for setting, at in p.data.params.items()} for p in points]
        assert sorted(map(sorted, map(dict.items, tried))) == sorted(
            sorted(point.items()) for point in grid
        )
        for folded in points or [run]:
            assert folded.info.status == "FINISHED"
            history = client.get_metric_history(folded.info.run_id, "f1_weighted")
            assert [measured.step for measured in history] == list(range(FOLDS))
            values = [measured.value for measured in history]
            assert folded.data.metrics["cv.f1_weighted.mean"] == pytest.approx(np.mean(values))
        for point in points:
            assert {"seconds", "memory_mib"} <= point.data.metrics.keys()
            assert run.data.metrics["cv.memory_mib"] >= point.data.metrics["memory_mib"]


def test_the_run_of_a_selection_has_its_data_its_tables_and_its_figures(made):
    run_id = made.first.facts["run_id"]
    (read,) = mlflow.get_run(run_id).inputs.dataset_inputs
    assert (read.dataset.name, read.dataset.digest) == ("catalog", made.catalog.version[-12:])
    run = mlflow.get_run(run_id)
    selected = made.first.facts["selected"]
    assert run.info.run_name.startswith(f"select classifier: {selected} ")
    assert run.info.run_name.endswith("f1_weighted → promoted")
    assert f"**{selected}** (chosen)" in run.data.tags[tracking.NOTE]
    wrong = mlflow.load_table("errors.json", run_ids=[run_id])
    assert len(wrong)
    assert (wrong["genre"] != wrong["predicted"]).all()
    there = {file.path: file.file_size for file in mlflow.MlflowClient().list_artifacts(run_id)}
    wanted = [f"{name}.json" for name in TABLES] + [f"{name}.png" for name in FIGURES]
    assert all(there.get(name, 0) > 0 for name in wanted), there
    compared = mlflow.load_table("cross_validation.json", run_ids=[run_id])
    assert sorted(compared["name"]) == sorted(COMPARED)
    assert compared["cv_mean"].is_monotonic_decreasing
    assert dict(zip(compared["name"], compared["cv_mean"], strict=True)) == pytest.approx(
        {one["name"]: one["cv_mean"] for one in made.first.facts["candidates"]}
    )


def test_the_first_version_is_the_champion_and_a_later_one_that_is_not_better_is_not(made):
    assert made.first.facts["verdict"] == "promoted"
    assert made.first.facts["abstention"]["max_error"] == 0.1
    coverage, low, high = made.first.facts["sure"]["coverage"]
    assert 0 <= low <= coverage <= high <= 1
    assert made.champion == made.first.version
    assert made.second.facts["verdict"] == "not_better", made.second.facts["reason"]
    assert aliased(tracking.CHAMPION) == made.first.version
    assert aliased(tracking.CHALLENGER) == made.second.version
    assert made.steps.store.newest(KIND).version == made.second.version
    assert in_use(made.steps.store, KIND).version == made.first.version


def test_a_version_that_comes_back_has_the_aliases_that_it_had(made, caplog):
    store, select = made.steps.store, STEPS["select_classifier"]
    select.before_reuse(made.first, store)
    assert tracking.with_alias(REGISTERED, tracking.CHALLENGER) is None
    assert aliased(tracking.CHAMPION) == made.first.version
    select.before_reuse(made.second, store)
    assert aliased(tracking.CHALLENGER) == made.second.version
    assert aliased(tracking.CHAMPION) == made.first.version
    point_aliases("999", None)
    assert "version 999 is gone: challenger is not set" in caplog.text
    assert aliased(tracking.CHALLENGER) == made.second.version


def test_the_registered_champion_has_a_model_card(made):
    card = tracking.with_alias(REGISTERED, tracking.CHAMPION).description
    for part in ("### Intended use", "### Not for", "### Limits", "### Data and licences"):
        assert part in card
    assert f"`catalog/{made.catalog.version}` of " in card
    assert "Licence: not stated by the source" in card


def test_the_registered_champion_has_a_signature_and_answers_as_the_scorer(made):
    address = f"models:/{REGISTERED}@{tracking.CHAMPION}"
    signature = mlflow.models.get_model_info(address).signature
    assert signature.inputs.input_names() == ["title", "author", "description"]
    assert signature.inputs.required_input_names() == ["title"]
    assert signature.outputs.input_names() == ["genre", "probability", "sure"]
    titles, authors = books(50)
    found = mlflow.pyfunc.load_model(address).predict(
        pd.DataFrame({"title": titles, "author": authors})
    )
    scorer = made.scorer(made.first)
    expected = scorer.probabilities(titles, authors)
    assert list(found["genre"]) == [scorer.genres[at] for at in expected.argmax(axis=1)]
    np.testing.assert_allclose(found["probability"], expected.max(axis=1), atol=1e-6)


def test_a_catalog_is_embedded_once(made):
    (version,) = made.steps.store.versions(embeddings.KIND)
    published = made.steps.store.manifest(embeddings.KIND, version)
    assert published.parents == {"catalog": made.catalog.version}
    assert published.rows["books"] == made.catalog.rows["accepted"]


def books(count, seed=3):
    """Return titles and authors as the sample's grammar makes them."""
    drawn = [make_book(random.Random(f"{seed} {number}")) for number in range(count)]
    return [book.title for book in drawn], [book.author for book in drawn]


@pytest.mark.parametrize(("which", "close"), [("first", 1e-6), ("second", 5e-3)])
def test_spark_labels_a_thousand_titles_as_the_scorer_does_one_by_one(made, which, close):
    manifest = getattr(made, which)
    scorer = made.scorer(manifest)
    assert (scorer.model.encoder is None) == (which == "first")
    titles, authors = books(1000)
    spark = made.steps.spark
    covers = pd.DataFrame({"title": titles, "author": authors, "position": range(1000)})
    for column in labels._COPIED:
        if column.name not in covers:
            covers[column.name] = 0 if pa.types.is_integer(column.type) else ""
    covers["key"] = [str(number) for number in range(1000)]
    covers[PROBABILITIES] = None
    unknown = (PROBABILITIES, pa.list_(pa.float32()))
    schema = spark_schema(pa.schema([("key", pa.string()), *labels._COPIED, unknown]))
    shared = spark.sparkContext.broadcast(scorer)
    frame = spark.createDataFrame(covers[["key", *labels._COPIED.names, PROBABILITIES]], schema)
    found = (
        frame.repartition(4)
        .mapInPandas(labels.make_labeller(lambda: shared.value, "v1", 3), labels._SCHEMA)
        .toPandas()
        .sort_values("position", ignore_index=True)
    )
    assert list(found["key"]) == list(covers["key"])
    singly = np.concatenate(
        [scorer.probabilities([t], [a]) for t, a in zip(titles, authors, strict=True)]
    )
    place = {genre: at for at, genre in enumerate(scorer.genres)}
    for row, expected in zip(found.itertuples(), singly, strict=True):
        for one in row.top:
            assert abs(one["probability"] - expected[place[one["genre"]]]) < close
        assert row.genre == row.top[0]["genre"]
        assert abs(row.probability - expected.max()) < close
    assert np.abs(found["entropy"] - labels.entropy(singly)).max() < close * len(scorer.genres)


@pytest.fixture(scope="module")
def labelled(made):
    """The labels of covers of the catalogue's own books and of others, with their true genres."""
    listed = pd.DataFrame(made.steps.table(made.catalog, "books"))
    drawn = [make_book(random.Random(f"5 {number}")) for number in range(2000)]
    others = pd.DataFrame(
        [(book.title, book.author, book.genre.name) for book in drawn],
        columns=["title", "author", "genre"],
    ).assign(split="train")
    known = set(map(book_group, listed["title"], listed["author"]))
    others = others[[book_group(*book) not in known for book in others[["title", "author"]].values]]
    covers = pd.concat([listed, others], ignore_index=True)
    covers["position"] = covers.index
    for column in labels._COPIED:
        if column.name not in covers:
            covers[column.name] = 0 if pa.types.is_integer(column.type) else ""
    covers["key"] = covers["position"].astype(str)
    covers["category"] = covers["genre"].str.upper()
    draft = made.steps.store.draft(Kind.COVERS, "20260101T000000Z-0123456789ab")
    table = io.BytesIO()
    covers[["key", *labels._COPIED.names]].to_parquet(table, index=False)
    draft.put("index/part-0.parquet", table.getvalue())
    draft.publish(rows={"accepted": len(covers)}, facts=least_facts(Kind.COVERS))
    published = made.steps.run("label_covers", top=10)
    found = read_labels(made.steps.store, published)
    return published, found.assign(true=covers["genre"], listed=covers.index < len(listed))


def test_a_cover_of_the_listing_is_labelled_by_models_that_never_saw_its_book(made, labelled):
    published, found = labelled
    scorer = made.scorer(made.first)
    by_scorer = scorer.probabilities(list(found["title"]), list(found["author"]))
    likeliest = np.array(scorer.genres)[by_scorer.argmax(axis=1)]
    learnt = found["listed"] & (found["split"] != "test")
    assert (found["held_out"] == learnt).all()
    assert published.facts["held_out"] == learnt.sum() > 300
    assert (found["genre"] == likeliest)[~learnt].all(), "labels of other books are unchanged"
    right = (found["genre"] == found["true"])[learnt].mean()
    assert right == pytest.approx(made.first.facts["out_of_fold"]["accuracy"], abs=0.02)
    by_heart = (likeliest == found["true"])[learnt].mean()
    assert by_heart > made.first.facts["intervals"]["accuracy"][1] > right


def test_the_estimated_accuracy_of_labels_is_near_the_realised_one(made, labelled):
    published, found = labelled
    accuracy = published.facts["accuracy"]
    assert accuracy["estimated"]["answers"] == len(found)
    assert (
        accuracy["realised"]["answers"] == found["true"].isin(made.scorer(made.first).genres).sum()
    )
    right = (found["genre"] == found["true"]).sum() / accuracy["realised"]["answers"]
    assert accuracy["realised"]["value"] == pytest.approx(right)
    assert accuracy["estimated_there"]["value"] == pytest.approx(right, abs=0.1)


def test_the_weight_of_the_late_fusion_is_that_of_unseen_books(made, labelled):
    _, found = labelled
    genres = made.scorer(made.first).genres
    rng = np.random.default_rng(1)

    def chosen(rows):
        """Choose a weight for simulated covers that show the true genre in 63 of 100 cases."""
        true = rows["true"].map(genres.index).to_numpy()
        other = rng.integers(len(genres), size=len(true))
        shown = np.where(rng.random(len(true)) < 0.63, true, other)
        covers = np.full((len(true), len(genres)), 0.37 / len(genres))
        covers[np.arange(len(true)), shown] += 0.63
        return best_weight(classifier_probabilities(rows, genres), covers, true)

    learnt, unseen = found[found["held_out"]], found[~found["listed"]]
    assert abs(chosen(learnt) - chosen(unseen)) <= 0.1


@pytest.mark.parametrize("which", ["first", "second"])
def test_a_classifier_is_less_certain_of_unseen_books(made, which):
    scorer = made.scorer(getattr(made, which))
    titles, _ = books(200)
    usual = scorer.probabilities(titles, [None] * len(titles)).max(axis=1)
    unknown = scorer.probabilities(["Quux zyxwv", "", "漢字の本", "Книга"], [None] * 4)
    assert unknown.max() < np.median(usual)


def test_without_a_sentence_model_the_others_compete(made, caplog):
    given = {"candidates": ("complement_nb", "complement_nb_sentences"), "folds": FOLDS}
    found = made.steps.run("select_classifier", sentence_model="./nowhere", **given)
    assert [one["name"] for one in found.facts["candidates"]] == ["complement_nb"]
    assert "no weights of sentence model './nowhere'" in caplog.text
    assert "no sentence embeddings: complement_nb_sentences left out" in caplog.text
    assert in_use(made.steps.store, KIND).version == made.first.version
