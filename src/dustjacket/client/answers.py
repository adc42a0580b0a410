"""Genres of titles, covers for titles, and prompts for covers: by the Studio, or loaded models.

The models here are the JSON that ``dustjacket … --json`` prints; ``docs/`` has a reference of
their fields. A field may be added by a release, none is renamed or removed without notice.
"""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from pydantic import BaseModel, Field

from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError
from dustjacket.genres.answers import Doubt
from dustjacket.genres.reasons import GenreReasons
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    from dustjacket.genres.scorer import Scorer

MAX_TITLE_CHARS = 500
_DIGITS = 4
_MODELS = (Kind.COVER_CLIP, Kind.STARTING_CLIP)


class ProbableGenre(BaseModel):
    """A genre and its probability."""

    genre: str
    probability: float


class AssignedSubject(BaseModel):
    """A subject and its probability."""

    subject: str = Field(description="scheme and code, or scheme and heading")
    probability: float


class TitleGenres(BaseModel):
    """The genres of a title, most probable first."""

    title: str
    author: str | None
    genres: list[ProbableGenre]
    sure: bool = Field(description="whether the classifier is sure of the first genre")
    doubt: Doubt | None = Field(
        description="why it is not sure: the probability is too low; too few books prove how often "
        "such answers are right; or no word of the book is known"
    )
    statement: str = Field(description="a sentence for people on how sure it is")
    max_error: float | None = Field(
        description="share of wrong genres, at most, among those that it is sure of; null: none"
    )
    subjects: list[AssignedSubject] = Field(description="empty unless it was trained on subjects")
    classifier: str = Field(description="version of the classifier")


class MatchingCover(BaseModel):
    """A cover, its book, and how well it matches a title."""

    key: str
    title: str
    author: str | None
    category: str | None = Field(description="genre in the cover set")
    genre: str | None = Field(description="predicted genre")
    match: float = Field(
        description="0 to 1, by which the covers are ordered: mean of the scaled "
        "cosine and of words"
    )
    score: float = Field(description="cosine similarity of the cover and the title")
    words: float = Field(description="0 to 1: how completely the title names the book")
    width: int
    height: int


class CoversAnswer(BaseModel):
    """The covers that match a title, best first."""

    title: str
    author: str | None
    covers: list[MatchingCover]
    index: str = Field(description="version of the index")


class FittingPrompt(BaseModel):
    """A prompt, and how well it fits a cover."""

    prompt: str
    cosine: float
    probability: float = Field(description="share among the prompts of the request")


class MatchAnswer(BaseModel):
    """The prompts in the order of the request."""

    cover: str
    prompts: list[FittingPrompt]
    model: str = Field(description="kind and version of the model")


