"""Real queries: how the models do on what people asked the Studio and voted on.

Anybody may vote, and nobody can like a cover that was not shown, so the figures describe and decide
nothing: the gate looks at none of them.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.clip.prompts import prompt
from dustjacket.covers.read import read_index
from dustjacket.errors import DustjacketError
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.feedback.store import read_feedback
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.metrics.retrieval_intervals import mean_interval, rank_intervals
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

ENOUGH = 30
"""Fewer have no interval: a bootstrap of them would be too narrow."""
_MODELS = {"starting": "starting", "champion": "champion", "fine_tuned": "candidate"}


@dataclass(frozen=True)
class Ranked:
    """How early a model finds covers for the queries they were voted on; None where there are none.

    Attributes:
        recall_at_10, median_rank: of the liked ones.
        recall_interval, median_interval: 95 % of these, of ENOUGH.
        disliked_at_10: how many of the disliked ones are among the first 10: the lower the better.
        disliked_interval: 95 % of it, of ENOUGH.
    """

    recall_at_10: float | None = None
    median_rank: float | None = None
    recall_interval: Interval | None = None
    median_interval: Interval | None = None
    disliked_at_10: float | None = None
    disliked_interval: Interval | None = None


@dataclass(frozen=True)
class GenreVotes:
    """Of the genres that a version of the classifier said, how many were liked.

    Attributes:
        classifier: the version.
        votes: genres voted on.
        liked: their share.
        interval: 95 % of it, of ENOUGH.
    """

    classifier: str
    votes: int
    liked: float | None
    interval: Interval | None


@dataclass(frozen=True)
class Queries:
    """What was found.

    Attributes:
        versions: of the feedback that was read.
        asked: sampled queries among it.
        liked, disliked: test covers, each for a query, that were voted up, and down.
        left_out: covers voted on that are not tested: most of them were trained on.
        models: as :attr:`Results.retrieved` calls them.
        genres: a row a version of the classifier.
    """

    versions: tuple[str, ...]
    asked: int
    liked: int
    disliked: int
    left_out: int
    models: dict[str, Ranked]
    genres: tuple[GenreVotes, ...]

    def metrics(self) -> dict[str, float]:
        """Return it for MLflow."""
        found: dict[str, float] = {
            f"queries.{name}": getattr(self, name)
            for name in ("asked", "liked", "disliked", "left_out")
        }
        for model, ranked in self.models.items():
            for name in ("recall_at_10", "median_rank", "disliked_at_10"):
                if (value := getattr(ranked, name)) is not None:
                    found[f"queries.{model}.{name}"] = value
        return found


def read_queries(store: Store, comparison: Comparison, days: int) -> Queries | None:
    """Measure a comparison's models on the last ``days`` of feedback; None if there is none."""
    feedback, versions = read_feedback(store, days)
    if feedback.empty:
        return None
    return measure_queries(comparison, feedback.assign(image=images(store, feedback)), versions)


def images(store: Store, feedback: pd.DataFrame) -> pd.Series:
    """Return the hash of each cover voted on, which is the same in all versions of covers.

    A cover's key is its place in one version. Where that version is gone, and of all other rows, it
    is what no hash is.
    """
    found = feedback["index"].fillna("") + " " + feedback["answer"].fillna("")
    for index, rows in feedback[feedback["on"] == "cover"].groupby("index"):
        kind, _, version = str(index).rpartition("/")
        try:
            manifest = store.manifest(kind or "cover_index", version)
            covers = read_index(store, store.manifest("covers", manifest.parents["covers"]))
        except (DustjacketError, LookupError) as error:
            log.warning("votes on covers of %s are left out: %s", index, error)
            continue
        known = dict(zip(covers["key"], covers["sha256"], strict=True))
        found.update(rows["answer"].map(known).dropna())
    return found


def measure_queries(comparison: Comparison, feedback: pd.DataFrame, versions: list[str]) -> Queries:
    """Measure a comparison's models on feedback.

    A query is the title and author as they were typed, to which nothing is added. It is looked for
    among all test covers.

    Args:
        feedback: as of :func:`read_feedback`, with the hash of each cover as ``image``.
        versions: that it is from.
    """
    asked = [prompt(*book) for book in zip(feedback["title"], feedback["author"], strict=True)]
    votes = feedback.assign(text=asked)
    pairs = settled(votes[votes["on"] == "cover"], ["text", "image"])
    rows = {image: row for row, image in enumerate(comparison.tested["sha256"])}
    pairs["row"] = pairs["image"].map(rows)
    tested = pairs.dropna(subset="row")
    genres = settled(votes[votes["on"] == "genre"], ["text", "answer", "classifier"])
    return Queries(
        versions=tuple(versions),
        asked=int((votes["on"] == "query").sum()),
        liked=int(tested["liked"].sum()),
        disliked=int((~tested["liked"]).sum()),
        left_out=len(pairs) - len(tested),
        models={shown: _ranked(comparison, name, tested) for shown, name in _MODELS.items()},
        genres=tuple(
            GenreVotes(
                str(version),
                len(part),
                *_share(part["liked"].to_numpy(bool), comparison.parameters),
            )
            for version, part in genres.groupby("classifier")
        ),
    )


def settled(votes: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return what was voted on, once, and whether it was ``liked``: by most of its votes.

    What was voted up as often as down is left out.
    """
    sums = votes.fillna(dict.fromkeys(by, "")).groupby(by, as_index=False)["vote"].sum()
    sums = sums[sums["vote"] != 0]
    return sums.assign(liked=sums["vote"] > 0)


def _ranked(comparison: Comparison, name: str, pairs: pd.DataFrame) -> Ranked:
    if pairs.empty:
        return Ranked()
    model, parameters = comparison.models[name], comparison.parameters
    queries, covers = model.texts(list(pairs["text"])), model.covers(comparison.test)
    ranks = own_ranks(queries, covers, own=pairs["row"].to_numpy(np.int64))
    liked = ranks[pairs["liked"]]
    recall, recall_interval = _share(liked <= 10, parameters)
    disliked, disliked_interval = _share(ranks[~pairs["liked"]] <= 10, parameters)
    resampling = {"resamples": parameters.bootstrap, "seed": parameters.seed}
    return Ranked(
        recall_at_10=recall,
        recall_interval=recall_interval,
        median_rank=float(np.median(liked)) if len(liked) else None,
        median_interval=(
            rank_intervals(liked, **resampling)["median_rank"] if len(liked) >= ENOUGH else None
        ),
        disliked_at_10=disliked,
        disliked_interval=disliked_interval,
    )


def _share(
    hits: np.ndarray, parameters: EvaluationParameters
) -> tuple[float | None, Interval | None]:
    """Return the share of hits, if there is any to be had, and its interval."""
    if len(hits) < ENOUGH:
        return (float(hits.mean()) if len(hits) else None), None
    ends = mean_interval(hits, resamples=parameters.bootstrap, seed=parameters.seed)
    return float(hits.mean()), ends
