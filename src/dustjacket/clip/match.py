"""Match of one cover with prompts: zero-shot classification with CLIP.

Radford et al. 2021, section 3.1: the probability of a prompt is the softmax, over all prompts, of
its cosine with the cover times the model's logit scale.

Shapes: N prompts or classes, D embedding dimensions.
"""

import io
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from PIL import Image
from scipy.special import softmax

from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.figures import axis_label
from dustjacket.clip.model import Clip
from dustjacket.errors import BadInputError


@dataclass(frozen=True)
class PromptMatch:
    """The match of one prompt with a cover.

    Attributes:
        cosine: of the cover's and the prompt's embedding.
        probability: softmax over the prompts.
    """

    prompt: str
    cosine: float
    probability: float


@dataclass(frozen=True)
class CoverMatch:
    """A cover and its match with each prompt.

    Attributes:
        cover: where it was read from.
        body: the image file, as covers are stored.
        prompts: in the order of the input.
    """

    cover: str
    body: bytes
    prompts: tuple[PromptMatch, ...]

    def facts(self) -> dict[str, Any]:
        """Return the match as JSON values, without the image."""
        return {"cover": self.cover, "prompts": [asdict(prompt) for prompt in self.prompts]}


def embed_image(clip: Clip, body: bytes) -> np.ndarray:
    """Return the (D,) embedding of an image file, of unit length."""
    return np.asarray(embed_covers(clip, square(body, clip.image_size)[None])[0])


def class_probabilities(clip: Clip, cosines_N: np.ndarray) -> np.ndarray:
    """Return the (N,) probabilities of classes by their cosines with a cover."""
    if not len(cosines_N):  # which scipy refuses
        return cosines_N
    return np.asarray(softmax(clip.scale * cosines_N))


def match_prompts(
    clip: Clip, cover_D: np.ndarray, prompts: Sequence[str], batch_size: int = 128
) -> tuple[PromptMatch, ...]:
    """Return how well each prompt matches a cover, in the order of the prompts.

    Args:
        cover_D: the cover's embedding, see :func:`embed_image`.
        batch_size: prompts embedded at a time.
    """
    if not prompts:
        return ()
    cosines_N = embed_texts(clip, prompts, batch_size) @ cover_D
    probabilities_N = class_probabilities(clip, cosines_N)
    rows = zip(prompts, cosines_N.tolist(), probabilities_N.tolist(), strict=True)
    return tuple(PromptMatch(*row) for row in rows)


def match(clip: Clip, cover: str, body: bytes, prompts: Sequence[str]) -> CoverMatch:
    """Match an image file with prompts.

    Args:
        cover: where the file was read from.
        body: the file, see :func:`dustjacket.clip.match_input.read_cover`.
    """
    return CoverMatch(cover, body, match_prompts(clip, embed_image(clip, body), prompts))


def match_figure(matched: CoverMatch) -> Figure:
    """Draw the cover beside one bar per prompt."""
    rows = len(matched.prompts)
    figure = Figure(figsize=(9, max(3.2, 0.42 * rows + 1.4)), layout="constrained")
    cover_axes, bar_axes = figure.subplots(1, 2, width_ratios=[1, 2])
    with Image.open(io.BytesIO(matched.body)) as image:
        cover_axes.imshow(np.asarray(image.convert("RGB")))
    cover_axes.axis("off")
    bars = bar_axes.barh(
        range(rows), [prompt.probability for prompt in matched.prompts], color="#3b6ea8"
    )
    labels = [f"{row.probability:.1%}, cosine {row.cosine:.3f}" for row in matched.prompts]
    bar_axes.bar_label(bars, labels, padding=3, fontsize=8)
    names = [axis_label(row.prompt, 48) for row in matched.prompts]
    bar_axes.set_yticks(range(rows), names, fontsize=8)
    bar_axes.set(xlabel="match probability", xlim=(0, 1), xticks=(0, 0.25, 0.5, 0.75, 1))
    bar_axes.invert_yaxis()
    return figure


def write_figure(matched: CoverMatch, file: Path) -> None:
    """Write :func:`match_figure` as a PNG.

    Raises:
        BadInputError: the folder does not exist, or cannot be written to.
    """
    try:
        match_figure(matched).savefig(file, format="png", dpi=150)
    except OSError as error:
        raise BadInputError(f"figure {str(file)!r} cannot be written: {error.strerror}") from None
