"""Concepts of new covers, made by the running Studio, or in this process without one."""

import json
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any

from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import load_settings

_POLL_S = 0.5
_FORMS = ("png", "jpeg", "svg", "pdf", "json")
_ACTIVE = ("waiting", "running")


@dataclass(frozen=True)
class MadeCover:
    """A concept of a cover, which a notebook shows as its picture.

    Attributes:
        seed: of its art.
        fit: share of the real covers that fit the book less, if it is known.
        copy_of: key of the real cover that it is too close to; it cannot be saved then.
        preview: a small JPEG.
    """

    title: str
    seed: int | None
    fit: float | None
    copy_of: str | None
    preview: bytes = field(repr=False)
    export: Callable[[str], bytes] = field(repr=False)

    def save(self, file: str | Path) -> Path:
        """Write the cover in full size, in the format that the ending of ``file`` names.

        Raises:
            BadInputError: the ending is unknown, or the cover is a near copy of a real one.
        """
        path = Path(file)
        form = path.suffix.lower().removeprefix(".").replace("jpg", "jpeg")
        if form not in _FORMS:
            raise BadInputError(f"{path.name}: let the name end in one of .{', .'.join(_FORMS)}")
        path.write_bytes(self.export(form))
        return path

    def _repr_jpeg_(self) -> bytes:
        return self.preview


def make_covers(studio: RunningStudio, request: Mapping[str, Any]) -> list[MadeCover]:
    """Return concepts of a book's cover, best first.

    Args:
        request: fields of :class:`dustjacket.generation.concept_request.ConceptRequest`.

    Raises:
        BadInputError: a field is unknown or out of range.
        NotReadyError: no generator is published, or the job failed.
    """
    if job := studio.post("create", json=dict(request)):
        return _by_studio(studio, str(request["title"]), job)
    return _here(request)


def _by_studio(studio: RunningStudio, title: str, job: dict[str, Any]) -> list[MadeCover]:
    while job["state"] in _ACTIVE:
        time.sleep(_POLL_S)
        job = json.loads(studio.require(f"create/{job['job']}"))
    if job["state"] == "failed":
        raise NotReadyError(f"the concepts were not made: {job['problem']}")
    made = [
        MadeCover(
            title=title,
            seed=one["seed"],
            fit=one["fit"],
            copy_of=one["copy_of"],
            preview=studio.require(one["preview"]),
            export=partial(_exported, studio, f"create/{job['job']}/{one['number']}"),
        )
        for one in job["concepts"]
    ]
    return _ranked(made)


def _exported(studio: RunningStudio, place: str, form: str) -> bytes:
    return studio.require(f"{place}/cover.{form}")


def _here(request: Mapping[str, Any]) -> list[MadeCover]:
    from pydantic import ValidationError

    from dustjacket.generation.concept_request import ConceptRequest
    from dustjacket.generation.concepts import make_concepts
    from dustjacket.generation.published_tools import genre_predictor, open_tools
    from dustjacket.pipeline.parameters import first_error
    from dustjacket.storage.store import Store

    try:
        wanted = ConceptRequest.model_validate(request)
    except ValidationError as error:
        raise BadInputError(first_error(error)) from None
    settings = load_settings()
    tools = open_tools(settings)
    if not wanted.genre:
        genre = genre_predictor(Store(settings))(wanted.title, wanted.author)
        wanted = wanted.model_copy(update={"genre": genre})
    made = [
        MadeCover(
            title=wanted.title,
            seed=concept.art.seed,
            fit=concept.fit,
            copy_of=concept.art.copy_of,
            preview=concept.preview,
            export=partial(tools.export, concept),
        )
        for concept in make_concepts(tools, wanted, None)
    ]
    return _ranked(made)


def _ranked(made: list[MadeCover]) -> list[MadeCover]:
    """Return near copies last, and what fits best first."""
    return sorted(made, key=lambda one: (one.copy_of is not None, -(one.fit or 0.0)))
