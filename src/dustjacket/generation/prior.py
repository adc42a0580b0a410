"""The prior: from the embedding of a book's text to the embedding of its cover's art.

Candidates, of which the validation covers choose one:

- ``ridge``: a centred ridge regression; it predicts the mean of all covers that fit a text.
- ``residual``: the same, plus a draw from the covariance of its out-of-fold errors.
- ``neighbours``: the mean of the covers with the most similar texts, weighted by a softmax.

Shapes: N training covers, V prompts a cover, T and D dimensions of text and image embeddings, Q
queries.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields, replace
from functools import partial
from typing import Literal

import numpy as np

PriorKind = Literal["ridge", "residual", "neighbours"]
PENALTIES = (1.0, 0.3, 3.0, 10.0, 0.1, 30.0)
TEMPERATURES = (0.03, 0.06, 0.12)
FOLDS = 5
_RANK = 64
"""Directions of the residual's covariance that are kept."""
_SEED = 17


@dataclass(frozen=True)
class Prior:
    """A fitted prior, as arrays of float32.

    Attributes:
        text_mean, image_mean: (T,) and (D,), subtracted from embeddings.
        weights: (T, D) of the regression.
        residual: (R, D): R standard normal draws times this are a draw of the regression's error.
        texts, images: (N, T) and (N, D) embeddings of the training covers, centred.
        temperature: of the softmax over similar texts.
    """

    kind: PriorKind
    text_mean: np.ndarray
    image_mean: np.ndarray
    weights: np.ndarray
    residual: np.ndarray
    texts: np.ndarray
    images: np.ndarray
    temperature: float

    def predict(self, texts: np.ndarray, draws: np.ndarray | None = None) -> np.ndarray:
        """Return (Q, D) centred image embeddings of (Q, T) text embeddings.

        Args:
            draws: (Q, R) standard normal numbers, which ``residual`` adds; None adds nothing.
        """
        centred = texts - self.text_mean
        if self.kind == "neighbours":
            cosines = unit(centred) @ unit(self.texts).T
            weights = np.exp((cosines - cosines.max(1, keepdims=True)) / self.temperature)
            mean: np.ndarray = (weights / weights.sum(1, keepdims=True)) @ self.images
            return mean
        predicted: np.ndarray = centred @ self.weights
        if self.kind == "residual" and draws is not None:
            predicted = predicted + draws @ self.residual
        return predicted

    def arrays(self) -> dict[str, np.ndarray]:
        """Return the arrays by name."""
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return {name: value for name, value in values.items() if isinstance(value, np.ndarray)}


@dataclass(frozen=True)
class PriorTrial:
    """Figures of one candidate on the validation covers.

    Attributes:
        setting: its penalty or temperature.
        cosine: mean cosine of predicted and real embedding, both centred.
        recall_at_10: share of validation covers among the ten nearest to their own prediction.
    """

    prior: Prior
    setting: float
    cosine: float
    recall_at_10: float


def fit_prior(
    texts: np.ndarray,
    images: np.ndarray,
    groups: np.ndarray,
    validation: tuple[np.ndarray, np.ndarray],
) -> tuple[Prior, np.ndarray, list[PriorTrial]]:
    """Fit all candidates and choose by validation recall@10, then cosine.

    Args:
        texts: (V, N, T) embeddings of the prompts of each training cover.
        images: (N, D) embeddings of the training covers' art.
        groups: (N,) book groups: no fold is predicted from covers of its own books.
        validation: (M, T) and (M, D) embeddings; with no rows, the first candidate is taken.

    Returns:
        The prior; (V, N, D) out-of-fold predictions of the training covers, by the chosen
        candidate; and the figures of all candidates.
    """
    rng = np.random.default_rng(_SEED)
    ridges = [_measured(_ridge(texts, images, each), each, validation) for each in PENALTIES]
    best = _best(ridges)
    held_out = _out_of_fold(texts, images, groups, partial(_ridge, penalty=best.setting))
    errors = images - best.prior.image_mean - held_out[0]
    residual = replace(best.prior, kind="residual", residual=_factor(errors))
    draws = rng.standard_normal((len(validation[0]), len(residual.residual)))
    trials = [*ridges, _measured(residual, best.setting, validation, draws)]
    for temperature in TEMPERATURES:
        prior = _neighbours(texts, images, temperature)
        trials.append(_measured(prior, temperature, validation))
    chosen = _best(trials)
    if chosen.prior.kind == "neighbours":
        fit = partial(_neighbours, temperature=chosen.setting)
        held_out = _out_of_fold(texts, images, groups, fit)
    elif chosen.prior.kind == "residual":
        shape = (*held_out.shape[:2], len(residual.residual))
        held_out += (rng.standard_normal(shape) @ residual.residual).astype(np.float32)
    return chosen.prior, held_out, trials


