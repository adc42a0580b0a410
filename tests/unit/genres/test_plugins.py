"""Classifiers of other packages: a toy package that is installed, and packages that are broken."""

import sys
from datetime import UTC, datetime
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.genres.candidates import plugin_candidate
from dustjacket.genres.compare import cross_validate
from dustjacket.genres.eligible import eligible
from dustjacket.genres.fits import Fits
from dustjacket.genres.plugins import PluginError, load_plugin
from dustjacket.genres.scorer import Scorer, predict_genre
from dustjacket.genres.selection import CandidateResult, select
from dustjacket.genres.step import ClassifierParameters
from dustjacket.genres.training_data import TrainingData
from dustjacket.genres.why import explain
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from tests.support.bucket import store_in_memory
from tests.support.classifiers import OneProcess, small_catalog
from tests.support.facts import least_facts

TOY = '''
"""Counts words by genre."""
import numpy as np

class Model:
    def __init__(self, words, counts):
        self.words, self.counts = words, counts
    def scores(self, books):
        table = np.zeros((len(books), self.counts.shape[1]))
        for row, book in enumerate(books):
            for word in f"{book.title} {book.description or ''}".split():
                if word in self.words:
                    table[row] += np.log(self.counts[self.words.index(word)])
        return table
    def description(self):
        return {"words": self.words}
    def arrays(self):
        return {"counts": self.counts}

class Toy:
    features = "words of titles, counted"
    grid = ({"floor": 1.0}, {"floor": 0.1})
    def fit(self, books, labels, sample_weight, genres, hyperparameters, seed):
        words = sorted({word for book in books for word in book.title.split()})
        counts = np.full((len(words), genres), hyperparameters["floor"])
        for book, label, weight in zip(books, labels, sample_weight, strict=True):
            for word in book.title.split():
                counts[words.index(word), label] += weight
        return Model(words, counts)
    def restore(self, description, arrays):
        return Model(description["words"], arrays["counts"])

class FailsInFit(Toy):
    def fit(self, *given):
        raise RuntimeError("no\\nlicence")

class Exits(Toy):
    def fit(self, *given):
        raise SystemExit(3)

class WrongShape(Toy):
    def restore(self, description, arrays):
        model = super().restore(description, arrays)
        model.scores = lambda books: np.zeros((len(books), 1))
        return model

class NotJson(Toy):
    def fit(self, *given):
        model = super().fit(*given)
        model.description = lambda: {"function": print}
        return model

toy, fails, exits, shape, not_json, nothing = (
    Toy(), FailsInFit(), Exits(), WrongShape(), NotJson(), object()
)
'''
ENTRIES = {
    "toy": "toy_classifier:toy", "fails": "toy_classifier:fails", "exits": "toy_classifier:exits",
    "shape": "toy_classifier:shape", "not_json": "toy_classifier:not_json",
    "nothing": "toy_classifier:nothing", "gone": "toy_classifier_that_is_gone:toy",
    "linear_svm": "toy_classifier:toy", "Bad-Name": "toy_classifier:toy",
}  # fmt: skip
BROKEN = {
    "fails": "plug-in fails: RuntimeError: no licence",
    "exits": "plug-in exits: SystemExit: 3",
    "shape": "plug-in shape: scores are not finite, or not of shape (30, 3) but (30, 1)",
    "not_json": "plug-in not_json: TypeError: ",
    "nothing": "plug-in nothing: AttributeError: ",
    "gone": "plug-in gone: ModuleNotFoundError: ",
    "linear_svm": "plug-in linear_svm: a candidate of Dustjacket has that name",
    "Bad-Name": "plug-in 'Bad-Name': a name has a-z, 0-9 and _",
    "absent": "plug-in absent: no installed package offers it; offered: Bad-Name, exits, fails",
}


def install(folder, version="1.0", name="toy-classifier", entries=ENTRIES):
    folder.mkdir(exist_ok=True)
    (folder / "toy_classifier.py").write_text(TOY)
    info = folder / f"{name.replace('-', '_')}-{version}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n")
    lines = "\n".join(f"{entry} = {value}" for entry, value in entries.items())
    (info / "entry_points.txt").write_text(f"[dustjacket.classifiers]\n{lines}\n")


@pytest.fixture
def installed(tmp_path, monkeypatch):
    install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    yield
    sys.modules.pop("toy_classifier", None)


def data_of(plugins, candidates=("complement_nb",)):
    books = small_catalog(90).assign(description="paper")
    books["author"] = books["author"].astype(object).where(books["author"].notna(), None)
    books["fold"] = pd.factorize(books["group"])[0] // 3 % 3
    parameters = ClassifierParameters(candidates=candidates, plugins=plugins, sentence_model="")
    return TrainingData(OneProcess(), books, None, parameters)


