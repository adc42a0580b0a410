"""What genres in training prompts change: recall@10 of models trained with and without them.

Each of ``SEEDS`` seeds (5 without) trains both, from the same starting weights on the sample's
training covers, and searches as it is served: titles and authors, without genres. Validation covers
decide the default of ``include_genre``; test covers are reported. A third line gives the model
trained with genres its genres in the queries too.

Intervals resample seeds and book groups, crossed (Owen 2007, "The pigeonhole bootstrap").
"""

import os

import numpy as np
import torch

from dustjacket.clip.embed import embed_covers, embed_texts
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


def main():
    """Train both models with each seed, and print their differences."""
    torch.set_num_threads(os.cpu_count() or 1)
    seeds = int(os.environ.get("SEEDS") or 5)
    found = {name: [] for name in ("validation", "test", "test, genre in its queries")}
    with library(int(os.environ.get("COVERS") or 1200)) as (store, starting, pairs):
        for seed in range(13, 13 + seeds):
            trained = {}
            for genre in (True, False):
                clip = load_version(store, starting)
                parameters = ClipParameters(processes=1, seed=seed, include_genre=genre)
                fit(clip, pairs["train"], pairs["validation"], parameters)
                trained[genre] = clip
            for split in ("validation", "test"):
                texts = query_prompts(pairs[split].books)
                both = [hits(trained[genre], pairs[split], texts) for genre in (True, False)]
                found[split].append(both)
            named = prompt_variants(
                pairs["test"].books, genre=True, min_confidence=ClipParameters().min_confidence
            )[3]
            own = hits(trained[True], pairs["test"], named)
            found["test, genre in its queries"].append([own, found["test"][-1][1]])
    for name, results in found.items():
        values = np.array(results, float)  # (seeds, with and without, n)
        books = pairs[name.partition(",")[0]].books
        groups = books["group"].factorize()[0]
        differences = values[:, 0] - values[:, 1]
        low, high = crossed_interval(differences, groups, np.random.default_rng(13))
        each = " ".join(f"{value:+.3f}" for value in differences.mean(axis=1))
        note = (
            f"trained with genres against without, {seeds} seeds: {differences.mean():+.3f} "
            f"({low:+.3f} to {high:+.3f}); by seed {each}"
        )
        with_, without = values.mean(axis=(0, 2))
        line(f"genre-prompt/{name}", with_, without, "recall@10", len(books), note, 3)


if __name__ == "__main__":
    main()
