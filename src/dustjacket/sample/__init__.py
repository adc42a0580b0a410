"""The sample library: a generated listing and drawn covers, in the two source formats or in others.

A small grammar generates titles, with words that genres share, and a cover shows what its title
names. Therefore a model can learn from the sample, but cannot score perfectly. A few words are held
out: all books with such a word are in the test split, so training never sees them.

Takes a folder, counts and a seed; writes the same files for the same seed. Imports splits and
sources only.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from dustjacket.errors import BadInputError
from dustjacket.sample.contact_sheet import COLUMNS, ROWS, write_contact_sheet
from dustjacket.sample.covers import cover_values, write_cover_table, write_covers
from dustjacket.sample.grammar import HELD_OUT_WORDS
from dustjacket.sample.listing import listed_books, write_listing

CSV = "csv"
DEFAULT_ROWS, DEFAULT_COVERS, DEFAULT_SEED = 3000, 1200, 13
"""Of the library that ``dustjacket run`` and ``dustjacket sample`` write by default."""


@dataclass(frozen=True)
class SampleLibrary:
    """Where a sample library was written.

    Attributes:
        listing: the listing's file; a folder in formats with one file a book.
        covers: the folder of the cover set.
        held_out_words: a text file, one word per line, of the words that only test books contain.
        contact_sheet: a JPEG of some of the covers, to look at.
    """

    listing: Path
    covers: Path
    held_out_words: Path
    contact_sheet: Path


def make_sample(
    folder: Path, rows: int, covers: int, seed: int, format_name: str = CSV
) -> SampleLibrary:
    """Write a listing of ``rows`` rows and a set of ``covers`` covers below ``folder``.

    The same arguments give the same files. Like real sources, both contain defects: some rows and
    images must be rejected. The books are the same in every format; CSV has its own faults besides,
    and no descriptions and keywords.

    Args:
        format_name: of listing and table of covers: ``csv``, or a name in ``formats.FORMATS``.

    Raises:
        BadInputError: a file of the format cannot hold so many books.
    """
    is_csv = format_name == CSV
    ending = f".{CSV}" if is_csv else _ending(format_name, max(rows, covers))
    library = SampleLibrary(
        folder / f"listing{ending}",
        folder / "covers",
        folder / "held_out_words.txt",
        folder / "contact_sheet.jpg",
    )
    folder.mkdir(parents=True, exist_ok=True)
    library.held_out_words.write_text("".join(f"{word}\n" for word in HELD_OUT_WORDS))
    shown: list[Path] = []
    for cover in write_covers(library.covers, covers, _rng("covers", seed)):
        if len(shown) < COLUMNS * ROWS:
            shown.append(cover)
    write_contact_sheet(library.contact_sheet, shown)
    table = library.covers / f"main_dataset{ending}" if ending else library.covers
    if is_csv:
        write_listing(library.listing, rows, _rng("listing", seed))
        write_cover_table(table, covers, _rng("covers", seed))
    else:
        from dustjacket.sample.formats import FORMATS

        write = FORMATS[format_name].write
        write(
            library.listing, (listed.values for listed in listed_books(rows, _rng("listing", seed)))
        )
        write(table, cover_values(covers, _rng("covers", seed)))
    return library


def cover_books(covers: int, seed: int) -> Iterator[tuple[str, str | None]]:
    """Yield title and author of the books whose covers :func:`make_sample` draws."""
    for values in cover_values(covers, _rng("covers", seed)):
        if title := values.get("title"):
            yield title, next((each["name"] for each in values.get("contributors", ())), None)


def _rng(name: str, seed: int) -> random.Random:
    return random.Random(f"{name} {seed}")  # noqa: S311


def _ending(format_name: str, books: int) -> str:
    from dustjacket.sample.formats import FORMATS

    limit = FORMATS[format_name].max_books
    if limit and books > limit:
        raise BadInputError(
            f"a sheet of {format_name} holds {limit:,} books, not {books:,}: choose another format"
        )
    return FORMATS[format_name].ending
