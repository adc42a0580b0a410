"""The paper's own test: one cover against any prompts."""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
from botocore.exceptions import ClientError
from matplotlib.figure import Figure
from PIL import Image
from scipy.special import softmax

from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.figures import axis_label
from dustjacket.clip.model import Clip
from dustjacket.covers.check import check_cover
from dustjacket.covers.read import read_image, read_index
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.pipeline.parameters import COVER_CLIP, CoversParameters
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store

MOST_PROMPTS, LONGEST_PROMPT = 100, 1000
LIMITS = CoversParameters()
"""What a picture may measure."""


@dataclass(frozen=True)
class PromptMatch:
    """How well one prompt fits a cover.

    Attributes:
        cosine: of the cover's and the prompt's embedding.
        probability: softmax over the prompts, cosines times the model's logit scale.
    """

    prompt: str
    cosine: float
    probability: float


@dataclass(frozen=True)
class Matched:
    """A cover and how well each prompt fits it.

    Attributes:
        cover: where it came from.
        body: the image as a cover is stored.
        prompts: in the order given.
    """

    cover: str
    body: bytes
    prompts: tuple[PromptMatch, ...]

    def facts(self) -> dict[str, Any]:
        """Return it as JSON, without the image."""
        return {"cover": self.cover, "prompts": [asdict(each) for each in self.prompts]}


def newest_model(store: Store) -> Manifest:
    """Return the model that everybody uses: the newest promoted one, or else starting weights.

    Raises:
        NotReadyError: neither is published.
    """
    found = store.newest(COVER_CLIP) or store.newest("starting_clip")
    if found is None:
        raise NotReadyError("no CLIP model is published yet: run `dustjacket run`")
    return found


def check_prompts(prompts: Sequence[str]) -> list[str]:
    """Return the prompts without blanks around them.

    Raises:
        BadInputError: there is none, or too many, or one is empty or too long.
    """
    found = [prompt.strip() for prompt in prompts]
    if not 1 <= len(found) <= MOST_PROMPTS:
        raise BadInputError(f"{len(found)} prompts: give between 1 and {MOST_PROMPTS}")
    for at, prompt in enumerate(found, 1):
        if not 1 <= len(prompt) <= LONGEST_PROMPT:
            raise BadInputError(
                f"prompt {at} has {len(prompt):,} characters: give between 1 and {LONGEST_PROMPT:,}"
            )
    return found


def read_cover(store: Store, source: str) -> bytes:
    """Return a cover as it would be stored.

    Args:
        source: a file's path, an object's s3:// address, or the key of a cover of the newest
            published covers.

    Raises:
        BadInputError: nothing is there, or it is no cover; the text says which and why.
    """
    if source.startswith("s3://"):
        body = _object(store, source, LIMITS.max_bytes)
    elif Path(source).is_file():
        with Path(source).open("rb") as file:
            body = file.read(LIMITS.max_bytes + 1)
    else:
        body = _published(store, source)
    return as_stored(body, f"cover {source!r}")


def as_stored(body: bytes, name: str) -> bytes:
    """Return an image file as a cover is stored.

    Args:
        name: what to call it in the error.

    Raises:
        BadInputError: it is no cover; the text says why.
    """
    found = check_cover(body, LIMITS)
    if isinstance(found, str):
        raise BadInputError(
            f"{name} is refused ({found}): give a JPEG, PNG, WebP, GIF, BMP or TIFF of at most "
            f"{LIMITS.max_bytes / 1e6:.0f} MB and {LIMITS.max_pixels / 1e6:.0f} megapixels"
        )
    return found.body


def _object(store: Store, address: str, most: int) -> bytes:
    parts = urlsplit(address)
    try:
        reply = store.client.get_object(
            Bucket=parts.netloc, Key=parts.path.lstrip("/"), Range=f"bytes=0-{most}"
        )
    except ClientError as error:
        if error.response["ResponseMetadata"]["HTTPStatusCode"] >= 500:
            raise
        raise BadInputError(
            f"cover {address!r} cannot be read ({error.response['Error']['Code']}): name an object "
            "that is there"
        ) from None
    return reply["Body"].read()


def _published(store: Store, key: str) -> bytes:
    covers = store.newest("covers")
    if covers is not None:
        index = read_index(store, covers)
        rows = index[index["key"] == key]
        if len(rows):
            return read_image(store, covers, rows.iloc[0].to_dict())
    raise BadInputError(
        f"cover {key!r} is no file and no key of published covers: give a path, an s3:// address "
        "or a key"
    )


def match(clip: Clip, cover: str, body: bytes, prompts: Sequence[str]) -> Matched:
    """Return how well each of ``prompts`` fits the cover that :func:`read_cover` returned."""
    vector = embed_covers(clip, square(body, clip.image_size)[None])[0]
    cosines = embed_texts(clip, prompts) @ vector
    probabilities = softmax(clip.scale * cosines)
    found = zip(prompts, cosines.tolist(), probabilities.tolist(), strict=True)
    return Matched(cover, body, tuple(PromptMatch(*each) for each in found))


def match_figure(matched: Matched) -> Figure:
    """Return the cover beside a bar a prompt."""
    rows = len(matched.prompts)
    figure = Figure(figsize=(9, max(3.2, 0.42 * rows + 1.4)), layout="constrained")
    picture, bars = figure.subplots(1, 2, width_ratios=[1, 2])
    with Image.open(io.BytesIO(matched.body)) as image:
        picture.imshow(np.asarray(image.convert("RGB")))
    picture.axis("off")
    places = range(rows)
    shown = bars.barh(places, [each.probability for each in matched.prompts], color="#3b6ea8")
    labels = [f"{each.probability:.1%}, cosine {each.cosine:.3f}" for each in matched.prompts]
    bars.bar_label(shown, labels, padding=3, fontsize=8)
    bars.set_yticks(places, [axis_label(each.prompt, 48) for each in matched.prompts], fontsize=8)
    bars.set(xlabel="match probability", xlim=(0, 1.45), xticks=(0, 0.25, 0.5, 0.75, 1))
    bars.invert_yaxis()
    return figure


def write_figure(matched: Matched, file: Path) -> None:
    """Write :func:`match_figure` as a PNG.

    Raises:
        BadInputError: there is no such folder, or it may not be written to.
    """
    try:
        match_figure(matched).savefig(file, format="png", dpi=150)
    except OSError as error:
        raise BadInputError(f"figure {str(file)!r} cannot be written: {error.strerror}") from None
