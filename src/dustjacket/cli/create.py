"""``dustjacket create``: concepts of new covers, as files."""

import io
import json
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import CliPositionalArg
from rich.console import Console

from dustjacket.cli.context import absolute, console, open_store
from dustjacket.errors import BadInputError
from dustjacket.generation.concept_request import MAX_CONCEPTS, ConceptRequest, ExportForm
from dustjacket.pipeline.parameters import first_error
from dustjacket.typesetting.style import FamilyName, FieldColours

if TYPE_CHECKING:
    from dustjacket.generation.concepts import Art, Concept, ConceptTools

SHEET, FACTS = "contact_sheet.jpg", "concepts.json"
_NAME_CHARS = 60
_BOOK = ("title", "subtitle", "author", "description", "genre")
_MADE = ("n", "seed", "guidance", "layout", "colours")


class CreateCovers(BaseModel):
    """Make concepts of a new cover: art that is drawn for a title, with type set on it."""

    title: CliPositionalArg[str] = Field("", description="title of a book")
    out: Path = Field(description="folder for the files; it is made where it is missing")
    author: str = Field("", description="its author")
    subtitle: str = Field("", description="its subtitle")
    description: str = Field("", description="what it is about")
    genre: str = Field("", description="its genre; empty: predicted")
    n: int = Field(4, ge=1, le=MAX_CONCEPTS, description="concepts of each book")
    seed: int = Field(0, ge=0, description="of the first concept; each next one adds 1")
    guidance: float = Field(2.0, description="0: typical covers; higher: closer to the text")
    style: Path | None = Field(None, description="file of a house style; empty: the team's")
    layout: FamilyName | None = Field(None, description="family of layouts; empty: any")
    colours: FieldColours = Field(FieldColours(), description="of fields, title and other text")
    art: Path | None = Field(None, description="picture to set type on; nothing is drawn")
    format: list[ExportForm] = Field(["png"], description="formats: png,jpeg,svg,pdf,json")
    batch: str = Field("", description="table of books, in any format of a listing")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.cli.book_table import read_books
        from dustjacket.generation.concept_request import check_art
        from dustjacket.generation.concepts import Art
        from dustjacket.generation.published_tools import genre_predictor, open_tools
        from dustjacket.typesetting.style import load_styles

        if bool(self.title.strip()) == bool(self.batch):
            raise BadInputError("give either a title, or a table of books with --batch")
        store = open_store()
        if not store.settings.generation and self.art is None:
            raise BadInputError("cover generation is turned off: set DUSTJACKET_GENERATION=true")
        tools = open_tools(store.settings)
        given = self.model_dump(include={*_BOOK, *_MADE}, exclude_unset=True)
        books: Iterable[Mapping[str, Any]] = [{}]
        if self.batch:
            given.pop("title", None)
            books = read_books(absolute(self.batch))
        write_covers(
            replace(tools, styles=load_styles(self.style)) if self.style else tools,
            ({**book, **given} for book in books),
            self.out,
            self.format,
            predict=genre_predictor(store),
            art=Art(check_art(self.art.read_bytes())) if self.art else None,
            console=console,
        )


def write_covers(
    tools: "ConceptTools",
    books: Iterable[Mapping[str, Any]],
    out: Path,
    forms: Iterable[ExportForm],
    *,
    predict: Callable[[str, str], str],
    art: "Art | None" = None,
    console: Console,
) -> None:
    """Write concepts of each book, best first, then a table of them and a contact sheet.

    A book that cannot have a cover is reported, and the others follow. A near copy of a real cover
    is named beside that cover, and not written. The same books and versions give the same files.

    Args:
        books: fields of :class:`ConceptRequest`.
        predict: returns a genre for the title and author of a book without one.

    Raises:
        BadInputError: at least one book has no covers.
        NotReadyError: no generator is published.
    """
    from dustjacket.generation.concepts import make_concepts, ranked
    from dustjacket.sample.contact_sheet import write_contact_sheet

    facts: list[dict[str, Any]] = []
    sheet: list[io.BytesIO] = []
    refused = number = 0
    warned = False
    for number, book in enumerate(books, 1):
        try:
            request = ConceptRequest.model_validate(book)
            if not request.genre:
                genre = predict(request.title, request.author)
                request = request.model_copy(update={"genre": genre})
            concepts = []
            for concept in make_concepts(tools, request, art):
                concepts.append(concept)
                if concept.art.untested and not warned:
                    console.print(
                        f"{concept.art.generator} has not passed an evaluation: whether its art "
                        "fits a title is not known"
                    )
                    warned = True
                console.print(_progress(request, concept, len(concepts)))
        except (ValidationError, BadInputError) as error:
            why = first_error(error) if isinstance(error, ValidationError) else str(error)
            console.print(f"book {number} has no covers: {why}")
            refused += 1
            continue
        for rank, concept in enumerate(ranked(concepts), 1):
            name = f"{number:04d}-{_slug(request.title)}-{rank}"
            written = _write(tools, concept, out, name, forms)
            facts.append(_facts(request, concept, rank, written))
            if written:
                sheet.append(io.BytesIO(concept.preview))
    if facts:
        text = json.dumps(facts, indent=2, ensure_ascii=False)
        (out / FACTS).write_text(text + "\n", "utf-8")
    if sheet:
        write_contact_sheet(out / SHEET, sheet)
        console.print(f"look at {out / SHEET}")
    if refused or not number:
        reason = f"{refused} of {number} books have no covers: see above" if number else "no books"
        raise BadInputError(reason)


def _write(
    tools: "ConceptTools", concept: "Concept", out: Path, name: str, forms: Iterable[ExportForm]
) -> list[str]:
    """Write a concept in each form and return the names of the files; none of a near copy."""
    out.mkdir(parents=True, exist_ok=True)
    if concept.art.copy_of:
        return []
    written = []
    for form in dict.fromkeys(forms):
        (out / f"{name}.{form}").write_bytes(tools.export(concept, form))
        written.append(f"{name}.{form}")
    return written


def _progress(request: ConceptRequest, concept: "Concept", made: int) -> str:
    """Return a line about a concept that was just made."""
    of = f"{request.title}: {made} of {request.n}"
    if concept.art.seed is not None:
        of += f", seed {concept.art.seed}"
    if concept.art.copy_of:
        title = f" ({concept.copied.title})" if concept.copied else ""
        return f"{of}, near copy of the real cover {concept.art.copy_of}{title}: not exported"
    return of if concept.fit is None else f"{of}, fits better than {concept.fit:.0%} of real covers"


def _facts(
    request: ConceptRequest, concept: "Concept", rank: int, files: list[str]
) -> dict[str, Any]:
    return {
        **request.model_dump(include={*_BOOK, "guidance"}),
        "rank": rank,
        "seed": concept.art.seed,
        "type_seed": concept.type_seed,
        "generator": concept.art.generator,
        "untested": concept.art.untested,
        "score": concept.score,
        "fit": concept.fit,
        "nearest": [hit.key for hit in concept.nearest],
        "copy_of": concept.art.copy_of,
        "files": files,
    }


def _slug(title: str) -> str:
    """Return a title as part of a file's name: letters and digits of any script, and dashes."""
    return re.sub(r"[\W_]+", "-", title).strip("-").lower()[:_NAME_CHARS] or "cover"
