"""The sample library: a generated listing and drawn covers, in the two source formats.

Titles come from a small grammar in which genres overlap, and a cover's picture follows its
title's words, so there is something to learn, and no perfect score.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from dustjacket.sample.covers import write_covers
from dustjacket.sample.listing import write_listing


@dataclass(frozen=True)
class SampleLibrary:
    """Where a sample library was written: a listing file and the folder of a cover set."""

    listing: Path
    covers: Path


def make_sample(folder: Path, rows: int, covers: int, seed: int) -> SampleLibrary:
    """Write a listing of ``rows`` rows and a set of ``covers`` covers below ``folder``.

    The same arguments give the same files. Both are messy in the ways that real ones are: some
    of the rows and images are there to be rejected.
    """
    library = SampleLibrary(folder / "listing.csv", folder / "covers")
    folder.mkdir(parents=True, exist_ok=True)
    write_listing(library.listing, rows, random.Random(f"listing {seed}"))  # noqa: S311
    write_covers(library.covers, covers, random.Random(f"covers {seed}"))  # noqa: S311
    return library
