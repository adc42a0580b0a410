"""A contact sheet of covers that the generator in use makes for titles it was not trained on."""

import io
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from pathlib import Path

from PIL import Image
from pydantic import ValidationError
from rich.console import Console

from dustjacket.errors import DustjacketError
from dustjacket.generation.concept_request import ConceptRequest
from dustjacket.generation.concepts import ConceptTools, make_concepts
from dustjacket.generation.published_tools import open_tools
from dustjacket.genres.published_labels import read_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.sample.contact_sheet import write_contact_sheet
from dustjacket.settings import Settings
from dustjacket.storage.store import Store

TITLES = 8


def write_generated_covers(settings: Settings, file: Path, console: Console) -> None:
    """Write a JPEG of one cover for each of a few titles of the test side.

    Nothing is drawn if no generator serves, or if the file is already of the one that does. A
    failure is printed, and ends nothing.
    """
    store = Store(settings)
    serving = store.newest(Kind.COVER_GENERATOR)
    if serving is None or not settings.generation:
        return
    try:
        if version_of(file) != serving.version:
            draw_sheet(open_tools(settings), titles_of_test_side(store), file, serving.version)
    except DustjacketError as error:
        console.print(f"no contact sheet of generated covers: {error}")
    else:
        console.print(f"covers   {file}")


def draw_sheet(
    tools: ConceptTools, requests: Iterable[ConceptRequest], file: Path, version: str
) -> None:
    """Draw one cover for each request; near copies of real covers are left out."""
    concepts = (next(make_concepts(tools, request)) for request in requests)
    new = [io.BytesIO(concept.preview) for concept in concepts if not concept.art.copy_of]
    write_contact_sheet(file, new, comment=version)


def titles_of_test_side(store: Store) -> Iterator[ConceptRequest]:
    """Yield requests for the first few books of the test side that can have a cover."""
    labels = store.newest(Kind.LABELLED_COVERS)
    if labels is None:
        return
    books = read_labels(store, labels, ["title", "author", "genre", "split"])
    books = books[books["split"] == "test"]
    rows = zip(books["title"], books["author"], books["genre"], strict=True)
    yield from islice(_requests(rows), TITLES)


def _requests(books: Iterable[tuple[str, str | None, str]]) -> Iterator[ConceptRequest]:
    for title, author, genre in books:
        with suppress(ValidationError):
            yield ConceptRequest(title=title, author=author or "", genre=genre, n=1)


def version_of(file: Path) -> str | None:
    """Return the version of the generator that drew a contact sheet; None if there is no sheet."""
    try:
        with Image.open(file) as sheet:
            comment: bytes = sheet.info.get("comment", b"")
    except OSError:
        return None
    return comment.decode("ascii", "replace")
