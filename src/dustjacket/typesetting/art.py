"""Read art safely, and find its colours and where it is calm."""

import colorsys
import io
import warnings
from dataclasses import dataclass
from typing import Final

import numpy as np
from PIL import Image, ImageCms, ImageFilter, ImageOps, UnidentifiedImageError

from dustjacket.errors import BadInputError

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF")
MAX_BYTES = 60 << 20
MAX_PIXELS: Final = 50_000_000
"""An 8 by 10 inch wrap at 300 dpi has 13 million."""
MIN_SIDE, MAX_ASPECT_RATIO = 32, 8
PREVIEW_WIDTH = 160
"""Of the image that colours and contrast are measured on."""
_PALETTE_SIZE = 8
_MAX_ICC_BYTES = 1 << 20
_RARE = 0.02
"""Share of the pixels below which a colour does not count as one of the art's."""
CUT_ABOVE = 0.3
"""Share of the rows cut off that are above: more is kept of the upper part, where heads are."""
_GREY_SATURATION = 0.12

Rgb = tuple[int, int, int]


@dataclass(frozen=True)
class ArtColours:
    """Colours made from those of the art.

    Attributes:
        deep: dark enough for white text; vivid: saturated, of middle lightness; paper: near white.
        ink: near black; light: near white, warmer or cooler as the art is.
    """

    deep: Rgb
    vivid: Rgb
    paper: Rgb
    ink: Rgb
    light: Rgb


def read_art(body: bytes) -> Image.Image:
    """Return art as an upright image in sRGB; transparent parts become white.

    Raises:
        BadInputError: no PNG, JPEG, WebP or TIFF; truncated; smaller or larger than the limits.
    """
    if not body:
        raise BadInputError("the art is an empty file: give a PNG, JPEG, WebP or TIFF image")
    if len(body) > MAX_BYTES:
        raise BadInputError(
            f"the art has {len(body) >> 20} MiB: give a file of at most {MAX_BYTES >> 20} MiB"
        )
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # the size is checked here
            image: Image.Image = Image.open(io.BytesIO(body), formats=FORMATS)
            check_size(image.size)
            return _normalise(image)
    except Image.DecompressionBombError as error:
        raise BadInputError(
            f"the art has too many pixels: give at most {MAX_PIXELS // 10**6} million"
        ) from error
    except UnidentifiedImageError as error:
        raise BadInputError(
            "the art is not an image that can be read: give a PNG, JPEG, WebP or TIFF image"
        ) from error
    except BadInputError:
        raise
    except Exception as error:  # decoders raise anything on broken data
        raise BadInputError(
            f"the art is broken ({type(error).__name__}): save the image again"
        ) from error


def check_size(size: tuple[int, int]) -> None:
    """Refuse an image by its width and height, before it is decoded.

    Raises:
        BadInputError: it is too small, too large or too narrow.
    """
    width, height = size
    shown = f"the art has {width} x {height} pixels"
    if width * height > MAX_PIXELS:
        raise BadInputError(f"{shown}: give at most {MAX_PIXELS // 10**6} million")
    if min(size) < MIN_SIDE:
        raise BadInputError(f"{shown}: give at least {MIN_SIDE} x {MIN_SIDE}")
    if max(size) > MAX_ASPECT_RATIO * min(size):
        raise BadInputError(
            f"{shown}: give a longer side of at most {MAX_ASPECT_RATIO} times the shorter"
        )


def _normalise(image: Image.Image) -> Image.Image:
    image.load()
    profile = image.info.get("icc_profile")
    upright = ImageOps.exif_transpose(image)
    if profile and len(profile) <= _MAX_ICC_BYTES and upright.mode in ("RGB", "L", "CMYK"):
        try:
            source = ImageCms.ImageCmsProfile(io.BytesIO(profile))
            converted = ImageCms.profileToProfile(
                upright, source, ImageCms.createProfile("sRGB"), outputMode="RGB"
            )
        except (ImageCms.PyCMSError, OSError, TypeError, ValueError):
            converted = None  # a broken profile: the colours are used as they are
        if converted is not None:
            upright = converted
    if upright.has_transparency_data:
        rgba = upright.convert("RGBA")
        white = Image.new("RGBA", rgba.size, "white")
        upright = Image.alpha_composite(white, rgba)
    rgb = upright.convert("RGB")
    rgb.info = {}
    return rgb


