"""Results of two tiny models, on full test splits, on one cover and on none."""

import copy
import json
from dataclasses import replace
from types import SimpleNamespace
from unittest.mock import patch

import numpy as np
import pytest
import torch

from dustjacket.evaluation.ablation import PARTS, conclusion, prompts_by_parts
from dustjacket.evaluation.contradictions import find_contradictions
from dustjacket.evaluation.recognition import embed_drawn, measure_recognition
from dustjacket.evaluation.report import report_sections
from dustjacket.evaluation.results import by_genre, gate_input, measure, measure_general
from dustjacket.evaluation.sections.format import COMPARED
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.metrics.retrieval_intervals import Difference
from dustjacket.promotion.gate import decide
from tests.support.evaluation_case import PARAMETERS, coloured, comparison, few_images

CARD = [("candidate", "clip_candidate/one")]


@pytest.fixture(scope="module", autouse=True)
def little_to_recognise():
    with few_images():
        yield


@pytest.fixture(scope="module")
def case():
    return comparison()


@pytest.fixture(scope="module")
def found(case):
    return measure(case, None)


def test_every_model_is_measured_over_the_whole_test_gallery(case, found):
    assert found.tested == 24
    texts = prompts_by_parts(case.test_books, case.min_confidence)[PARTS[1], ""]
    for shown, name in COMPARED.items():
        model = case.models[name]
        ranks = own_ranks(model.embed_texts(texts), model.embed_covers(case.test_indices))
        assert (
            found.retrieval[shown].ranks["title_to_cover"].middle.tolist() == ranks.middle.tolist()
        )
    assert found.chance["recall_at_10"] == pytest.approx(10 / 24)


def test_the_gate_gets_the_measured_figures(found):
    compared = found.gate_input
    assert compared.test_covers == 24
    assert compared.candidate - compared.champion == pytest.approx(found.difference.gain)
    low, high = compared.gain_interval
    assert low <= found.difference.gain <= high
    covers = sum(count for _, _, count, *_ in compared.by_genre.values())
    weighed = sum(after * count for _, after, count, *_ in compared.by_genre.values()) / covers
    assert weighed == pytest.approx(compared.candidate)
    assert decide(compared, PARAMETERS).verdict == "insufficient"


def test_models_with_one_image_tower_share_its_embeddings_and_have_the_same_figures(case):
    candidate = copy.deepcopy(case.models["starting"])
    with torch.no_grad():
        candidate.clip.model.logit_scale.add_(1)
        candidate.clip.model.text.token_embedding.weight.add_(0.1)
    locked = replace(case, models=case.models | {"candidate": candidate})
    with patch("dustjacket.evaluation.results.embed_drawn", wraps=embed_drawn) as embedded:
        found = measure_general(locked)
        assert embedded.call_count == 1
        alone = measure_recognition(candidate.clip, candidate.batch_size)
        assert found["fine_tuned"].by_kind == alone.by_kind
        measure_general(case)
        assert embedded.call_count == 3, "two towers"


def test_all_facts_are_plain_json_and_all_metrics_numbers(found):
    facts = json.loads(json.dumps(found.facts(), allow_nan=False))
    assert {"starting", "champion", "fine_tuned"} <= set(facts)
    assert np.isfinite(list(found.metrics().values())).all()
    assert found.metrics()["fine_tuned.title_to_cover.recall_at_10"] == found.gate_input.candidate


def test_a_candidate_whose_gain_is_not_proven_is_shown_on_the_validation_side(case):
    hidden = replace(case, side="validation")
    found = measure(hidden, None)
    assert found.tested == found.gate_input.test_covers == 12
    assert found.gate_input.side == "validation"
    assert found.gate_input.leaked_share == measure(case, None).gate_input.leaked_share
    tested = set(case.covers.indices("test"))
    assert tested.isdisjoint(hidden.test_indices)
    for indices in hidden.splits.values():
        assert tested.isdisjoint(indices)
    assert "validation side" in report_sections(hidden, found, CARD)[0].text[0]


def test_the_gate_counts_how_often_its_test_side_has_decided(case, found):
    side = list(found.gate_input.test_side)
    assert len(side) == 24
    later = gate_input(case, found.general, [side, None, side[:12]])
    assert later.uses == 2
    assert later == replace(found.gate_input, uses=2)


