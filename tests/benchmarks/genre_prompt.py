"""What genres in training prompts change: recall@10 of models trained with and without them.

Each of ``SEEDS`` seeds (5 without) trains both, from the same starting weights on the sample's
training covers, and searches as it is served: titles and authors, without genres. Validation covers
decide the default of ``include_genre``; test covers are reported. A third line gives the model
trained with genres its genres in the queries too.

Intervals resample seeds and book groups, crossed (Owen 2007, "The pigeonhole bootstrap").
"""

import os
from dataclasses import dataclass

import numpy as np
import torch

from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import prompt_variants, query_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.train import fit
from dustjacket.metrics.retrieval import own_ranks
from tests.benchmarks.clip_learning import library
from tests.benchmarks.measure import line

RESAMPLES = 10_000


def hits(clip, pairs, texts):
    """Return (n,) whether each text finds its cover among the first ten."""
    return own_ranks(embed_texts(clip, texts), embed_covers(clip, pairs.images)).hits(10)


def crossed_interval(differences, groups, rng):
    """Return the 95 % interval of the mean of (seeds, n) differences.

    Args:
        groups: (n,) codes of the book groups, from 0.
    """
    seeds, count = len(differences), groups.max() + 1
    sums = np.stack([np.bincount(groups, row, count) for row in differences])
    sizes = np.bincount(groups, minlength=count)
    drawn_seeds = rng.multinomial(seeds, np.full(seeds, 1 / seeds), RESAMPLES)
    drawn_groups = rng.multinomial(count, np.full(count, 1 / count), RESAMPLES)
    means = ((drawn_seeds @ sums) * drawn_groups).sum(axis=1) / (seeds * (drawn_groups @ sizes))
    return np.percentile(means, [2.5, 97.5])


@dataclass(frozen=True)
class Run:
    """A trained model, and its recall@10 on validation covers by the pairs it had seen."""

    clip: Clip
    curve: list[tuple[int, float]]


@dataclass(frozen=True)
class Effect:
    """What genres change on one set of queries.

    Attributes:
        with_genre, without: mean recall@10.
        by_seed: (seeds,) differences.
        interval: of the mean difference.
    """

    with_genre: float
    without: float
    by_seed: np.ndarray
    interval: tuple[float, float]
    covers: int

    def text(self):
        """Return the difference and its interval."""
        low, high = self.interval
        return f"{self.by_seed.mean():+.3f} ({low:+.3f} to {high:+.3f})"


def train(store, starting, pairs, seeds):
    """Return the runs of each seed, by whether the prompts have genres."""
    runs = {True: [], False: []}
    for seed in range(13, 13 + seeds):
        for genre, found in runs.items():
            clip, curve = load_version(store, starting), []
            parameters = ClipParameters(processes=1, seed=seed, include_genre=genre)

            def log(metrics, step, curve=curve, batch=parameters.batch_size):
                if (recall := metrics.get("validation.recall_at_10")) is not None:
                    curve.append((step * batch, recall))

            fit(clip, pairs["train"], pairs["validation"], parameters, log_metrics=log)
            found.append(Run(clip, curve))
    return runs


def compare(runs, pairs):
    """Return the :class:`Effect` on validation, on test, and with genres in the test queries."""
    found = {}
    for name in ("validation", "test", "test, genre in its queries"):
        side = pairs[name.partition(",")[0]]
        plain = query_prompts(side.books)
        asked = plain
        if "queries" in name:
            confidence = ClipParameters().min_confidence
            asked = prompt_variants(side.books, genre=True, min_confidence=confidence)[3]
        values = np.array(
            [
                [hits(own.clip, side, asked), hits(other.clip, side, plain)]
                for own, other in zip(runs[True], runs[False], strict=True)
            ],
            float,
        )  # (seeds, with and without, n)
        differences = values[:, 0] - values[:, 1]
        groups = side.books["group"].factorize()[0]
        low, high = crossed_interval(differences, groups, np.random.default_rng(13))
        with_genre, without = values.mean(axis=(0, 2))
        found[name] = Effect(
            with_genre, without, differences.mean(axis=1), (low, high), len(side.books)
        )
    return found


def main():
    """Train both models with each seed, and print their differences."""
    torch.set_num_threads(os.cpu_count() or 1)
    seeds = int(os.environ.get("SEEDS") or 5)
    with library(int(os.environ.get("COVERS") or 1200)) as (store, starting, pairs):
        found = compare(train(store, starting, pairs, seeds), pairs)
    for name, effect in found.items():
        each = " ".join(f"{value:+.3f}" for value in effect.by_seed)
        note = (
            f"trained with genres against without, {seeds} seeds: {effect.text()}; by seed {each}"
        )
        line(
            f"genre-prompt/{name}", effect.with_genre, effect.without, "recall@10", effect.covers,
            note, 3,
        )  # fmt: skip


if __name__ == "__main__":
    main()
