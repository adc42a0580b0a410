"""General zero-shot recognition, to detect what CLIP forgot during fine-tuning.

The images show things that covers do not teach. Nothing is downloaded: signs are drawn with the
font that matplotlib ships, shapes with Pillow, and handwritten digits come from scikit-learn
(Alpaydin and Kaynak 1998).
"""

import hashlib
import os
import random
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont
from safetensors import SafetensorError
from safetensors.numpy import load_file, save

from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import paired_outcome
from dustjacket.metrics.shares import mean_of, share_interval
from dustjacket.storage.cache import least_recently_used
from dustjacket.storage.host import new_file, own_file, private_folder

_SIGNS = {
    "a telephone": "☎", "an airplane": "✈", "a snowman": "☃", "scissors": "✂",
    "a skull and crossbones": "☠", "a gear": "⚙", "scales": "⚖", "an envelope": "✉",
    "a pencil": "✏", "a keyboard": "⌨", "a snowflake": "❄", "musical notes": "♫",
    "a chess knight": "♞", "a dice": "⚄", "a pointing hand": "☞", "the recycling symbol": "♻",
    "a wheelchair": "♿", "a lightning bolt": "⚡", "a smiling face": "☺", "hammers": "⚒",
}  # fmt: skip
_COLOURS = {
    "red": "#d62222", "green": "#1d9a3a", "blue": "#2350d8", "yellow": "#f2d21b",
    "black": "#111111", "pink": "#f59ac0",
}  # fmt: skip
_SHAPES = ("circle", "square", "triangle", "cross")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEMPLATES = ("{}", "a picture of {}", "a drawing of {}")
_SIDE = 224
_IMAGES_PER_CLASS = {"signs": 34, "forms": 28, "digits": 67}
"""By kind of image: about 670 of each kind, 2,022 in all."""
_KEPT = 8
"""Image towers whose embeddings stay; of others, the least recently used are deleted."""


@dataclass(frozen=True)
class LabelledImages:
    """Images of one kind.

    Attributes:
        images: (n, 3, side, side) of 8-bit RGB.
        labels: (n,) indices into ``classes``.
        classes: names of the classes.
    """

    images: torch.Tensor
    labels: np.ndarray
    classes: list[str]


@dataclass(frozen=True)
class RecognitionResults:
    """Zero-shot accuracy of a model.

    Attributes:
        accuracy: mean over the kinds of images.
        interval: 95 % interval of the accuracy, from Wilson's of each kind.
        by_kind: accuracy by kind of image.
        chance: accuracy of guessing, mean over the kinds.
        hits: whether each image is recognised, by kind of image.
    """

    accuracy: float
    interval: Interval
    by_kind: dict[str, float]
    chance: float
    hits: dict[str, np.ndarray]

    def facts(self) -> dict[str, Any]:
        """Return the results as JSON values, without ``hits``."""
        return {name: value for name, value in vars(self).items() if name != "hits"}


def embed_drawn(clip: Clip, batch_size: int, cache: Path | None = None) -> dict[str, np.ndarray]:
    """Return the (n, dimensions) embeddings of the images of :func:`draw_images`, by kind.

    Args:
        cache: a private folder of embeddings by image tower, which later evaluations of models
            with the same tower read; None: they are always computed.
    """
    drawn = draw_images(clip.image_size)
    file = private_folder(cache) / f"{_digest(clip, drawn)}.safetensors" if cache else None
    if file and (found := _read(file, drawn)):
        return found
    embedded = {kind: embed_covers(clip, shown.images, batch_size) for kind, shown in drawn.items()}
    if file:
        with new_file(file) as body:
            body.write(save(embedded))
        for unused in least_recently_used(file.parent, _KEPT):
            unused.unlink(missing_ok=True)
    return embedded


def _digest(clip: Clip, drawn: Mapping[str, LabelledImages]) -> str:
    """Return what decides on the embeddings: the image tower, its precision, and the images."""
    digest = hashlib.sha256(torch.__version__.encode())
    visual: torch.nn.Module = clip.model.visual  # type: ignore[assignment]
    for name, weight in sorted(visual.state_dict().items()):
        digest.update(f"{name} {weight.dtype} {tuple(weight.shape)}".encode())
        digest.update(weight.cpu().contiguous().flatten().view(torch.uint8).numpy().tobytes())
    for shown in drawn.values():
        digest.update(shown.images.numpy().tobytes())
    return digest.hexdigest()[:32]


def _read(file: Path, drawn: Mapping[str, LabelledImages]) -> dict[str, np.ndarray] | None:
    try:
        found = load_file(own_file(file))
    except (FileNotFoundError, SafetensorError):  # not embedded yet, or damaged
        return None
    os.utime(file)
    counts = {kind: len(images) for kind, images in found.items()}
    return found if counts == {kind: len(shown.labels) for kind, shown in drawn.items()} else None