def _ridge(texts: np.ndarray, images: np.ndarray, penalty: float) -> Prior:
    """Fit a regression to all prompts of each cover at once; the penalty is on their mean sum."""
    text_mean, image_mean = texts.mean((0, 1)), images.mean(0)
    centred, target = texts - text_mean, images - image_mean
    flat = centred.reshape(-1, centred.shape[-1]).astype(np.float64)
    gram = flat.T @ flat / len(texts) + penalty * np.eye(flat.shape[1])
    weights = np.linalg.solve(gram, centred.mean(0).astype(np.float64).T @ target)
    return Prior(
        kind="ridge",
        text_mean=text_mean.astype(np.float32),
        image_mean=image_mean.astype(np.float32),
        weights=weights.astype(np.float32),
        residual=np.zeros((0, images.shape[1]), np.float32),
        texts=np.zeros((0, texts.shape[2]), np.float32),
        images=np.zeros((0, images.shape[1]), np.float32),
        temperature=1.0,
    )


def _neighbours(texts: np.ndarray, images: np.ndarray, temperature: float) -> Prior:
    prior = _ridge(texts, images, 1.0)
    return replace(
        prior,
        kind="neighbours",
        texts=(texts.mean(0) - prior.text_mean).astype(np.float32),
        images=(images - prior.image_mean).astype(np.float32),
        temperature=temperature,
    )


def _factor(errors: np.ndarray) -> np.ndarray:
    """Return the (R, D) factor of the covariance of (N, D) errors, in its largest directions."""
    _, scales, directions = np.linalg.svd(errors - errors.mean(0), full_matrices=False)
    factor = scales[:_RANK, None] * directions[:_RANK] / np.sqrt(max(1, len(errors) - 1))
    return np.asarray(factor, np.float32)


def _out_of_fold(
    texts: np.ndarray,
    images: np.ndarray,
    groups: np.ndarray,
    fit: Callable[[np.ndarray, np.ndarray], Prior],
) -> np.ndarray:
    """Return (V, N, D) predictions, each by a prior that was fitted without the cover's group."""
    _, codes = np.unique(groups, return_inverse=True)
    fold_N = np.random.default_rng(_SEED).permutation(codes.max() + 1)[codes] % FOLDS
    predicted = np.zeros((*texts.shape[:2], images.shape[1]), np.float32)
    for fold in np.unique(fold_N):
        others, rows = np.flatnonzero(fold_N != fold), np.flatnonzero(fold_N == fold)
        prior = fit(texts[:, others], images[others])
        for variant in range(len(texts)):
            predicted[variant, rows] = prior.predict(texts[variant, rows])
    return predicted


def _measured(
    prior: Prior,
    setting: float,
    validation: tuple[np.ndarray, np.ndarray],
    draws: np.ndarray | None = None,
) -> PriorTrial:
    texts, images = validation
    if not len(texts):
        return PriorTrial(prior, setting, 0.0, 0.0)
    predicted, real = unit(prior.predict(texts, draws)), unit(images - prior.image_mean)
    cosines = predicted @ real.T
    ranks = (cosines > np.diag(cosines)[:, None]).sum(1)
    return PriorTrial(prior, setting, float(np.diag(cosines).mean()), float((ranks < 10).mean()))


def _best(trials: Sequence[PriorTrial]) -> PriorTrial:
    return max(trials, key=lambda trial: (trial.recall_at_10, trial.cosine))


def unit(vectors: np.ndarray) -> np.ndarray:
    """Return vectors scaled to unit length; zeros stay zeros."""
    scaled: np.ndarray = vectors / np.maximum(np.linalg.norm(vectors, axis=-1, keepdims=True), 1e-6)
    return scaled
