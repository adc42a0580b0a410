"""Real queries: how the models rank covers that the Studio's users voted on.

Anybody may vote, and users only see covers that the serving model ranked high. So these metrics
are biased; the gate ignores them.
"""

import logging
from dataclasses import dataclass

import numpy as np
import pandas as pd

from dustjacket.clip.prompts import prompt
from dustjacket.covers.read import read_index
from dustjacket.errors import DustjacketError
from dustjacket.evaluation.comparison import Comparison
from dustjacket.feedback.store import read_feedback
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.retrieval import own_ranks
from dustjacket.metrics.retrieval_intervals import rank_intervals
from dustjacket.metrics.shares import share_interval
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

MIN_VOTES = 30
"""Fewer votes have no interval: a bootstrap of so few is too narrow."""
_MODELS = {"starting": "starting", "champion": "champion", "fine_tuned": "candidate"}


@dataclass(frozen=True)
class VoteMetrics:
    """How high a model ranks covers for the queries they were voted on; None without votes.

    Attributes:
        recall_at_10, median_rank: of covers voted up.
        recall_interval, median_interval: their 95 % intervals, from MIN_VOTES votes on.
        disliked_at_10: share of covers voted down that are among the first 10; lower is better.
        disliked_interval: its 95 % interval, from MIN_VOTES votes on.
    """

    recall_at_10: float | None = None
    median_rank: float | None = None
    recall_interval: Interval | None = None
    median_interval: Interval | None = None
    disliked_at_10: float | None = None
    disliked_interval: Interval | None = None


@dataclass(frozen=True)
class GenreVotes:
    """Votes on the genres that one version of the classifier predicted.

    Attributes:
        classifier: the version.
        votes: number of genres voted on.
        liked: share of them voted up.
        interval: its 95 % interval, from MIN_VOTES votes on.
    """

    classifier: str
    votes: int
    liked: float | None
    interval: Interval | None


@dataclass(frozen=True)
class QueryResults:
    """Metrics on feedback.

    Attributes:
        versions: versions of the feedback.
        asked: number of sampled queries in it.
        liked, disliked: number of pairs of a query and a test cover, voted up and voted down.
        left_out: number of pairs with other covers; most of these were trained on.
        models: metrics by model, named as in :attr:`Results.retrieval`.
        genres: one row for each version of the classifier.
    """

    versions: tuple[str, ...]
    asked: int
    liked: int
    disliked: int
    left_out: int
    models: dict[str, VoteMetrics]
    genres: tuple[GenreVotes, ...]

    def metrics(self) -> dict[str, float]:
        """Return the metrics for MLflow."""
        metrics: dict[str, float] = {
            f"queries.{name}": getattr(self, name)
            for name in ("asked", "liked", "disliked", "left_out")
        }
        for model, votes in self.models.items():
            for name in ("recall_at_10", "median_rank", "disliked_at_10"):
                if (value := getattr(votes, name)) is not None:
                    metrics[f"queries.{model}.{name}"] = value
        return metrics


def read_queries(store: Store, comparison: Comparison, days: int) -> QueryResults | None:
    """Measure the models on the feedback of the last ``days``; None without feedback."""
    feedback, versions = read_feedback(store, days)
    if feedback.empty:
        return None
    return measure_queries(comparison, feedback.assign(image=image_ids(store, feedback)), versions)


def image_ids(store: Store, feedback: pd.DataFrame) -> pd.Series:
    """Return the SHA-256 of each cover voted on, which is the same in all versions of covers.

    A cover's key identifies it in one version of covers only. Votes on covers of a deleted version,
    and rows without a cover, get an id that matches no cover.
    """
    ids = feedback["index"].fillna("") + " " + feedback["answer"].fillna("")
    for index, rows in feedback[feedback["on"] == "cover"].groupby("index"):
        kind, _, version = str(index).rpartition("/")
        try:
            manifest = store.manifest(kind or Kind.COVER_INDEX, version)
            covers = read_index(store, store.manifest(Kind.COVERS, manifest.parents[Kind.COVERS]))
        except (DustjacketError, LookupError) as error:
            log.warning("votes on covers of %s are left out: %s", index, error)
            continue
        sha256 = dict(zip(covers["key"], covers["sha256"], strict=True))
        ids.update(rows["answer"].map(sha256).dropna())
    return ids


