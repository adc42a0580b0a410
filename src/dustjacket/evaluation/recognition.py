"""General zero-shot recognition, of what no cover teaches: whether fine-tuning made CLIP forget.

Nothing is fetched. Signs are drawn with the type that matplotlib carries, forms with Pillow, and
handwritten digits are those of scikit-learn (Alpaydin and Kaynak 1998).
"""

import random
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import matplotlib
import numpy as np
import torch
from PIL import Image, ImageDraw, ImageFont

from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.retrieval_intervals import mean_interval

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
_FORMS = ("circle", "square", "triangle", "cross")
_DIGITS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_TEMPLATES = ("{}", "a picture of {}", "a drawing of {}")
_SIDE = 224
_EACH = {"signs": 10, "forms": 8, "digits": 20}
"""Pictures of each class."""


@dataclass(frozen=True)
class Scenes:
    """Pictures of one kind.

    Attributes:
        images: (n, 3, side, side) of 8-bit RGB.
        labels: (n,) places in ``classes``.
        classes: what is shown, in words.
    """

    images: torch.Tensor
    labels: np.ndarray
    classes: list[str]


@dataclass(frozen=True)
class Recognition:
    """How much a model recognises.

    Attributes:
        accuracy: the mean over kinds of pictures.
        interval: 95 % of it, by resampling pictures.
        by_kind: of each.
        chance: the mean of one in so many classes.
        hits: (n,) of each picture, weighed so that their mean is the accuracy.
    """

    accuracy: float
    interval: Interval
    by_kind: dict[str, float]
    chance: float
    hits: np.ndarray

    def facts(self) -> dict[str, Any]:
        """Return the figures, without the pictures."""
        return {name: value for name, value in vars(self).items() if name != "hits"}


def recognise(clip: Clip, batch: int, *, resamples: int, seed: int) -> Recognition:
    """Return how many pictures of :func:`scenes` are nearest to the words for what they show."""
    right: dict[str, np.ndarray] = {}
    of_chance = []
    for kind, shown in scenes(clip.image_size).items():
        texts = [template.format(name) for name in shown.classes for template in _TEMPLATES]
        named = embed_texts(clip, texts, batch).reshape(len(shown.classes), len(_TEMPLATES), -1)
        found = embed_covers(clip, shown.images, batch) @ named.mean(axis=1).T
        right[kind] = found.argmax(axis=1) == shown.labels
        of_chance.append(1 / len(shown.classes))
    # Each kind weighs the same, whatever the number of its pictures.
    total = sum(map(len, right.values()))
    weighed = np.concatenate([each * (total / len(right) / len(each)) for each in right.values()])
    return Recognition(
        accuracy=float(np.mean([each.mean() for each in right.values()])),
        interval=mean_interval(weighed, resamples=resamples, seed=seed),
        by_kind={kind: float(each.mean()) for kind, each in right.items()},
        chance=float(np.mean(of_chance)),
        hits=weighed,
    )


@cache
def scenes(side: int, seed: int = 13) -> dict[str, Scenes]:
    """Return the pictures by kind, always the same, as squares of ``side`` pixels."""
    rng = random.Random(seed)  # noqa: S311  # pictures, no secrets
    makers: dict[str, tuple[list[str], Callable[[], Iterator[tuple[int, Image.Image]]]]] = {
        "signs": (list(_SIGNS), lambda: _signs(rng)),
        "forms": ([f"a {c} {form}" for c in _COLOURS for form in _FORMS], lambda: _forms(rng)),
        "digits": ([f"a handwritten {digit}" for digit in _DIGITS], lambda: _digits(rng)),
    }
    found = {}
    for kind, (classes, make) in makers.items():
        labels, pictures = zip(*make(), strict=True)
        pixels = [np.array(picture.resize((side, side))) for picture in pictures]
        images = torch.from_numpy(np.stack(pixels)).permute(0, 3, 1, 2).contiguous()
        found[kind] = Scenes(images, np.array(labels), classes)
    return found


def _signs(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    file = Path(matplotlib.get_data_path()) / "fonts/ttf/DejaVuSans.ttf"
    for label, sign in enumerate(_SIGNS.values()):
        for _ in range(_EACH["signs"]):
            picture = _canvas(rng)
            font = ImageFont.truetype(file, rng.randint(110, 170))
            centre = (_SIDE / 2 + rng.randint(-14, 14), _SIDE / 2 + rng.randint(-14, 14))
            ImageDraw.Draw(picture).text(centre, sign, fill=_ink(rng), font=font, anchor="mm")
            yield label, picture


def _forms(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    for at, colour in enumerate(_COLOURS.values()):
        for place, form in enumerate(_FORMS):
            for _ in range(_EACH["forms"]):
                picture = _canvas(rng)
                _draw_form(ImageDraw.Draw(picture), form, colour, rng)
                yield at * len(_FORMS) + place, picture


def _draw_form(draw: Any, form: str, colour: str, rng: random.Random) -> None:
    half = rng.randint(45, 80)
    x, y = (_SIDE // 2 + rng.randint(-20, 20) for _ in range(2))
    box = (x - half, y - half, x + half, y + half)
    if form == "circle":
        draw.ellipse(box, fill=colour)
    elif form == "square":
        draw.rectangle(box, fill=colour)
    elif form == "triangle":
        draw.polygon([(x, y - half), (x + half, y + half), (x - half, y + half)], fill=colour)
    else:
        arm = half // 3
        draw.rectangle((x - arm, y - half, x + arm, y + half), fill=colour)
        draw.rectangle((x - half, y - arm, x + half, y + arm), fill=colour)


def _digits(rng: random.Random) -> Iterator[tuple[int, Image.Image]]:
    from sklearn.datasets import load_digits

    found: Any = load_digits()
    for label in range(len(_DIGITS)):
        rows = np.flatnonzero(found.target == label)
        for row in rng.sample(rows.tolist(), _EACH["digits"]):
            grey = Image.fromarray((255 - found.images[row] / 16 * 255).astype(np.uint8))
            picture = Image.new("L", (_SIDE, _SIDE), 255)
            half = _SIDE // 2
            picture.paste(grey.resize((half, half), Image.Resampling.BICUBIC), (half // 2,) * 2)
            yield label, picture.convert("RGB")


def _canvas(rng: random.Random) -> Image.Image:
    """Return a light picture of nothing."""
    return Image.new("RGB", (_SIDE, _SIDE), tuple(rng.randint(225, 255) for _ in range(3)))


def _ink(rng: random.Random) -> tuple[int, ...]:
    return tuple(rng.randint(0, 90) for _ in range(3))
