"""Why one picture is refused, in a sentence for the person who gave it."""

import io
import warnings

from PIL import Image

from dustjacket.covers.check import MAX_ASPECT_RATIO, MAX_SIDE, MAX_WHOLE_PIXELS, MIN_SIDE
from dustjacket.covers.step import CoversParameters

_OF_SIZE = ("too_many_pixels", "side_too_long", "too_small", "odd_shape")


def why_refused(reason: str, body: bytes, parameters: CoversParameters) -> str:
    """Return what is wrong with an image that ``check_cover`` rejects, and what to give.

    Args:
        reason: of :func:`dustjacket.covers.check.check_cover`.
        parameters: with which it was checked.
    """
    limits = (
        f"at most {MAX_WHOLE_PIXELS / 1e6:.0f} megapixels are read (JPEG: "
        f"{parameters.max_pixels / 1e6:.0f}), and at most {MAX_SIDE:,} pixels on a side"
    )
    size = _size(body) if reason in _OF_SIZE else ""
    sentences = {
        "empty_file": "the file is empty",
        "too_large": f"it has more than {parameters.max_bytes / 1e6:.0f} MB",
        "not_an_image": "it is no picture that can be read: give a JPEG, PNG, WebP, AVIF, HEIC, "
        "GIF, BMP or TIFF",
        "too_many_pixels": f"{size}: {limits}",
        "side_too_long": f"{size}: {limits}",
        "too_small": f"{size}: at least {MIN_SIDE} are needed on each side",
        "odd_shape": f"{size}: one side may be {MAX_ASPECT_RATIO} times the other at most",
        "odd_layout": "to read it would take far more memory than its pixels need: save it anew "
        "as JPEG or PNG",
        "truncated": "it is damaged or cut off: give the whole file",
        "blank": "it is one colour only: give a picture of a cover",
        "placeholder": "it is one colour with hardly anything on it: give a picture of a cover",
    }
    return sentences[reason]


def _size(body: bytes) -> str:
    """Return the size of an image, of which nothing but its header is read."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            width, height = Image.open(io.BytesIO(body)).size
    except Exception:  # noqa: BLE001 - decoders raise anything on broken headers
        return "it has too many pixels"
    return f"it is {width:,} x {height:,} pixels"
