"""Habits of genres, which a generator carries: where the covers that it learnt from have type."""

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from dustjacket.errors import CorruptVersionError
from dustjacket.generation.textless import text_boxes
from dustjacket.storage.manifest import Manifest, remake
from dustjacket.storage.store import Store
from dustjacket.typesetting.habits import Habits, measure_habits

FILE = "habits.json"
ALL = ""
"""Name of the habits of all genres together."""
_FORMAT = TypeAdapter(dict[str, Habits])


def habits_of(books: pd.DataFrame) -> dict[str, Habits]:
    """Return the habits of each genre, and of all together.

    Args:
        books: rows with genre and sha256 of covers whose art was made.
    """
    boxes = pd.Series(text_boxes(books), index=books.index)
    by_genre = boxes.groupby(books["genre"])
    return {ALL: measure_habits(boxes)} | {
        str(genre): measure_habits(covers) for genre, covers in by_genre
    }


def to_bytes(habits: dict[str, Habits]) -> bytes:
    """Return habits as JSON, for :func:`read_habits`."""
    return _FORMAT.dump_json(habits)


def read_habits(store: Store, manifest: Manifest) -> dict[str, Habits]:
    """Return the habits that a generator carries; none of one that an earlier release trained.

    Raises:
        CorruptVersionError: they are not what their name says.
    """
    if FILE not in {file.path for file in manifest.files}:
        return {}
    try:
        return _FORMAT.validate_json(store.read(manifest, FILE))
    except ValidationError as error:
        name = f"{manifest.kind}/{manifest.version}"
        raise CorruptVersionError(f"the habits of {name} are unreadable; {remake(name)}") from error