def test_champion_and_starting_weights_that_are_one_model_are_embedded_once(case, found):
    assert found.general["champion"] is found.general["starting"]
    assert found.retrieval["champion"].metrics == found.retrieval["starting"].metrics


@pytest.mark.parametrize("covers", [0, 1, 2])
def test_hardly_any_test_cover_is_insufficient_and_has_a_calm_report(covers):
    case = comparison(test=covers)
    found = measure(case, None)
    decision = decide(found.gate_input, PARAMETERS)
    assert decision.verdict == "insufficient"
    json.dumps(found.facts(), allow_nan=False)
    assert len(report_sections(case, found, CARD)) > 5


def test_a_library_without_known_genres_says_so():
    found = measure(comparison(known=False), None)
    assert found.genre.rows == ()
    assert {row.genre for row in found.ablation.rows} == {"", "predicted"}


def test_without_training_covers_there_is_no_probe_and_no_crash():
    case = comparison(train=0, validation=0)
    assert find_contradictions(case.models["candidate"], case.covers.books, case.splits).empty
    measure(case, None)


def test_leaked_covers_are_no_part_of_the_gallery_and_count_for_the_gate():
    case = comparison(leaked=6)
    left = measure(case, None)
    assert left.gate_input.leaked_share == pytest.approx(6 / 30)
    enough = SimpleNamespace(**vars(PARAMETERS) | {"min_test_covers": 10})
    assert decide(left.gate_input, enough).verdict == "leaked"


def test_a_cover_that_does_not_decode_is_left_out_of_all(case):
    without = case.covers.without(case.test_indices[:3])
    assert len(without.indices("test")) == 21
    assert without.broken() == {"test": 3}
    assert len(case.covers.indices("test")) == 24, "the library itself is as it was"


def test_a_genres_recall_is_that_of_its_own_covers():
    books, _ = coloured(6)
    before, after = np.array([1, 0, 0, 1, 0, 0], bool), np.array([1, 1, 0, 0, 1, 0], bool)
    found = by_genre(before, after, books["known_genre"], np.arange(6))
    assert found == {"Art": (1, 0.5, 2, 0, 1), "Law": (0, 1, 2, 2, 0), "Travel": (0, 0, 2, 0, 0)}


def test_prompts_name_what_they_are_called_after():
    books, _ = coloured(2)
    books.loc[0, "true_genre"] = "Travel"
    books.loc[1, ["true_genre", "probability"]] = [None, 0.1]
    made = prompts_by_parts(books, min_confidence=0.3)
    assert made["title", ""] == ["The Red Book 0", "The Green Book 1"]
    assert made["title + author", ""] == ["The Red Book 0", "The Green Book 1 by Writer 1"]
    assert made["title + genre", "predicted"] == ["The Red Book 0, Art", "The Green Book 1"]
    assert made["title + genre", "true"] == ["The Red Book 0, Travel", "The Green Book 1"]
    assert made["title + author + genre", "true"][0] == "The Red Book 0, Travel"
    assert len(made) == 6


@pytest.mark.parametrize("trained_with_genre", [True, False])
def test_figures_do_not_depend_on_whether_the_candidate_learnt_genres(found, trained_with_genre):
    case = replace(comparison(), genre=trained_with_genre)
    measured = measure(case, None)
    for name in COMPARED:
        assert measured.retrieval[name].metrics == found.retrieval[name].metrics


@pytest.mark.parametrize(
    ("low", "high", "p", "phrase"),
    [
        (0.01, 0.05, 0.04, ": higher."),
        (-0.05, -0.01, 0.04, ": lower."),
        (0.01, 0.05, 0.06, ": no difference that 209 covers can show."),
        (-0.05, -0.01, 0.06, ": no difference that 209 covers can show."),
        (-0.01, 0.05, 0.01, ": no difference that 209 covers can show."),
    ],
)
def test_the_conclusion_needs_the_interval_and_the_exact_test(low, high, p, phrase):
    gain = Difference((low + high) / 2, low, high, 1, 1, p)
    text = conclusion(gain, 209, trained_with_genre=True)
    assert text.endswith(phrase)
    assert "For this model, trained with genres" in text
    assert f"{low:+.3f} to {high:+.3f}" in text