def cropped(art: Image.Image, width: float, height: float, above: float = CUT_ABOVE) -> Image.Image:
    """Return the art cut to the shape of ``width`` by ``height``, at its own size.

    Args:
        above: share of the rows cut off that are above what is kept.
    """
    scale = min(art.width / width, art.height / height)
    kept = (max(1, round(width * scale)), max(1, round(height * scale)))
    left, top = (art.width - kept[0]) // 2, round(above * (art.height - kept[1]))
    return art.crop((left, top, left + kept[0], top + kept[1]))


def colours_of(art: Image.Image) -> ArtColours:
    """Return colours for type and fields, of the art's most frequent and most vivid ones."""
    small = art.resize((64, 96), Image.Resampling.BOX)
    quantised = small.quantize(_PALETTE_SIZE, Image.Quantize.MEDIANCUT)
    palette = (
        np.asarray((quantised.getpalette() or [])[: 3 * _PALETTE_SIZE], float).reshape(-1, 3) / 255
    )
    counts = np.bincount(np.asarray(quantised).ravel(), minlength=_PALETTE_SIZE)
    shares = counts / counts.sum()
    hls = [colorsys.rgb_to_hls(*colour) for colour in palette]
    frequent = [at for at in range(len(palette)) if shares[at] >= _RARE]

    def vividness(at: int) -> float:
        _, lightness, saturation = hls[at]
        return float(saturation * (1 - abs(2 * lightness - 1)) * shares[at] ** 0.25)

    hue, lightness, saturation = hls[max(frequent, key=vividness)]
    main_hue, _, main_saturation = hls[max(frequent, key=lambda at: float(shares[at]))]
    if main_saturation < _GREY_SATURATION:
        main_hue = hue
    is_grey = saturation < _GREY_SATURATION
    return ArtColours(
        deep=_rgb(main_hue, 0.13, 0.0 if is_grey else min(0.5, max(main_saturation, 0.25))),
        vivid=_rgb(hue, min(0.6, max(0.36, lightness)), min(0.75, saturation)),
        paper=_rgb(hue if not is_grey else 0.11, 0.95, 0.3),
        ink=_rgb(main_hue, 0.075, 0.0 if is_grey else 0.3),
        light=_rgb(0.12, 0.97, 0.4),
    )


def _rgb(hue: float, lightness: float, saturation: float) -> Rgb:
    red, green, blue = colorsys.hls_to_rgb(hue, lightness, saturation)
    return round(red * 255), round(green * 255), round(blue * 255)


def detail_map(preview: np.ndarray) -> np.ndarray:
    """Return how busy the art is at each pixel of a (height, width, 3) image: 0 calm, 1 busiest."""
    grey = preview.astype(np.float32) @ np.array([0.299, 0.587, 0.114], np.float32)
    down, across = np.gradient(grey)
    edges = Image.fromarray(np.hypot(down, across).astype(np.float32))
    reduced = edges.resize(
        (max(1, edges.width // 8), max(1, edges.height // 8)), Image.Resampling.BOX
    )
    smooth = np.asarray(reduced.resize(edges.size, Image.Resampling.BILINEAR))
    return np.clip(smooth / max(4.0, float(np.quantile(smooth, 0.95))), 0, 1)


def saliency_map(preview: np.ndarray) -> np.ndarray:
    """Return how much of what matters is at each pixel of art (height, width, 3); the sum is 1.

    Equal parts are detail, distance from the mean colour (Achanta et al., Frequency-tuned Salient
    Region Detection, 2009), and a prior: faces and main objects stand above the middle.
    """
    height, width = preview.shape[:2]
    smooth = np.asarray(
        Image.fromarray(preview).filter(ImageFilter.GaussianBlur(width / 60)), np.float32
    )
    distance = np.linalg.norm(smooth - preview.reshape(-1, 3).mean(axis=0), axis=2)
    rows, columns = np.mgrid[0:height, 0:width]
    across, down = columns / width - 0.5, rows / height - 0.4
    prior = np.exp(-(across**2 / 0.1 + down**2 / 0.08))
    parts = (detail_map(preview), distance**2, prior)
    return np.asarray(sum(part / max(1e-6, float(part.sum())) for part in parts) / len(parts))
