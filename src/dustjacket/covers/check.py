"""From the bytes of an image to a cover that is like all others, or the reason why it is none."""

import hashlib
import io
import warnings
from dataclasses import dataclass

import imagehash
from PIL import Image, ImageOps, ImageStat, UnidentifiedImageError

from dustjacket.parameters import CoversParameters

MAX_BYTES = 30 << 20
MIN_SIDE = 32
_BLANK_DEVIATION = 2.0
"""Standard deviation of grey levels, of 255, below which an image shows nothing."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_QUALITY = 90


@dataclass(frozen=True)
class Cover:
    """A cover as it is stored: JPEG in RGB, upright.

    Attributes:
        body: the JPEG file.
        width, height: in pixels.
        sha256: of ``body``.
        dhash: 16 hexadecimal digits that differ little for pictures that look alike.
    """

    body: bytes
    width: int
    height: int
    sha256: str
    dhash: str


def check_cover(body: bytes, parameters: CoversParameters) -> Cover | str:
    """Return the cover that ``body`` holds, or the reason why it is rejected."""
    if len(body) > MAX_BYTES:
        return "file_too_large"
    try:
        with warnings.catch_warnings():
            # Pillow's own warning of a large image; ours is a rejection.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(body), formats=_FORMATS)
    except (UnidentifiedImageError, Image.DecompressionBombError, OSError, ValueError):
        return "not_an_image"
    if image.width * image.height > parameters.max_pixels:
        return "too_many_pixels"
    if min(image.size) < MIN_SIDE:
        return "too_small"
    try:
        image.load()
        upright = ImageOps.exif_transpose(image)
    except (OSError, SyntaxError, ValueError, EOFError):
        return "truncated"
    colours = _rgb(upright)
    if ImageStat.Stat(colours.convert("L")).stddev[0] < _BLANK_DEVIATION:
        return "blank"
    share = parameters.short_side / min(colours.size)
    if share < 1:
        size = tuple(max(1, round(side * share)) for side in colours.size)
        colours = colours.resize((size[0], size[1]), Image.Resampling.LANCZOS)
    made = io.BytesIO()
    colours.save(made, "JPEG", quality=_QUALITY)
    return Cover(
        body=made.getvalue(),
        width=colours.width,
        height=colours.height,
        sha256=hashlib.sha256(made.getvalue()).hexdigest(),
        dhash=str(imagehash.dhash(colours)),
    )


def _rgb(image: Image.Image) -> Image.Image:
    """Return the image in RGB; what is transparent becomes white, 16-bit grey becomes 8-bit."""
    if image.mode.startswith("I;16") or image.mode in ("I", "F"):
        low, high = image.getextrema()
        span = float(high - low) or 1.0  # type: ignore[operator]
        image = image.convert("F").point(lambda value: (value - low) * (255 / span)).convert("L")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), layered).convert("RGB")
    return image.convert("RGB")
