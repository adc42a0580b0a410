"""Conditions of the decoder: what the prior predicts for a text, and the text's own embedding.

The title's own embedding is part of the condition: image embeddings hardly tell colours apart.

Shapes: N training covers, V prompts a cover, Q queries, T and D dimensions of text and image
embeddings, C = T + D dimensions of a condition, K references a query.
"""

from dataclasses import dataclass

import numpy as np

from dustjacket.generation.prior import Prior, unit

REFERENCES = 4
"""Nearest training covers, of which one is the reference."""


@dataclass(frozen=True)
class Conditioner:
    """What makes conditions of text embeddings.

    Attributes:
        image_scale, text_scale: standard deviations, to which conditions are scaled.
        known: (N, C) conditions of the training covers, of unit length.
    """

    prior: Prior
    image_scale: float
    text_scale: float
    known: np.ndarray

    def conditions(self, texts: np.ndarray, draws: np.ndarray | None = None) -> np.ndarray:
        """Return (Q, C) conditions of (Q, T) text embeddings; ``draws`` as in the prior."""
        return self.join(self.prior.predict(texts, draws), texts)

    def join(self, images: np.ndarray, texts: np.ndarray) -> np.ndarray:
        """Return (…, C) conditions of (…, D) centred image embeddings and (…, T) texts."""
        scaled = images / self.image_scale, (texts - self.prior.text_mean) / self.text_scale
        return np.concatenate(scaled, axis=-1).astype(np.float32)

    def references(self, conditions: np.ndarray, barred: np.ndarray | None = None) -> np.ndarray:
        """Return (Q, K) rows of the nearest training covers, the nearest first.

        Args:
            barred: (Q, N) covers that may not be taken, such as the query's own; None: all may.
        """
        cosines = unit(conditions) @ self.known.T
        if barred is not None:
            cosines = np.where(barred, -2.0, cosines)
        return np.argsort(-cosines, axis=1, kind="stable")[:, :REFERENCES]


def fit_conditioner(prior: Prior, texts: np.ndarray, predicted: np.ndarray) -> Conditioner:
    """Return the conditioner of training covers.

    Args:
        texts: (V, N, T) embeddings.
        predicted: (V, N, D) out-of-fold predictions of the prior.
    """
    scales = float(predicted.std()), float((texts - prior.text_mean).std())
    image_scale, text_scale = (max(scale, 1e-6) for scale in scales)
    empty = Conditioner(prior, image_scale, text_scale, np.zeros((0, 0), np.float32))
    known = unit(empty.join(predicted, texts).mean(0))
    return Conditioner(prior, image_scale, text_scale, known)
