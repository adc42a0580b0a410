"""Recall@10 of several searches of the same covers, as an added measurement."""

from collections.abc import Sequence
from dataclasses import asdict, dataclass

import numpy as np

from dustjacket.evaluation.extras import Extra
from dustjacket.evaluation.page import Section, Table
from dustjacket.evaluation.sections.format import with_interval
from dustjacket.metrics.retrieval import chance
from dustjacket.metrics.shares import share_interval


@dataclass(frozen=True)
class RecallRow:
    """Recall@10 of one search, with its 95 % interval.

    Attributes:
        of: the kind of covers or of queries.
        queries: how many.
    """

    search: str
    of: str
    queries: int
    recall_at_10: float
    low: float
    high: float


def recall_row(search: str, of: str, hits: np.ndarray, groups: np.ndarray) -> RecallRow:
    """Return the row of n queries.

    Args:
        hits: (n,) whether each query found its cover among the first ten; a share if it ties.
        groups: (n,) the code of each book's group.
    """
    low, high = share_interval(hits, groups)
    return RecallRow(search, of, len(hits), float(np.mean(hits)), low, high)


def recall_extra(
    name: str, rows: Sequence[RecallRow], covers: int, section: tuple[str, str], note: str = ""
) -> Extra:
    """Return the measurement.

    Args:
        name: prefix of its metrics.
        covers: the size of the gallery.
        section: heading and text.
        note: below the table.
    """
    by_chance = chance(covers)["recall_at_10"]
    table = Table(
        f"title to cover, {covers:,} covers",
        ["search", "of", "queries", "recall@10"],
        [
            *(
                [
                    row.search,
                    row.of,
                    f"{row.queries:,}",
                    with_interval(row.recall_at_10, (row.low, row.high)),
                ]
                for row in rows
            ),
            ["chance", "", "", f"{by_chance:.3f}"],
        ],
        note,
    )
    return Extra(
        facts={"covers": covers, "chance": by_chance, "rows": [asdict(row) for row in rows]},
        metrics={
            f"{name}.{row.search}.{row.of}".replace(" ", "_"): row.recall_at_10 for row in rows
        },
        section=Section(section[0], [section[1]], [table]),
    )


def not_measured(heading: str, reason: str) -> Extra:
    """Return a measurement without a result."""
    return Extra(None, {}, Section(heading, [f"Not measured: {reason}."]))
