"""Metrics of a classifier at each depth of genres that stand for codes or headings of subjects."""

from collections.abc import Sequence

from dustjacket.metrics.classification import label_metrics
from dustjacket.records.genre_table import genre_at


def metrics_by_depth(
    true: Sequence[str], predicted: Sequence[str], depth: int
) -> dict[str, dict[str, float]]:
    """Return the metrics of predictions that are judged at each depth up to ``depth``.

    A prediction is right at a depth if its first levels are those of the true genre. There are none
    if the genres have one level only.

    Args:
        depth: of the genres in the listing: levels of headings, or characters of codes.

    Returns:
        By depth: accuracy and F1, and the number of genres.
    """
    if depth < 2:
        return {}
    found: dict[str, dict[str, float]] = {}
    for level in range(1, depth + 1):
        true_at, predicted_at = (
            [genre_at(genre, level) for genre in genres] for genres in (true, predicted)
        )
        metrics = label_metrics(true_at, predicted_at)
        found[str(level)] = {**metrics, "genres": float(len(set(true_at)))}
    return found
