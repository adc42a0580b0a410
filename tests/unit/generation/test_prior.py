"""The prior: fitted on known relations of texts and images, and predicted out of fold."""

import numpy as np
import pytest

from dustjacket.generation.conditions import fit_conditioner
from dustjacket.generation.prior import fit_prior, unit

N, TEXT, IMAGE = 60, 8, 6


def related(noise, seed=0, count=N):
    """Return texts of two prompts, and images that are a linear function of them."""
    rng = np.random.default_rng(seed)
    relation = np.random.default_rng(99).standard_normal((TEXT, IMAGE))
    texts = rng.standard_normal((1, count, TEXT)) + 0.01 * rng.standard_normal((2, count, TEXT))
    images = texts.mean(0) @ relation + 5 + noise * rng.standard_normal((count, IMAGE))
    return texts.astype(np.float32), images.astype(np.float32)


def fitted(noise, groups=None):
    texts, images = related(noise)
    queries, wanted = related(0, seed=1)
    groups = np.arange(N) if groups is None else groups
    return fit_prior(texts, images, groups, (queries[0], wanted)), texts, images


def test_a_linear_relation_is_found_and_predicts_new_texts():
    (prior, held_out, trials), _, images = fitted(0.01)
    queries, wanted = related(0, seed=2)
    cosines = (unit(prior.predict(queries[0])) * unit(wanted - prior.image_mean)).sum(1)
    assert cosines.mean() > 0.98
    assert (unit(held_out[0]) * unit(images - prior.image_mean)).sum(1).mean() > 0.95
    assert {trial.prior.kind for trial in trials} == {"ridge", "residual", "neighbours"}
    best = max((trial.recall_at_10, trial.cosine) for trial in trials)
    assert best == next((t.recall_at_10, t.cosine) for t in trials if t.prior is prior)


def test_a_cover_is_predicted_without_the_covers_of_its_own_book():
    texts, images = related(0.0)
    images[:] = np.random.default_rng(3).standard_normal(images.shape)  # nothing can be learnt
    texts[:, 30:], images[30:] = texts[:, :30], images[:30]  # each book has two covers
    groups = np.tile(np.arange(30), 2)
    _, held_out, trials = fit_prior(texts, images, groups, (texts[0], images))
    fitted_too = max(trial.cosine for trial in trials)
    assert (unit(held_out[0]) * unit(images - images.mean(0))).sum(1).mean() < 0.2 < fitted_too


def test_the_residual_prior_spreads_like_the_errors_of_the_regression():
    (_, _, trials), _, _ = fitted(2.0)
    residual = next(trial.prior for trial in trials if trial.prior.kind == "residual")
    query = np.zeros((4000, TEXT), np.float32)
    draws = np.random.default_rng(0).standard_normal((4000, len(residual.residual)))
    spread = residual.predict(query, draws).std(0)
    assert spread == pytest.approx(2.0 * np.ones(IMAGE), rel=0.35)
    assert residual.predict(query).std(0) == pytest.approx(0, abs=1e-5)


def test_without_validation_covers_there_is_still_a_prior():
    texts, images = related(0.1)
    nothing = np.zeros((0, TEXT), np.float32), np.zeros((0, IMAGE), np.float32)
    prior, held_out, _ = fit_prior(texts, images, np.arange(N), nothing)
    assert prior.kind == "ridge"
    assert held_out.shape == (2, N, IMAGE)


def test_a_condition_has_both_embeddings_and_its_references_are_no_cover_of_its_own():
    (prior, held_out, _), texts, _ = fitted(0.1)
    conditioner = fit_conditioner(prior, texts, held_out)
    conditions = conditioner.join(held_out, texts)
    assert conditions.shape == (2, N, TEXT + IMAGE)
    assert conditions[..., :IMAGE].std() == pytest.approx(1, rel=1e-3)
    assert conditions[..., IMAGE:].std() == pytest.approx(1, rel=1e-3)
    assert (conditioner.references(conditions[0])[:, 0] == np.arange(N)).mean() > 0.9
    barred = conditioner.references(conditions[0], barred=np.eye(N, dtype=bool))
    assert not (barred == np.arange(N)[:, None]).any()
