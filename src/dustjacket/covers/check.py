"""Validate the bytes of an image and normalise it to a cover, or give the reason to reject it.

With the default parameters, an image takes at most 400 MiB, whatever its bytes: 8 bytes a pixel for
a progressive JPEG, about 20 for a lossless WebP, at most 8 for others before they are reduced. An
AVIF or HEIC image, whose container may declare another size than its data, takes at most 600 MiB;
one of them is decoded at a time.
"""

import hashlib
import io
import re
import threading
import warnings
from contextlib import nullcontext
from dataclasses import dataclass
from functools import cache, lru_cache
from math import prod

import numpy as np
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageFile,
    ImageOps,
    TiffImagePlugin,
    UnidentifiedImageError,
)

from dustjacket.covers.hashes import perceptual_hashes
from dustjacket.covers.step import CoversParameters

MIN_SIDE, MAX_SIDE = 32, 20_000
"""Pixels."""
MAX_ASPECT_RATIO = 8
"""Of the longer side to the shorter one."""
_BLANK_DEVIATION = 2.0
"""Standard deviation of grey levels (0 to 255) below which an image is blank."""
_SAME_COLOUR_LEVELS = 8
"""Grey levels, up and down, that count as the same colour."""
MAX_WHOLE_PIXELS = 12_000_000
"""Of an image in another format than JPEG: only JPEG is decoded at a reduced size."""
_FORMATS = ("JPEG", "PNG", "WEBP", "GIF", "BMP", "TIFF", "AVIF")
_HEIC, _CONTAINED = "HEIF", ("AVIF", "HEIF")
_HEIC_HEAD = re.compile(rb"....ftyp(?:he[iv][cxms]|mif1|msf1)", re.DOTALL)
_REDUCIBLE = ("JPEG", "MPO")
_MAX_SCANS = 200
"""Of a progressive JPEG. Each takes time for every pixel; encoders write about ten."""
_START_OF_SCAN = b"\xff\xda"
_MAX_TILED = 8
"""How often the tiles of an image may cover it: once for each band, by some formats."""
_JPEG, _EXIF_SEGMENT, _BIG_TIFF = b"\xff\xd8\xff", b"Exif\0\0", 43
_MAX_EXIF_SEGMENTS = 16
"""Of 64 KiB each; a photograph has one."""
_BYTES = (1, 2, 6, 7)  # of TIFF's types of values, those that are kept as bytes
_TILE_TAGS = (TiffImagePlugin.TILEWIDTH, TiffImagePlugin.TILELENGTH)
_LARGE_PIXELS = 2_000_000
_one_large = threading.Lock()
"""Held while an image of more than ``_LARGE_PIXELS`` is decoded: memory is for one at a time."""
_DIRECT_MODES = ("RGB", "L", "CMYK")
"""Modes that are colour-converted without conversion to RGB first."""
_RESIZABLE_MODES = (*_DIRECT_MODES, "RGBA", "LA")
"""Modes that are resized before any conversion, which is then of few pixels."""
_QUALITY = 90
_MAX_METADATA_BYTES = 1 << 20
"""Of an ICC profile, or EXIF tags; larger ones are ignored."""
_SRGB = ImageCms.createProfile("sRGB")