def measure_recognition(
    clip: Clip, batch_size: int, images: Mapping[str, np.ndarray] | None = None
) -> RecognitionResults:
    """Classify the images of :func:`draw_images` by the names of their classes.

    Args:
        images: of :func:`embed_drawn`, by a model with the same image tower; None: they are
            embedded.
    """
    images = images or embed_drawn(clip, batch_size)
    hits: dict[str, np.ndarray] = {}
    chances = []
    for kind, shown in draw_images(clip.image_size).items():
        texts = [template.format(name) for name in shown.classes for template in _TEMPLATES]
        prompts = embed_texts(clip, texts, batch_size)
        class_vectors = prompts.reshape(len(shown.classes), len(_TEMPLATES), -1).mean(axis=1)
        scores = images[kind] @ class_vectors.T
        hits[kind] = scores.argmax(axis=1) == shown.labels
        chances.append(1 / len(shown.classes))
    by_kind = {kind: float(h.mean()) for kind, h in hits.items()}
    # Each kind has the same weight, however many images it has.
    return RecognitionResults(
        accuracy=float(np.mean(list(by_kind.values()))),
        interval=mean_of(list(by_kind.values()), [share_interval(h) for h in hits.values()]),
        by_kind=by_kind,
        chance=float(np.mean(chances)),
        hits=hits,
    )


def compare_recognition(ours: RecognitionResults, theirs: RecognitionResults) -> Interval:
    """Return the 95 % interval of our accuracy minus theirs, on the same images."""
    by_kind = [paired_outcome(ours.hits[kind], theirs.hits[kind]) for kind in ours.hits]
    return mean_of([found.gain for found in by_kind], [found.interval() for found in by_kind])


@cache
def draw_images(side: int, seed: int = 13) -> dict[str, LabelledImages]:
    """Return the images by kind, always the same, as squares of ``side`` pixels."""
    rng = random.Random(seed)  # noqa: S311  # images, no secrets
    shapes = [f"a {colour} {shape}" for colour in _COLOURS for shape in _SHAPES]
    makers: dict[str, tuple[list[str], Callable[[], Iterator[tuple[int, Image.Image]]]]] = {
        "signs": (list(_SIGNS), lambda: _signs(rng)),
        "forms": (shapes, lambda: _shapes(rng)),
        "digits": ([f"a handwritten {digit}" for digit in _DIGITS], lambda: _digits(rng)),
    }
    result = {}
    for kind, (classes, make) in makers.items():
        labels, images = zip(*make(), strict=True)
        pixels = [np.array(image.resize((side, side))) for image in images]
        tensor = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
        result[kind] = LabelledImages(tensor, np.array(labels), classes)
    return result


def _signs(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    file = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    for label, sign in enumerate(_SIGNS.values()):
        for _ in range(_IMAGES_PER_CLASS["signs"]):
            image = _canvas(rng)
            font = ImageFont.truetype(file, rng.randint(110, 170))
            centre = (_SIDE / 2 + rng.randint(-14, 14), _SIDE / 2 + rng.randint(-14, 14))
            ImageDraw.Draw(image).text(centre, sign, fill=_ink(rng), font=font, anchor="mm")
            yield label, image


def _shapes(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    for row, colour in enumerate(_COLOURS.values()):
        for column, shape in enumerate(_SHAPES):
            for _ in range(_IMAGES_PER_CLASS["forms"]):
                image = _canvas(rng)
                _draw_shape(ImageDraw.Draw(image), shape, colour, rng)
                yield row * len(_SHAPES) + column, image


def _draw_shape(draw: Any, shape: str, colour: str, rng: random.Random) -> None:
    half = rng.randint(45, 80)
    x, y = (_SIDE // 2 + rng.randint(-20, 20) for _ in range(2))
    box = (x - half, y - half, x + half, y + half)
    if shape == "circle":
        draw.ellipse(box, fill=colour)
    elif shape == "square":
        draw.rectangle(box, fill=colour)
    elif shape == "triangle":
        draw.polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], fill=colour)
    else:
        arm = half // 3
        draw.rectangle((x - arm, y - half, x + arm, y + half), fill=colour)
        draw.rectangle((x - half, y - arm, x + half, y + arm), fill=colour)


def _digits(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    from sklearn.datasets import load_digits

    digits: Any = load_digits()
    for label in range(len(_DIGITS)):
        rows = np.flatnonzero(digits.target == label)
        for row in rng.sample(rows.tolist(), _IMAGES_PER_CLASS["digits"]):
            grey = Image.fromarray((255 - digits.images[row] / 16 * 255).astype(np.uint8))
            image = Image.new("L", (_SIDE, _SIDE), 255)
            half = _SIDE // 2
            image.paste(grey.resize((half, half), Image.Resampling.BICUBIC), (half // 2,) * 2)
            yield label, image.convert("RGB")


def _canvas(rng: random.Random) -> Image.Image:
    """Return an image of one light colour."""
    return Image.new("RGB", (_SIDE, _SIDE), tuple(rng.randint(225, 255) for _ in range(3)))


def _ink(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.randint(0, 90) for _ in range(3))
