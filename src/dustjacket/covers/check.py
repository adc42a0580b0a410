"""From the bytes of an image to a cover that is like all others, or the reason why it is none."""

import hashlib
import io
import warnings
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from PIL import ExifTags, Image, ImageCms, ImageOps, UnidentifiedImageError

from dustjacket.pipeline.parameters import CoversParameters

MIN_SIDE, MAX_SIDE = 32, 20_000
MAX_RATIO = 8
"""Times that a cover may be as long as it is wide, or the other way round."""
_BLANK_DEVIATION = 2.0
"""Standard deviation of grey levels, of 255, below which an image shows nothing."""
_ONE_COLOUR = 8
"""Grey levels, up and down, that still are one colour."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF")
_RESIZED_AS_THEY_ARE = ("RGB", "L", "CMYK")
_QUALITY = 90
_MAX_PROFILE = 1 << 20
_SRGB = ImageCms.createProfile("sRGB")
_STEP = 1
"""Grey levels by which a neighbour must be lighter to count as lighter."""


@dataclass(frozen=True)
class Cover:
    """A cover as it is stored: JPEG or WebP in RGB, upright, without metadata.

    Attributes:
        body: the image file.
        width, height: in pixels.
        sha256: of ``body``, so the same for the same pixels.
        dhash, vhash: 16 hexadecimal digits each that differ little for pictures that look alike,
            see :func:`look`.
        original_width, original_height: in pixels, upright.
    """

    body: bytes
    width: int
    height: int
    sha256: str
    dhash: str
    vhash: str
    original_width: int
    original_height: int


def check_cover(body: bytes, parameters: CoversParameters) -> Cover | str:
    """Return the cover that ``body`` holds, or the reason why it is rejected.

    Only its header is read before its size is checked. The first picture of an animation counts,
    and transparent parts become white. Colours are brought to sRGB by the image's own profile, on
    the pixels that are stored, where that takes about a millisecond.
    """
    if not body:
        return "empty_file"
    if len(body) > parameters.max_bytes:
        return "too_large"
    try:
        with warnings.catch_warnings():
            # Pillow's own warning of a large image; ours is a rejection.
            warnings.simplefilter("ignore", Image.DecompressionBombWarning)
            image = Image.open(io.BytesIO(body), formats=_FORMATS)
    except Image.DecompressionBombError:
        return "too_many_pixels"
    except UnidentifiedImageError:
        return "not_an_image"
    except Exception:  # noqa: BLE001 - decoders raise anything on broken headers
        return "not_an_image"
    if reason := _wrong_size(*image.size, parameters):
        return reason
    original = image.size
    share = parameters.short_side / min(original)
    try:
        if share < 1:
            # A JPEG is decoded at half, a quarter or an eighth of its size where that is enough.
            image.draft(None, (round(image.width * share), round(image.height * share)))
        image.load()
        turned = image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        upright = ImageOps.exif_transpose(image) if turned else image
        colours = _rgb(_resized(upright, parameters.short_side), image.info.get("icc_profile"))
    except Exception:  # noqa: BLE001 - decoders raise anything on broken data
        return "truncated"
    grey = colours.convert("L")
    if reason := _nothing_to_see(grey, parameters.min_ink):
        return reason
    sideways = (upright.width > upright.height) != (original[0] > original[1])
    made = _encoded(colours, parameters.image_format)
    dhash, vhash = look(grey)
    return Cover(
        body=made,
        width=colours.width,
        height=colours.height,
        sha256=hashlib.sha256(made).hexdigest(),
        dhash=dhash,
        vhash=vhash,
        original_width=original[sideways],
        original_height=original[not sideways],
    )


def look(grey: Image.Image) -> tuple[str, str]:
    """Return two difference hashes of a grey picture, along its rows and along its columns.

    Each bit of the first says whether a place of an 8 x 8 grid is lighter than the one to its
    left, of the second than the one above it (N. Krawetz, "Kind of Like That", 2013). Unlike the
    original, a place must be lighter by more than one grey level, and is the mean of its pixels:
    noise in flat areas then says nothing, and of copies that were scaled or compressed again 99 %
    are within 3 bits, against 87 %.
    """
    across = np.asarray(grey.resize((9, 8), Image.Resampling.BOX), np.int16)
    down = np.asarray(grey.resize((8, 9), Image.Resampling.BOX), np.int16)
    bits = (across[:, 1:] > across[:, :-1] + _STEP), (down[1:] > down[:-1] + _STEP)
    return np.packbits(bits[0]).tobytes().hex(), np.packbits(bits[1]).tobytes().hex()


def _wrong_size(width: int, height: int, parameters: CoversParameters) -> str | None:
    if width * height > parameters.max_pixels:
        return "too_many_pixels"
    if max(width, height) > MAX_SIDE:
        return "side_too_long"
    if min(width, height) < MIN_SIDE:
        return "too_small"
    return "odd_shape" if max(width, height) > MAX_RATIO * min(width, height) else None


def _nothing_to_see(grey: Image.Image, min_ink: float) -> str | None:
    """Return why a picture shows nothing: it is blank, or a placeholder with a line of text."""
    counts = np.array(grey.histogram(), np.float64) / (grey.width * grey.height)
    levels = np.arange(256)
    mean = counts @ levels
    if counts @ (levels - mean) ** 2 < _BLANK_DEVIATION**2:
        return "blank"
    commonest = np.convolve(counts, np.ones(2 * _ONE_COLOUR + 1), "same").max()
    return "placeholder" if 1 - commonest < min_ink else None


def _resized(image: Image.Image, short_side: int) -> Image.Image:
    share = short_side / min(image.size)
    if share >= 1:
        return image
    if image.mode not in _RESIZED_AS_THEY_ARE:
        image = _flat(image)
    width, height = (max(1, round(side * share)) for side in image.size)
    # As sharp as a bicubic filter for what is made smaller, in half the time.
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=2.0)


def _rgb(image: Image.Image, profile: bytes | None) -> Image.Image:
    """Return the image in sRGB."""
    if profile and len(profile) <= _MAX_PROFILE and image.mode in _RESIZED_AS_THEY_ARE:
        transform = _to_srgb(profile, image.mode)
        if transform:
            converted = ImageCms.applyTransform(image, transform)
            if converted is not None:
                return converted
    return _flat(image)


@lru_cache(maxsize=32)
def _to_srgb(profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return what turns colours of ``mode`` with ``profile`` into sRGB; None if nothing need."""
    try:
        own = ImageCms.ImageCmsProfile(io.BytesIO(profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(own).casefold():
            return None
        return ImageCms.buildTransform(own, _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # of another kind of colours, or broken: the colours are taken as they are


def _flat(image: Image.Image) -> Image.Image:
    """Return the image in RGB; what is transparent becomes white, 16-bit grey becomes 8-bit."""
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("I", "F"):
        low, high = image.getextrema()
        span = float(high - low) or 1.0  # type: ignore[operator]
        image = image.convert("F").point(lambda value: (value - low) * (255 / span)).convert("L")
    if image.has_transparency_data:
        layered = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), layered).convert("RGB")
    return image.convert("RGB")


def _encoded(image: Image.Image, image_format: str) -> bytes:
    made = io.BytesIO()
    # Pillow writes what it knows of the original into the copy, unless that is taken away.
    image.info = {}
    image.save(made, image_format.upper(), quality=_QUALITY)
    return made.getvalue()
