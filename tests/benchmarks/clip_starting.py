"""Recall@10 of the starting weights on real covers, beside chance: nothing was trained on them.

Of 50 public-domain classics, or a folder like theirs that ``DATA`` names. The two towers are joined
on the covers themselves, which needs no label.
"""

import os
from pathlib import Path

import pandas as pd
import torch

from dustjacket.clip.conse import NAME, SIZE, build_conse
from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.prompts import prompt
from dustjacket.metrics.retrieval import chance, own_ranks
from tests.benchmarks.measure import line
from tests.benchmarks.selection_accuracy import SHARED


def main() -> None:
    """Print a line for titles alone, and one for titles with authors."""
    folder = Path(os.environ.get("DATA") or SHARED / "classic-covers")
    books = pd.read_csv(folder / "main_dataset.csv")
    files = [folder / path.removeprefix("dataset/") for path in books["img_paths"]]
    images = torch.stack([square(file.read_bytes(), SIZE) for file in files])
    texts = {
        "title": [prompt(title, None) for title in books["name"]],
        "title_by_author": list(map(prompt, books["name"], books["author"])),
    }
    clip = build_conse(images, texts["title_by_author"])
    covers = embed_covers(clip, images)
    by_chance = chance(len(books))["recall_at_10"]
    for name, asked in texts.items():
        found = own_ranks(embed_texts(clip, asked), covers).hits(10).mean()
        note = f"of {NAME}, title to cover, beside chance"
        line(f"clip-starting/{name}", found, by_chance, "recall@10", len(books), note, 2)


if __name__ == "__main__":
    main()