@dataclass(frozen=True)
class Cover:
    """A cover as it is stored: JPEG or WebP in RGB, upright, without metadata.

    Attributes:
        body: the image file.
        width, height: in pixels.
        sha256: of ``body``, so equal for equal pixels.
        dhash, vhash: see :func:`dustjacket.covers.hashes.perceptual_hashes`.
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
    """Return the normalised cover in ``body``, or the reason why it is rejected.

    The size is checked from the header, before anything is decoded. Of large images, a process
    decodes one at a time. Of an animation the first frame is used. Transparent parts become white.
    Colours are converted to sRGB by the embedded ICC profile, after the image is resized, which
    takes about a millisecond.
    """
    if not body:
        return "empty_file"
    if len(body) > parameters.max_bytes:
        return "too_large"
    try:
        with warnings.catch_warnings():
            # Pillow only warns about a large image and odd tags; here they are checked.
            warnings.simplefilter("ignore")
            if _has_large_tags(body):
                return "odd_layout"
            image = Image.open(io.BytesIO(body), formats=_formats(body))
            reason = _size_reason(image, parameters) or _layout_reason(image, body)
    except Image.DecompressionBombError:
        return "too_many_pixels"
    except UnidentifiedImageError:
        return "not_an_image"
    except Exception:  # noqa: BLE001 - decoders raise anything on broken headers
        return "not_an_image"
    if reason:
        return reason
    is_large = image.width * image.height > _LARGE_PIXELS or image.format in _CONTAINED
    with _one_large if is_large else nullcontext():
        cover = _normalise(image, parameters)
        del image  # its pixels, before another thread decodes the next
    return cover


def _formats(body: bytes) -> tuple[str, ...]:
    """Return the formats to try; the decoder of HEIC is loaded when it is needed."""
    return (_HEIC,) if _HEIC_HEAD.match(body) and _reads_heic() else _FORMATS


@cache
def _reads_heic() -> bool:
    try:
        from pi_heif import register_heif_opener
    except ImportError:
        return False
    register_heif_opener(thumbnails=False, decode_threads=1)
    return True


def _normalise(image: Image.Image, parameters: CoversParameters) -> Cover | str:
    original_size = image.size
    scale = parameters.short_side / min(original_size)
    try:
        if scale < 1:
            # libjpeg decodes a JPEG at 1/2, 1/4 or 1/8 of its size where that is large enough.
            image.draft(None, (round(image.width * scale), round(image.height * scale)))
        image.load()
        has_exif = len(image.info.get("exif") or b"") <= _MAX_METADATA_BYTES
        rotated = has_exif and image.getexif().get(ExifTags.Base.Orientation, 1) != 1
        upright = ImageOps.exif_transpose(image) if rotated else image
        rgb = _to_rgb(_resize(upright, parameters.short_side), image.info.get("icc_profile"))
    except Exception:  # noqa: BLE001 - decoders raise anything on broken data
        return "truncated"
    grey = rgb.convert("L")
    if reason := _content_reason(grey, parameters.min_ink):
        return reason
    sides_swapped = (upright.width > upright.height) != (original_size[0] > original_size[1])
    encoded = _encode(rgb, parameters.image_format)
    dhash, vhash = perceptual_hashes(grey)
    return Cover(
        body=encoded,
        width=rgb.width,
        height=rgb.height,
        sha256=hashlib.sha256(encoded).hexdigest(),
        dhash=dhash,
        vhash=vhash,
        original_width=original_size[sides_swapped],
        original_height=original_size[not sides_swapped],
    )


def _size_reason(image: Image.Image, parameters: CoversParameters) -> str | None:
    width, height = image.size
    if width * height > parameters.max_pixels:
        return "too_many_pixels"
    if width * height > MAX_WHOLE_PIXELS and image.format not in _REDUCIBLE:
        return "too_many_pixels"
    if max(width, height) > MAX_SIDE:
        return "side_too_long"
    if min(width, height) < MIN_SIDE:
        return "too_small"
    return "odd_shape" if max(width, height) > MAX_ASPECT_RATIO * min(width, height) else None


def _has_large_tags(body: bytes) -> bool:
    """Return whether Pillow would read more tags than a photograph has, before its size is known.

    A number in a tag becomes a Python object of about 100 bytes.
    """
    if body.startswith(_JPEG):
        return body.count(_EXIF_SEGMENT) > _MAX_EXIF_SEGMENTS
    if body[:4] not in TiffImagePlugin.PREFIXES:
        return False
    file, header_size = io.BytesIO(body), 16 if body[2] == _BIG_TIFF else 8
    directory = TiffImagePlugin.ImageFileDirectory_v2(file.read(header_size))
    file.seek(directory.next)
    directory.load(file)
    sizes = {tag: len(data) for tag, data in directory._tagdata.items()}
    numbers = (size for tag, size in sizes.items() if directory.tagtype[tag] not in _BYTES)
    return sum(numbers) > _MAX_METADATA_BYTES


def _layout_reason(image: ImageFile.ImageFile, body: bytes) -> str | None:
    """Return why decoding would take far more memory or time than the pixels need, or None."""
    if image.format in _REDUCIBLE:
        return "odd_layout" if body.count(_START_OF_SCAN) > _MAX_SCANS else None
    if isinstance(image, TiffImagePlugin.TiffImageFile):
        tile = [image.tag_v2.get(tag, 1) for tag in _TILE_TAGS]
        if not all(isinstance(side, int) for side in tile) or prod(tile) > MAX_WHOLE_PIXELS:
            return "odd_layout"
    boxes = (tile[1] for tile in image.tile if tile[1])
    covered = sum((right - left) * (lower - upper) for left, upper, right, lower in boxes)
    return "odd_layout" if covered > _MAX_TILED * image.width * image.height else None


def _content_reason(grey: Image.Image, min_ink: float) -> str | None:
    """Return ``blank``, ``placeholder`` (one colour and little else), or None."""
    shares = np.array(grey.histogram(), np.float64) / (grey.width * grey.height)
    levels = np.arange(256)
    mean = shares @ levels
    if shares @ (levels - mean) ** 2 < _BLANK_DEVIATION**2:
        return "blank"
    background = np.convolve(shares, np.ones(2 * _SAME_COLOUR_LEVELS + 1), "same").max()
    return "placeholder" if 1 - background < min_ink else None


def _resize(image: Image.Image, short_side: int) -> Image.Image:
    """Return the image with its shorter side at most ``short_side`` pixels; never enlarged."""
    scale = short_side / min(image.size)
    if scale >= 1:
        return image
    if image.mode not in _RESIZABLE_MODES:
        image = _flatten(image)
    width, height = (max(1, round(side * scale)) for side in image.size)
    # For reduction, Hamming is as sharp as bicubic in half the time.
    return image.resize((width, height), Image.Resampling.HAMMING, reducing_gap=2.0)


def _to_rgb(image: Image.Image, icc_profile: bytes | None) -> Image.Image:
    """Return the image in sRGB."""
    if icc_profile and len(icc_profile) <= _MAX_METADATA_BYTES and image.mode in _DIRECT_MODES:
        transform = _srgb_transform(icc_profile, image.mode)
        if transform:
            converted = ImageCms.applyTransform(image, transform)
            if converted is not None:
                return converted
    return _flatten(image)


@lru_cache(maxsize=32)
def _srgb_transform(icc_profile: bytes, mode: str) -> ImageCms.ImageCmsTransform | None:
    """Return the transform to sRGB; None if the profile is sRGB itself, or unusable."""
    try:
        profile = ImageCms.ImageCmsProfile(io.BytesIO(icc_profile))
        if mode == "RGB" and "srgb" in ImageCms.getProfileDescription(profile).casefold():
            return None
        return ImageCms.buildTransform(profile, _SRGB, mode, "RGB")
    except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
        return None  # broken, or of another colour space: the colours are used as they are


def _flatten(image: Image.Image) -> Image.Image:
    """Return the image in RGB: transparent parts become white, 16-bit grey becomes 8-bit."""
    if image.mode.startswith("I;16"):
        image = image.convert("I").point(lambda value: value * (1 / 256)).convert("L")
    elif image.mode in ("I", "F"):
        low, high = image.getextrema()
        span = float(high - low) or 1.0  # type: ignore[operator]
        image = image.convert("F").point(lambda value: (value - low) * (255 / span)).convert("L")
    if image.has_transparency_data:
        rgba = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", image.size, "white"), rgba).convert("RGB")
    # A resized image is new already; one that was read has its file's settings, which are not kept.
    return image if type(image) is Image.Image and image.mode == "RGB" else image.convert("RGB")


def _encode(image: Image.Image, image_format: str) -> bytes:
    encoded = io.BytesIO()
    # Pillow copies the original's metadata into the file unless it is removed.
    image.info = {}
    image.save(encoded, image_format.upper(), quality=_QUALITY)
    return encoded.getvalue()
