"""Cover concepts for a book: drawn art with type set on it, how well it fits, how new it is."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.generation.concept_request import ConceptRequest, ExportForm
from dustjacket.generation.generator import Generator, Request
from dustjacket.typesetting.book import Book
from dustjacket.typesetting.habits import Habits
from dustjacket.typesetting.layout import Layout, lay_out
from dustjacket.typesetting.provenance import Provenance, prompt_hash
from dustjacket.typesetting.render import render
from dustjacket.typesetting.style import PLAIN, HouseStyle

if TYPE_CHECKING:
    from dustjacket.clip.model import Clip
    from dustjacket.generation.near_copies import NearCopies
    from dustjacket.retrieval.search import CoverIndex, SearchHit

NEAREST = 3
"""Real covers shown beside a concept."""
_PREVIEW = (400, 640)


@dataclass(frozen=True)
class Art:
    """A picture without type.

    Attributes:
        body: PNG or JPEG.
        seed: of the draw; None for a picture that a person brought.
        generator: ``<kind>/<version>`` of what drew it; None for a picture that a person brought.
        conditioner: ``<kind>/<version>`` of the model that reads the text for the generator.
        copy_of: key of the training cover that it is a near copy of; None: it is new enough.
        untested: whether what drew it never passed an evaluation.
    """

    body: bytes
    seed: int | None = None
    generator: str | None = None
    conditioner: str = ""
    copy_of: str | None = None
    untested: bool = False


@dataclass(frozen=True)
class Concept:
    """One concept.

    Attributes:
        type_seed: of the layout.
        preview: JPEG of at most 400 x 640 pixels.
        score: cosine of the art and the book's title and author, by the champion; None if no
            cover index is published.
        fit: share of the real covers that are farther from the title than the art is; None if the
            art's generator is untested: noise can be near to a title too.
        nearest: real covers that are nearest to the art, by the champion, nearest first.
        copied: the cover that the art is a near copy of, if it is in the index.
    """

    art: Art
    type_seed: int
    layout: Layout
    preview: bytes
    score: float | None = None
    fit: float | None = None
    nearest: tuple["SearchHit", ...] = ()
    copied: "SearchHit | None" = None

    @property
    def size(self) -> int:
        """Bytes of its pictures."""
        return len(self.art.body) + len(self.preview)


@dataclass(frozen=True)
class Gallery:
    """The real covers, and the model by which they are compared with art."""

    clip: "Clip"
    index: "CoverIndex"

    def compare(self, concept: Concept, title: str, author: str) -> Concept:
        """Return a concept with its fit, its nearest covers, and what it is a copy of."""
        from dustjacket.clip.embed import embed_texts
        from dustjacket.clip.match import embed_image
        from dustjacket.clip.prompts import prompt

        art = embed_image(self.clip, concept.art.body)
        text = embed_texts(self.clip, [prompt(title, author or None)])[0]
        score = float(text @ art)
        return replace(
            concept,
            score=score,
            fit=None if concept.art.untested else float(np.mean(self.index.vectors @ text < score)),
            nearest=tuple(self.index.search(art, top=NEAREST)),
            copied=self.index.cover(concept.art.copy_of) if concept.art.copy_of else None,
        )


@dataclass(frozen=True)
class Artist:
    """A generator, what recognises its near copies of training covers, and its text encoder.

    Attributes:
        untested: whether it never passed an evaluation.
    """

    generator: Generator
    near_copies: "NearCopies"
    conditioner: str = ""
    untested: bool = False

    def draw(self, request: ConceptRequest, seed: int) -> Art:
        """Return the art that a request and a seed give."""
        names = {"title", "author", "description", "genre", "guidance"}
        pixels = self.generator.draw([Request(**request.model_dump(include=names), seed=seed)])
        body = io.BytesIO()
        Image.fromarray(pixels[0]).save(body, "PNG")
        nearest = self.near_copies.nearest(pixels)
        copied = nearest.keys[0] if nearest.copies[0] else None
        version = self.generator.version
        return Art(body.getvalue(), seed, version, self.conditioner, copied, self.untested)


@dataclass(frozen=True)
class ConceptTools:
    """What concepts are made with.

    Attributes:
        artist: returns the generator in use; raises NotReadyError if there is none.
        gallery: returns the covers in use; None if none are published.
        habits: returns where covers have their type, by genre; "" is all genres.
        styles: house styles by name; the first is the default.
    """

    artist: Callable[[], Artist]
    gallery: Callable[[], Gallery | None]
    habits: Callable[[], Mapping[str, Habits]] = dict
    styles: Mapping[str, HouseStyle] = field(default_factory=lambda: {PLAIN: HouseStyle()})

    def make(
        self,
        request: ConceptRequest,
        number: int,
        art: Art | None = None,
    ) -> Concept:
        """Return one of the concepts of a request.

        The same request, number, art and versions give the same bytes.

        Args:
            number: of the concept, from 0.
            art: a picture in place of drawn art.

        Raises:
            NotReadyError: no generator is published.
            BadInputError: the type cannot be set, or there is no such house style.
        """
        style, habits, seed = self.style_for(request), self.habits(), request.seed + number
        art = art or self.artist().draw(request, seed)
        type_seed = seed if request.type_seed is None else request.type_seed + number
        book = Book(**request.model_dump(include={"title", "subtitle", "author", "genre"}))
        with Image.open(io.BytesIO(art.body)) as picture:
            layout = lay_out(
                picture,
                book,
                style,
                type_seed,
                habits=habits.get(request.genre, habits.get("")),
                provenance=_provenance(art, request),
            )
        preview = _preview(render(layout, art.body, "jpeg", font_folder=style.font_folder))
        concept = Concept(art=art, type_seed=type_seed, layout=layout, preview=preview)
        gallery = self.gallery()
        return gallery.compare(concept, request.title, request.author) if gallery else concept

    def export(self, concept: Concept, form: ExportForm) -> bytes:
        """Return a concept as a file.

        Raises:
            BadInputError: it is a near copy of a cover.
        """
        if concept.art.copy_of:
            raise BadInputError(
                f"seed {concept.art.seed} gives a near copy of the real cover "
                f"{concept.art.copy_of}, which is not exported: take another seed"
            )
        if form == "json":
            return concept.layout.model_dump_json(indent=2).encode()
        folder = self.styles[concept.layout.style].font_folder
        return render(concept.layout, concept.art.body, form, font_folder=folder)

    def style_for(self, request: ConceptRequest) -> HouseStyle:
        """Return the house style of a request, with the layout and colours that it names.

        Raises:
            BadInputError: there is no such house style.
        """
        style = self.styles.get(request.style or next(iter(self.styles)))
        if style is None:
            raise BadInputError(f"style {request.style!r} is unknown: {', '.join(self.styles)}")
        colours = request.colours.model_dump(exclude_none=True)
        changes: dict[str, object] = {"colours": style.colours.model_copy(update=colours)}
        if request.layout:
            changes |= {"families": (request.layout,), "position": None}
        return style.model_copy(update=changes)


def _provenance(art: Art, request: ConceptRequest) -> Provenance | None:
    """Return where drawn art comes from; None for a picture that a person brought."""
    if art.generator is None or art.seed is None:
        return None
    prompt = prompt_hash(request.title, request.author, request.description, request.genre)
    return Provenance(
        generator=art.generator, conditioner=art.conditioner, seed=art.seed, prompt_sha256=prompt
    )


def _preview(cover: bytes) -> bytes:
    body = io.BytesIO()
    with Image.open(io.BytesIO(cover)) as image:
        image.draft("RGB", _PREVIEW)
        image.thumbnail(_PREVIEW)
        image.save(body, "JPEG", quality=88)
    return body.getvalue()


def make_concepts(
    tools: ConceptTools,
    request: ConceptRequest,
    art: Art | None = None,
) -> Iterator[Concept]:
    """Yield the concepts of a request as they are made; see :meth:`ConceptTools.make`."""
    return (tools.make(request, number, art) for number in range(request.n))


def ranked(concepts: Sequence[Concept]) -> list[Concept]:
    """Return concepts in the order of their fit, near copies last."""
    return sorted(concepts, key=lambda one: (one.art.copy_of is not None, -(one.score or 0)))
