"""The sample library: a generated listing and drawn covers, in the two source formats.

Titles come from a small grammar in which genres overlap, and a cover's picture follows its
title's words, so there is something to learn, and no perfect score. A few words are held out:
every book that names one is on the test side of the split, so that a model trained on the rest
has never met them.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from dustjacket.sample.covers import write_covers
from dustjacket.sample.grammar import HELD_OUT_WORDS
from dustjacket.sample.listing import write_listing
from dustjacket.sample.looks import Style
from dustjacket.sample.sheet import COLUMNS, ROWS, write_sheet


@dataclass(frozen=True)
class SampleLibrary:
    """Where a sample library was written.

    Attributes:
        listing: the listing's file.
        covers: the folder of the cover set.
        held_out_words: a text file, a word a line, of those that only test books name.
        contact_sheet: a JPEG of some of the covers, for people.
    """

    listing: Path
    covers: Path
    held_out_words: Path
    contact_sheet: Path


def make_sample(
    folder: Path, rows: int, covers: int, seed: int, style: Style = "classic"
) -> SampleLibrary:
    """Write a listing of ``rows`` rows and a set of ``covers`` covers below ``folder``.

    The same arguments give the same files, and another style the same books. Both are messy in
    the ways that real ones are: some of the rows and images are there to be rejected.
    """
    library = SampleLibrary(
        folder / "listing.csv",
        folder / "covers",
        folder / "held_out_words.txt",
        folder / "contact_sheet.jpg",
    )
    folder.mkdir(parents=True, exist_ok=True)
    library.held_out_words.write_text("".join(f"{word}\n" for word in HELD_OUT_WORDS))
    write_listing(library.listing, rows, random.Random(f"listing {seed}"))  # noqa: S311
    shown: list[Path] = []
    for cover in write_covers(library.covers, covers, random.Random(f"covers {seed}"), style):  # noqa: S311
        if len(shown) < COLUMNS * ROWS:
            shown.append(cover)
    write_sheet(library.contact_sheet, shown)
    return library
