"""Retrieval metrics: how early the cover that belongs to a title is found, and the reverse."""

import numpy as np

RECALLS = (1, 5, 10)


def ranks(similarity: np.ndarray) -> np.ndarray:
    """Return the rank (from 1) of each row's own column in a square matrix of similarities.

    Of covers that tie with the own one, half count as before it: a model that tells none apart is
    as good as chance.
    """
    own = np.diag(similarity)[:, None]
    above = (similarity > own).sum(axis=1)
    tied = (similarity == own).sum(axis=1) - 1
    found: np.ndarray = 1 + above + tied / 2
    return found


def retrieval(titles: np.ndarray, covers: np.ndarray) -> dict[str, dict[str, float]]:
    """Return recall@1/5/10 and the median rank, title to cover and cover to title.

    Args:
        titles: (n, d) embeddings of unit length.
        covers: (n, d) embeddings of unit length; row i is the cover of title i.
    """
    similarity = titles @ covers.T
    return {
        "title_to_cover": _summary(ranks(similarity)),
        "cover_to_title": _summary(ranks(similarity.T)),
    }


def mean_recall_at_10(titles: np.ndarray, covers: np.ndarray) -> float:
    """Return recall@10, the mean of both directions."""
    return float(np.mean([found["recall_at_10"] for found in retrieval(titles, covers).values()]))


def _summary(found: np.ndarray) -> dict[str, float]:
    recalls = {f"recall_at_{k}": float((found <= k).mean()) for k in RECALLS}
    return {**recalls, "median_rank": float(np.median(found))}


def chance(gallery: int) -> dict[str, float]:
    """Return what a model that knows nothing reaches in a gallery of that size."""
    recalls = {f"recall_at_{k}": min(1.0, k / gallery) for k in RECALLS}
    return {**recalls, "median_rank": (gallery + 1) / 2}


def similarity(titles: np.ndarray, covers: np.ndarray) -> float:
    """Return the mean cosine of titles and their own covers."""
    return float((titles * covers).sum(axis=1).mean())


def match_probability(titles: np.ndarray, covers: np.ndarray, scale: float) -> float:
    """Return the mean softmax probability, over all titles as prompts, of a cover's own title.

    Args:
        scale: the model's learnt logit scale, by which cosines are multiplied.
    """
    logits = scale * (covers @ titles.T)
    logits -= logits.max(axis=1, keepdims=True)
    weights = np.exp(logits)
    return float((np.diag(weights) / weights.sum(axis=1)).mean())