@pytest.fixture
def runs(monkeypatch):
    """MLflow's runs, as they would be logged."""
    from dustjacket.genres import compare

    class Run:
        info = SimpleNamespace(run_id="1")

        def __enter__(self):
            return self

        def __exit__(self, *_):
            pass

    client = SimpleNamespace(set_terminated=lambda *_: None, update_run=lambda *_, **__: None)
    for name in ("log_params", "log_metrics"):
        monkeypatch.setattr(compare.mlflow, name, lambda *_, **__: None)
    monkeypatch.setattr(compare.mlflow, "start_run", lambda **_: Run())
    monkeypatch.setattr(compare.mlflow, "MlflowClient", lambda: client)


def compared(data):
    left_out = {}
    fits = Fits(data, select=False)
    return fits, cross_validate(fits, eligible(data, left_out), left_out), left_out


def test_a_plug_in_is_compared_and_broken_ones_cost_one_line_each(installed, runs, caplog):
    names = tuple(BROKEN)
    _, alone, none = compared(data_of(()))
    _, results, left_out = compared(data_of((*names, "toy")))
    assert none == {}
    assert list(left_out) != []
    for name, start in BROKEN.items():
        assert left_out[name].startswith(start), left_out[name]
        assert "\n" not in left_out[name]
    assert [result.candidate.name for result in results] == ["complement_nb", "toy"]
    assert list(results[0].values) == list(alone[0].values), "the others' figures are the same"
    toy = results[1]
    assert toy.mean > 0.7
    assert toy.candidate.features == "words of titles, counted"
    assert toy.seconds > 0
    assert toy.memory_mib > 1
    warned = [record.message for record in caplog.records if "left out" in record.message]
    assert len(warned) == len(BROKEN)


def test_a_selected_plug_in_is_saved_without_a_pickle_and_answers_as_before(
    installed, runs, tmp_path
):
    data = data_of(("toy",))
    fits, results, _ = compared(data)
    toy = results[1]
    model = fits.fit_all(toy, None)
    scorer = Scorer("toy", data.genres, model, toy.calibration)
    scorer.save(tmp_path / "saved")
    assert {file.name for file in (tmp_path / "saved").iterdir()} == {
        "scorer.json", "model.safetensors",
    }  # fmt: skip
    loaded = Scorer.load(tmp_path / "saved")
    titles = list(data.books["title"][:5])
    assert np.array_equal(
        loaded.probabilities(titles, [None] * 5), scorer.probabilities(titles, [None] * 5)
    )
    assert predict_genre(loaded, "rice soup", None, "bread").genre == "Cooking"
    words = dict(explain(loaded, "rice road", None, None, "Cooking").words)
    assert words["rice"] > 0 > words["road"]


def test_a_classifier_whose_plug_in_is_gone_says_which(installed, runs, tmp_path, monkeypatch):
    data = data_of(("toy",))
    fits, results, _ = compared(data)
    Scorer("toy", data.genres, fits.fit_all(results[1], None)).save(tmp_path / "saved")
    monkeypatch.setattr(sys, "path", sys.path[1:])
    with pytest.raises(NotReadyError, match=r"plug-in toy: no installed package.*install"):
        Scorer.load(tmp_path / "saved")


def test_of_equally_good_candidates_a_plug_in_is_selected_last(installed):
    result = CandidateResult(plugin_candidate("toy"), {}, [0.8, 0.8], 1.0)
    from dustjacket.genres.candidates import CANDIDATES

    vote = CandidateResult(CANDIDATES["vote"], {}, [0.8, 0.8], 9.0)
    assert select([result, vote]) is vote
    assert select([CandidateResult(result.candidate, {}, [0.9, 0.9], 1.0), vote]) is not vote


def test_two_packages_with_one_name_are_refused(installed, tmp_path, monkeypatch):
    install(tmp_path / "other", name="other", entries={"toy": "toy_classifier:fails"})
    monkeypatch.syspath_prepend(str(tmp_path / "other"))
    with pytest.raises(PluginError, match="toy: several packages offer it"):
        load_plugin("toy")


def test_no_candidate_that_can_be_trained_is_refused(installed):
    with pytest.raises(BadInputError, match="no candidate can be trained"):
        eligible(data_of(("absent",), ("linear_svm_sentences",)), {})


def test_another_version_of_a_plug_in_is_other_work(tmp_path, monkeypatch):
    store = store_in_memory()
    store.draft("catalog", "v1").publish(facts=least_facts("catalog"))

    def digest(*plugins):
        step, when = STEPS["select_classifier"], datetime(2026, 1, 1, tzinfo=UTC)
        return plan_step(step, store, TeamDefaults(), when, {"plugins": plugins}).digest

    before = digest(), digest("toy")
    install(tmp_path / "site")
    monkeypatch.syspath_prepend(str(tmp_path / "site"))
    first = digest(), digest("toy")
    install(tmp_path / "newer", version="1.1")
    monkeypatch.syspath_prepend(str(tmp_path / "newer"))
    assert before[0] == first[0] == digest()
    assert len({before[1], first[1], digest("toy")}) == 3