class Answers:
    """Answers of the published models."""

    def __init__(self, studio: RunningStudio, open_store: Callable[[], Store]) -> None:
        """Prepare answers.

        Args:
            open_store: called only where no Studio answers.
        """
        self._studio, self._open_store = studio, open_store

    def genre(
        self, title: str, author: str | None = None, description: str | None = None
    ) -> TitleGenres:
        """Predict the genre of a title.

        Raises:
            BadInputError: the title is empty or too long.
            NotReadyError: no classifier is published.
        """
        book, about = _book(title, author), _text(description)
        if reply := self._studio.post("genre", json={**book, "description": about}):
            version = _versions(reply)[Kind.GENRE_CLASSIFIER]
            genres = [(row["genre"], row["probability"]) for row in reply["genres"]]
            subjects = [(row["subject"], row["probability"]) for row in reply["subjects"]]
            stated = {name: reply[name] for name in ("sure", "doubt", "statement", "max_error")}
            return _genres_of(book, genres, subjects, stated, version)
        from dustjacket.genres.scorer import predict_genre

        _, champion, scorer = self._classifier()
        answer = predict_genre(scorer, str(book["title"]), book["author"], about)
        rule = scorer.abstention
        stated = {
            "sure": answer.sure, "doubt": answer.doubt, "statement": rule.explain(answer.doubt),
            "max_error": rule.max_error,
        }  # fmt: skip
        return _genres_of(book, answer.ranked, answer.subjects, stated, champion.version)

    def why(
        self, title: str, author: str | None = None, description: str | None = None
    ) -> GenreReasons:
        """Return what speaks for the likeliest genre of a title.

        Raises:
            BadInputError: the title is empty or too long.
            NotReadyError: no classifier is published.
        """
        book, about = _book(title, author), _text(description)
        if reply := self._studio.post("genre/why", json={**book, "description": about}):
            return GenreReasons.model_validate(reply)
        from dustjacket.genres.why import find_training_books, reasons

        store, champion, scorer = self._classifier()
        books = find_training_books(store, champion)
        return reasons(scorer, books, str(book["title"]), book["author"], about)

    def _classifier(self) -> "tuple[Store, Manifest, Scorer]":
        from dustjacket.genres.read import classifier_in_use, load_scorer

        store = self._open_store()
        champion = classifier_in_use(store)
        return store, champion, load_scorer(store, champion, store.settings.cache)

    def covers(
        self, title: str, author: str | None = None, genre: str | None = None, top: int = 5
    ) -> CoversAnswer:
        """Find the covers that match a title best.

        Args:
            genre: only covers of this genre or category.
            top: maximum number of covers, up to 100.

        Raises:
            BadInputError: the title is empty or too long, or no cover is of that genre.
            NotReadyError: no index is published.
        """
        book = _book(title, author)
        if reply := self._studio.post("covers/search", json={**book, "genre": genre, "top": top}):
            covers = [MatchingCover(key=row["id"], **row) for row in reply["covers"]]
            return CoversAnswer(**book, covers=covers, index=_versions(reply)[Kind.COVER_INDEX])
        from dataclasses import asdict

        from dustjacket.retrieval.read import index_in_use, search_covers

        store = self._open_store()
        index = index_in_use(store)
        hits = search_covers(store, index, str(book["title"]), book["author"], top, genre)
        covers = [MatchingCover(**asdict(hit)) for hit in hits]
        return CoversAnswer(**book, covers=covers, index=index.version)

    def match(self, cover: str, prompts: Sequence[str]) -> MatchAnswer:
        """Score how well prompts fit a cover.

        Args:
            cover: image file, s3:// address, or key of a published cover.

        Raises:
            BadInputError: there is no such cover, or no prompt.
            NotReadyError: no model is published.
        """
        from dustjacket.clip.match_input import check_prompts

        texts = check_prompts(prompts)
        if body := self._image_for_studio(cover):
            files = {"image": ("cover", body)}
            if reply := self._studio.post("match", files=files, data={"prompts": texts}):
                ref = next(ref for ref in reply["by"] if ref["kind"] in _MODELS)
                return MatchAnswer(
                    cover=cover,
                    prompts=reply["prompts"],
                    model=f"{ref['kind']}/{ref['version']}",
                )
        from dustjacket.clip.match_input import read_cover

        store = self._open_store()
        image = read_cover(store, cover)  # checked before PyTorch is loaded, which takes seconds
        from dustjacket.clip.match import match
        from dustjacket.clip.read import load_version, newest_model

        model = newest_model(store)
        matched = match(load_version(store, model, store.settings.cache), cover, image, texts)
        return MatchAnswer(**matched.facts(), model=f"{model.kind}/{model.version}")

    def image(self, cover: str) -> bytes:
        """Return an image file; ``cover`` and errors are those of :meth:`match`."""
        if body := self._image_for_studio(cover):
            return body
        from dustjacket.clip.match_input import read_cover

        return read_cover(self._open_store(), cover)

    def _image_for_studio(self, cover: str) -> bytes | None:
        """Return the image that the Studio is to judge, or None where no Studio has it."""
        if "://" in cover:
            return None
        path = Path(cover)
        if not path.is_file():
            try:
                return self._studio.get(f"covers/{quote(cover, safe='')}/image")
            except BadInputError:  # another version of covers may have it
                return None
        from dustjacket.clip.match_input import IMAGE_LIMITS

        with path.open("rb") as file:
            return file.read(IMAGE_LIMITS.max_bytes + 1)


def _book(title: str, author: str | None) -> dict[str, str | None]:
    title = title.strip()
    if not 1 <= len(title) <= MAX_TITLE_CHARS:
        raise BadInputError(
            f"the title has {len(title):,} characters: give between 1 and {MAX_TITLE_CHARS}"
        )
    return {"title": title, "author": _text(author)}


def _text(value: str | None) -> str | None:
    return (value or "").strip() or None


def _genres_of(
    book: dict[str, str | None],
    genres: Sequence[tuple[str, float]],
    subjects: Sequence[tuple[str, float]],
    stated: dict[str, Any],
    version: str,
) -> TitleGenres:
    rows = [ProbableGenre(genre=name, probability=round(p, _DIGITS)) for name, p in genres]
    assigned = [
        AssignedSubject(subject=name, probability=round(p, _DIGITS)) for name, p in subjects
    ]
    return TitleGenres.model_validate(
        {**book, "genres": rows, **stated, "subjects": assigned, "classifier": version}
    )


def _versions(reply: dict[str, Any]) -> dict[str, str]:
    return {ref["kind"]: ref["version"] for ref in reply["by"]}
