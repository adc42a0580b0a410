"""The sample library: a generated listing and drawn covers, in the two source formats.

A small grammar generates titles, with words that genres share, and a cover shows what its title
names. Therefore a model can learn from the sample, but cannot score perfectly. A few words are held
out: all books with such a word are in the test split, so training never sees them.

Takes a folder, counts and a seed; writes the same files for the same seed. Imports splits and
sources only.
"""

import random
from dataclasses import dataclass
from pathlib import Path

from dustjacket.sample.contact_sheet import COLUMNS, ROWS, write_contact_sheet
from dustjacket.sample.covers import write_covers
from dustjacket.sample.grammar import HELD_OUT_WORDS
from dustjacket.sample.listing import write_listing


@dataclass(frozen=True)
class SampleLibrary:
    """Where a sample library was written.

    Attributes:
        listing: the listing's file.
        covers: the folder of the cover set.
        held_out_words: a text file, one word per line, of the words that only test books contain.
        contact_sheet: a JPEG of some of the covers, to look at.
    """

    listing: Path
    covers: Path
    held_out_words: Path
    contact_sheet: Path


def make_sample(folder: Path, rows: int, covers: int, seed: int) -> SampleLibrary:
    """Write a listing of ``rows`` rows and a set of ``covers`` covers below ``folder``.

    The same arguments give the same files. Like real sources, both contain defects: some rows and
    images must be rejected.
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
    for cover in write_covers(library.covers, covers, random.Random(f"covers {seed}")):  # noqa: S311
        if len(shown) < COLUMNS * ROWS:
            shown.append(cover)
    write_contact_sheet(library.contact_sheet, shown)
    return library