def measure_queries(
    comparison: Comparison, feedback: pd.DataFrame, versions: list[str]
) -> QueryResults:
    """Measure the models of a comparison on feedback.

    A query is the title and author as the user typed them; all test covers are searched.

    Args:
        feedback: rows of :func:`read_feedback`, with ``image`` of :func:`image_ids`.
        versions: versions that the rows come from.
    """
    queries = [prompt(*book) for book in zip(feedback["title"], feedback["author"], strict=True)]
    votes = feedback.assign(text=queries)
    pairs = majority_votes(votes[votes["on"] == "cover"], ["text", "image"])
    rows = {image: row for row, image in enumerate(comparison.test_books["sha256"])}
    pairs["row"] = pairs["image"].map(rows)
    tested = pairs.dropna(subset="row")
    genres = majority_votes(votes[votes["on"] == "genre"], ["text", "answer", "classifier"])
    return QueryResults(
        versions=tuple(versions),
        asked=int((votes["on"] == "query").sum()),
        liked=int(tested["liked"].sum()),
        disliked=int((~tested["liked"]).sum()),
        left_out=len(pairs) - len(tested),
        models={name: _measure_model(comparison, key, tested) for name, key in _MODELS.items()},
        genres=tuple(
            GenreVotes(
                str(version),
                len(part),
                *_share(part["liked"].to_numpy(bool)),
            )
            for version, part in genres.groupby("classifier")
        ),
    )


def majority_votes(votes: pd.DataFrame, by: list[str]) -> pd.DataFrame:
    """Return one row for each group of ``by``, with ``liked``: whether most votes are up.

    A group with as many votes up as down is left out.
    """
    sums = votes.fillna(dict.fromkeys(by, "")).groupby(by, as_index=False)["vote"].sum()
    sums = sums[sums["vote"] != 0]
    return sums.assign(liked=sums["vote"] > 0)


def _measure_model(comparison: Comparison, name: str, pairs: pd.DataFrame) -> VoteMetrics:
    if pairs.empty:
        return VoteMetrics()
    model, parameters = comparison.models[name], comparison.parameters
    queries = model.embed_texts(list(pairs["text"]))
    covers = model.embed_covers(comparison.test_indices)
    rows, is_liked = pairs["row"].to_numpy(np.int64), pairs["liked"].to_numpy(bool)
    ranks, groups = own_ranks(queries, covers, own=rows), comparison.test_groups[rows]
    liked = ranks[is_liked]
    recall, recall_interval = _share(liked.hits(10), groups[is_liked])
    disliked, disliked_interval = _share(ranks[~is_liked].hits(10), groups[~is_liked])
    of_liked = np.unique(groups[is_liked], return_inverse=True)[1]
    intervals = rank_intervals(
        liked, groups=of_liked, resamples=parameters.bootstrap, seed=parameters.seed
    )
    return VoteMetrics(
        recall_at_10=recall,
        recall_interval=recall_interval,
        median_rank=float(np.median(liked.middle)) if len(liked) else None,
        median_interval=intervals["median_rank"] if len(liked) >= MIN_VOTES else None,
        disliked_at_10=disliked,
        disliked_interval=disliked_interval,
    )


def _share(
    hits: np.ndarray, groups: np.ndarray | None = None
) -> tuple[float | None, Interval | None]:
    """Return the share of hits and its interval, by groups of books; None of too few votes."""
    if len(hits) < MIN_VOTES:
        return (float(hits.mean()) if len(hits) else None), None
    return float(hits.mean()), share_interval(hits, groups)
