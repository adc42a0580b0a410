"""Votes on blind pairs: how often people prefer a generator's picture to another one."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from dustjacket.feedback.store import read_feedback
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.shares import share_interval
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd


@dataclass(frozen=True)
class PairShare:
    """Votes on the pictures of one generator beside those of one other source.

    Attributes:
        generator: ``<kind>/<version>`` that drew.
        other: real, or retrieved.
        votes: that chose a picture; undecided: that chose none.
        preferred: share of the votes for the drawn picture; None without votes.
        interval: its 95 % Wilson interval, by title.
    """

    generator: str
    other: str
    votes: int
    undecided: int
    preferred: float | None
    interval: Interval


def read_pairs(store: Store, days: int) -> list[PairShare]:
    """Return the votes of the last ``days`` that are published, newest generator first."""
    feedback, _ = read_feedback(store, days)
    return list(pair_shares(feedback))


def pair_shares(feedback: "pd.DataFrame") -> Iterator[PairShare]:
    """Yield the shares of the rows of :func:`~dustjacket.feedback.store.read_feedback`."""
    votes = feedback[feedback["on"] == "pair"]
    others = votes["covers"].map(lambda covers: covers[0])
    grouped = votes.groupby([votes["answer"], others])
    for (generator, other), rows in sorted(grouped, key=lambda item: item[0], reverse=True):
        chosen = rows[rows["vote"] != 0]
        hits = (chosen["vote"] > 0).to_numpy(float)
        yield PairShare(
            generator=str(generator),
            other=str(other),
            votes=len(chosen),
            undecided=len(rows) - len(chosen),
            preferred=float(np.mean(hits)) if len(hits) else None,
            interval=share_interval(hits, chosen["title"].factorize()[0]),
        )
