"""What fine-tuning adds on the sample library: recall@10 on covers that no model was trained on.

Every recipe begins with the same starting weights and is trained on the sample's training covers,
with genres predicted by a classifier that was trained on the sample's listing. Beside it stand the
starting weights, and chance; *held-out words* are the test books that name a word which no
training book names. ``COVERS`` sets how many covers are drawn (1,200 without), ``RECIPES`` which
recipes run.
"""

import os
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import torch

from dustjacket.clip.data import read_pairs
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.prompts import query_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.train import fit
from dustjacket.genres.published_labels import read_labels
from dustjacket.metrics.retrieval import chance, own_ranks
from dustjacket.sample import make_sample
from dustjacket.sample.grammar import is_held_out
from tests.benchmarks.measure import line
from tests.support.stores import bench

RECIPES = {
    "locked": {"recipe": "locked", "epochs": 30, "learning_rate": 1e-3},
    "locked_image": {"recipe": "locked_image", "epochs": 10},
    "locked_image_wise": {"recipe": "locked_image", "epochs": 10, "wise_ft": True},
    "locked_image_no_genre": {"recipe": "locked_image", "epochs": 10, "include_genre": False},
    "locked_text": {"recipe": "locked_text", "epochs": 3},
    "lora": {"recipe": "lora", "epochs": 3, "learning_rate": 1e-3},
    "full": {"recipe": "full", "epochs": 3, "learning_rate": 2e-4},
    "full_no_genre": {
        "recipe": "full", "epochs": 3, "learning_rate": 2e-4, "include_genre": False,
    },
}  # fmt: skip
"""Parameters of ``finetune_clip``; those that train the image tower are given fewer epochs."""


def found(clip, test):
    """Return whether each test title finds its cover among the first ten, and the reverse."""
    titles = embed_texts(clip, query_prompts(test.books))
    covers = embed_covers(clip, test.images)
    return np.stack([own_ranks(titles, covers).hits(10), own_ranks(covers, titles).hits(10)])


@contextmanager
def library(covers):
    """Yield a store with the labelled sample, its starting weights, and its pairs by split."""
    with tempfile.TemporaryDirectory() as folder, bench("bench-clip-learning") as alone:
        sample = make_sample(Path(folder), 3000, covers, seed=13)
        alone.run("ingest_catalog", source=str(sample.listing))
        published = alone.run("ingest_covers", source=str(sample.covers))
        alone.run("select_classifier", candidates=("linear_svm",))
        labels = alone.run("label_covers")
        alone.spark.stop()
        starting = ensure_starting(alone.store, ClipParameters(), published)
        size = load_version(alone.store, starting).image_size
        books = read_labels(alone.store, labels)
        pairs = {
            split: read_pairs(alone.store, published, books[books["split"] == split], size)
            for split in ("train", "validation", "test")
        }
        yield alone.store, starting, pairs


def main():
    """Train each recipe, one after the other."""
    torch.set_num_threads(os.cpu_count() or 1)
    covers = int(os.environ.get("COVERS") or 1200)
    recipes = (os.environ.get("RECIPES") or ",".join(RECIPES)).split(",")
    with library(covers) as (store, starting, pairs):
        test = pairs["test"]
        held_out = np.array([is_held_out(title) for title in test.books["title"]])
        before = found(load_version(store, starting), test)
        of_chance = chance(len(test))["recall_at_10"]
        for name in recipes:
            parameters = ClipParameters(processes=1, **RECIPES[name])
            clip, began = load_version(store, starting), time.monotonic()
            trained = fit(clip, pairs["train"], pairs["validation"], parameters)
            seconds = time.monotonic() - began
            after = found(clip, test)
            note = (
                f"title to cover, beside the starting weights; cover to title {after[1].mean():.3f}"
                f" ({before[1].mean():.3f}); {held_out.sum()} books of held-out words "
                f"{after[0][held_out].mean():.3f} ({before[0][held_out].mean():.3f}); "
                f"chance {of_chance:.3f}; {trained.steps} steps on {trained.pairs} pairs, "
                f"{trained.pairs_per_second:.0f} pairs/s, {seconds:.0f} s in all"
            )
            was, now = before[0].mean(), after[0].mean()
            line(f"clip-learning/{name}", now, was, "recall@10", len(test), note, 3)


if __name__ == "__main__":
    main()
