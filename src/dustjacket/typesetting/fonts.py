"""Fonts: those of installed packages (all SIL OFL), a team's folder, and the system's.

Typst lists the fonts, so a name here is a name there; Pillow measures text in the same files, with
the same shaping (HarfBuzz), ligatures, kerning and direction.
"""

import unicodedata
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib.util import find_spec
from pathlib import Path

from PIL import ImageFont

from dustjacket.errors import BadInputError, NotReadyError

PACKAGES = (
    "fontpkg_dm_serif_display", "fontpkg_spectral", "fontpkg_lato", "fontpkg_marcellus",
    "fontpkg_bebas_neue", "fontpkg_anton", "fontpkg_abril_fatface", "fontpkg_alfa_slab_one",
    "fontpkg_amiri", "font_hanken_grotesk", "font_amatic_sc", "noto_cjk_sans_jp_bold",
)  # fmt: skip
"""Packages that carry fonts under the SIL Open Font License."""
_MATPLOTLIB_FONTS = "mpl-data/fonts/ttf"
"""DejaVu, where Matplotlib is installed: for scripts that the others lack."""
_FALLBACKS = ("Lato", "Spectral", "Amiri", "Noto Sans CJK JP", "DejaVu Sans", "DejaVu Serif")
"""Families that are tried, in this order, for characters that the wanted one lacks."""
EXTRA_MISSING = "typst is not installed: install Dustjacket with the extra `typesetting`"
UNITS = 1000
"""Size, in pixels, at which text is measured; extents scale with size."""
_VARIATION_SELECTORS = range(0xFE00, 0xFE10)
_MAX_FONT_BYTES = 64 << 20


@dataclass(frozen=True)
class FontFace:
    """One file of a family, as Typst names it."""

    family: str
    weight: int
    italic: bool
    path: str
    index: int


@dataclass(frozen=True)
class Extents:
    """What a line of text covers, in units of its size: advance, and ink about its origin."""

    advance: float
    left: float
    right: float
    ascent: float
    descent: float

    @property
    def width(self) -> float:
        """The larger of advance and ink."""
        return max(self.advance, self.right, self.right - self.left)


class Catalogue:
    """The fonts that can be used, with and without a team's folder."""

    def __init__(self, folder: Path | None) -> None:
        try:
            from typst import Fonts
        except ImportError as error:
            raise NotReadyError(EXTRA_MISSING) from error
        folders = [str(folder)] if folder else []
        self.fonts = Fonts(font_paths=[*folders, *map(str, bundled_folders())])
        self._families: dict[str, list[FontFace]] = {}
        for font in self.fonts.fonts():
            if font.path is None or _is_unfit(font.family, str(font.path)):
                continue  # what is embedded in Typst has no file to measure
            face = FontFace(
                font.family, font.weight, font.style != "normal", str(font.path), font.index
            )
            self._families.setdefault(font.family, []).append(face)

    def families(self) -> list[str]:
        """Return the names of all families, sorted."""
        return sorted(self._families)

    def face(self, family: str, weight: int, *, italic: bool) -> FontFace:
        """Return the face of a family that is nearest to what is wanted.

        Raises:
            BadInputError: there is no such family.
        """
        faces = self._families.get(family)
        if not faces:
            raise BadInputError(
                f"font {family!r} is not installed: choose one of "
                f"{', '.join(self.families())}, or name its folder in the house style"
            )
        return min(
            faces, key=lambda face: (face.italic != italic, abs(face.weight - weight), face.path)
        )

    def face_for(self, text: str, family: str, weight: int, *, italic: bool) -> FontFace:
        """Return a face that has every character of the text, the wanted family's if it does.

        Raises:
            BadInputError: no font has them all; the message names the characters.
        """
        wanted = self.face(family, weight, italic=italic)
        needed = _needed(text)
        others = (name for name in self.families() if name not in _FALLBACKS)
        fallbacks = (name for name in _FALLBACKS if name in self._families)
        missing = needed - _characters(wanted)
        if not missing:
            return wanted
        for name in (*fallbacks, *others):
            face = self.face(name, weight, italic=False)
            lacking = needed - _characters(face)
            if not lacking:
                return face
            missing = min(missing, lacking, key=len)
        shown = ", ".join(f"{chr(point)} (U+{point:04X})" for point in sorted(missing)[:5])
        raise BadInputError(
            f"no installed font has all characters of {text[:60]!r}; missing are {shown}: install "
            "a font for them on the system, or name its folder in the house style"
        )


def _is_unfit(family: str, path: str) -> bool:
    """Return whether a font has boxes for all characters, or is Matplotlib's for formulas."""
    is_formula = _MATPLOTLIB_FONTS in path and family not in _FALLBACKS
    return is_formula or family.startswith("Last Resort")


@lru_cache(maxsize=8)
def catalogue(folder: Path | None = None) -> Catalogue:
    """Return the fonts that can be used, read once for each folder."""
    return Catalogue(folder)


def bundled_folders() -> list[Path]:
    """Return the folders of installed packages that carry fonts."""
    folders = []
    for package, below in (
        *((package, "") for package in PACKAGES),
        ("matplotlib", _MATPLOTLIB_FONTS),
    ):
        spec = find_spec(package)
        if spec and spec.submodule_search_locations:
            folders.append(Path(spec.submodule_search_locations[0], below))
    return folders


def measure(text: str, face: FontFace, tracking: float = 0) -> Extents:
    """Return the extents of one line; ``tracking`` is added after each character, in ems.

    Ligatures are off in tracked text.
    """
    return _measured(text, face, tracking)


@lru_cache(maxsize=20_000)
def _measured(text: str, face: FontFace, tracking: float) -> Extents:
    font, features = _font(face), ["-liga", "-clig"] if tracking else None
    left, top, right, bottom = font.getbbox(text, features=features, anchor="ls")
    extra = tracking * UNITS * max(0, _clusters(text) - 1)
    advance = font.getlength(text, features=features) + extra
    return Extents(
        advance / UNITS, left / UNITS, (right + extra) / UNITS, -top / UNITS, bottom / UNITS
    )


def _clusters(text: str) -> int:
    return sum(unicodedata.combining(character) == 0 for character in text)


@lru_cache(maxsize=64)
def _font(face: FontFace) -> ImageFont.FreeTypeFont:
    return ImageFont.truetype(
        face.path, UNITS, index=face.index, layout_engine=ImageFont.Layout.RAQM
    )


@cache
def _characters(face: FontFace) -> frozenset[int]:
    """Return the code points that a face has an outline for."""
    from fontTools.ttLib import TTFont, TTLibError

    try:
        if Path(face.path).stat().st_size > _MAX_FONT_BYTES:
            return frozenset()
        with TTFont(face.path, lazy=True, fontNumber=face.index) as font:
            has_outlines = any(table in font for table in ("glyf", "CFF ", "CFF2"))
            return frozenset(font.getBestCmap() or ()) if has_outlines else frozenset()
    except (TTLibError, OSError, KeyError, ValueError):
        return frozenset()  # an unreadable font of the system is as good as none


def _needed(text: str) -> set[int]:
    return {
        ord(character)
        for character in text
        if unicodedata.category(character) != "Cf"
        and ord(character) not in _VARIATION_SELECTORS
        and not character.isspace()
    }
