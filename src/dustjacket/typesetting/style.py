"""House style: one YAML or JSON file that gives a team's covers one look."""

import base64
import io
import json
from functools import cache
from importlib.resources import files
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dustjacket.errors import BadInputError
from dustjacket.typesetting.book import CleanText

Colour = Annotated[str, Field(pattern="^#[0-9a-fA-F]{6}$")]
FontName = Annotated[CleanText, Field(min_length=1, max_length=100)]
FamilyName = Literal["overlay", "panel", "split", "framed"]
Position = Literal["top", "middle", "bottom"]
Alignment = Literal["left", "center", "right"]
MAX_STYLE_BYTES, MAX_LOGO_BYTES = 64 << 10, 4 << 20
_LOGO_SIDE = 600
_NAME_CHARS = 60
_SUFFIXES = (".yaml", ".yml", ".json")
PLAIN = "plain"
"""Name of the style that leaves everything to each cover."""


class Pairing(BaseModel):
    """A typeface for titles and one for the rest, and the genres they suit.

    Attributes:
        tracking: space after each character of small capitals and titles in capitals, in ems.
        leading: distance of a title's baselines, in ems.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: str = "custom"
    title: FontName
    title_weight: int = Field(400, ge=100, le=900)
    title_italic: bool = False
    title_tracking: float = Field(0, ge=-0.05, le=0.3)
    text: FontName
    text_weight: int = Field(400, ge=100, le=900)
    capitals: bool = False
    tracking: float = Field(0, ge=-0.05, le=0.3)
    leading: float = Field(1.02, ge=0.8, le=2)
    genres: tuple[str, ...] = ()


class FrameStyle(BaseModel):
    """A line around the cover; both lengths are shares of its width."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    colour: Colour = "#ffffff"
    width: float = Field(0.006, gt=0, le=0.05)
    inset: float = Field(0.035, ge=0, le=0.1)


class FieldColours(BaseModel):
    """Colours of a series; what is empty is taken from the art."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    field: Colour | None = None
    title: Colour | None = None
    text: Colour | None = None


class HouseStyle(BaseModel):
    """How a team's covers look. What is not given is chosen for each cover.

    Attributes:
        name: else that of the file, without its ending.
        fonts: the typefaces; else by genre.
        font_folder: of the team's own fonts, relative to the style's file.
        families: layouts to choose from: type over the art, on a panel, beside the art on a field,
            or above and below art in a frame.
        position, align: of the title.
        series: a line of text at the head of each cover.
        logo: PNG or JPEG at the foot, relative to the style's file.
        label: say on the cover that its art is generated, where it is.
        logo_png: content of ``logo``, made smaller; set by :func:`load_style`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    name: CleanText = Field(PLAIN, min_length=1, max_length=_NAME_CHARS)
    fonts: Pairing | None = None
    font_folder: Path | None = None
    families: tuple[FamilyName, ...] = Field(
        ("overlay", "panel", "split", "framed"), min_length=1, max_length=4
    )
    position: Position | None = None
    align: Alignment | None = None
    colours: FieldColours = FieldColours()
    frame: FrameStyle | None = None
    series: CleanText = Field("", max_length=60)
    logo: Path | None = None
    label: bool = True
    logo_png: str = Field("", max_length=2_000_000, exclude=True)


def load_style(path: Path) -> HouseStyle:
    """Read a house style; paths in it are below the folder of the file.

    Raises:
        BadInputError: it is no YAML or JSON, too large, has an unknown or wrong field, or names a
            file that is missing, too large or outside its folder.
    """
    value = _read(path)
    try:
        style = HouseStyle.model_validate(value)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"])) or "the file"
        raise BadInputError(f"house style {path}: {where}: {first['msg']}") from error
    if style.logo_png:
        raise BadInputError(f"house style {path}: logo_png: name a file by `logo` instead")
    folder = path.resolve().parent
    changes: dict[str, Any] = {}
    if "name" not in style.model_fields_set:
        changes["name"] = path.stem[:_NAME_CHARS]
    if style.font_folder:
        changes["font_folder"] = _below(folder, style.font_folder, path)
        if not changes["font_folder"].is_dir():
            raise BadInputError(
                f"house style {path}: font_folder: {style.font_folder} is no folder"
            )
    if style.logo:
        changes["logo_png"] = _read_logo(_below(folder, style.logo, path), path)
    return style.model_copy(update=changes)


def load_styles(path: Path | None) -> dict[str, HouseStyle]:
    """Return house styles by name: of a file, or of all YAML and JSON files of a folder; and none.

    The first is the team's default. The last leaves everything to each cover, and is the only one
    without a path.

    Raises:
        BadInputError: a style cannot be used, see :func:`load_style`; two have the same name.
    """
    files = [path] if path else []
    if path and path.is_dir():
        files = sorted(file for file in path.iterdir() if file.suffix in _SUFFIXES)
    styles: dict[str, HouseStyle] = {}
    for file in files:
        style = load_style(file)
        if style.name in (*styles, PLAIN):
            raise BadInputError(f"house style {file}: another one is called {style.name!r}")
        styles[style.name] = style
    return styles | {PLAIN: HouseStyle()}


def _read(path: Path) -> object:
    import yaml

    try:
        with path.open("rb") as file:
            body = file.read(MAX_STYLE_BYTES + 1)
    except OSError as error:
        raise BadInputError(f"house style {path}: {error.strerror}; check its path") from error
    if len(body) > MAX_STYLE_BYTES:
        raise BadInputError(f"house style {path}: larger than {MAX_STYLE_BYTES >> 10} KiB")
    try:
        text = body.decode()
        if any(isinstance(token, yaml.AliasToken) for token in yaml.scan(text)):
            raise BadInputError(
                f"house style {path}: aliases (*name) are not read: repeat the value"
            )
        return yaml.safe_load(text)
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        raise BadInputError(
            f"house style {path}: no YAML or JSON that can be read ({type(error).__name__})"
        ) from error


def _below(folder: Path, named: Path, style: Path) -> Path:
    path = (folder / named).resolve()
    if not path.is_relative_to(folder):
        raise BadInputError(f"house style {style}: {named} is outside the folder of the style")
    if not path.exists():
        raise BadInputError(f"house style {style}: {named} does not exist")
    return path


def _read_logo(path: Path, style: Path) -> str:
    """Return a logo as PNG in base 64, at most 600 pixels a side."""
    from PIL import Image

    if path.stat().st_size > MAX_LOGO_BYTES:
        raise BadInputError(f"house style {style}: {path.name} is over {MAX_LOGO_BYTES >> 20} MiB")
    try:
        with Image.open(path, formats=("PNG", "JPEG")) as image:
            from dustjacket.typesetting.art import check_size  # imports numpy

            check_size(image.size)
            logo = image.convert("RGBA")
    except BadInputError as error:
        raise BadInputError(f"house style {style}: logo: {error}") from error
    except Exception as error:  # decoders raise anything on broken data
        raise BadInputError(f"house style {style}: {path.name} is no PNG or JPEG image") from error
    logo.thumbnail((_LOGO_SIDE, _LOGO_SIDE))
    encoded = io.BytesIO()
    logo.save(encoded, "PNG")
    return base64.b64encode(encoded.getvalue()).decode()


@cache
def pairings() -> tuple[Pairing, ...]:
    """Return the pairs of typefaces that come with Dustjacket."""
    content = files("dustjacket.typesetting").joinpath("pairings.json").read_text("utf-8")
    return tuple(Pairing.model_validate(pairing) for pairing in json.loads(content))


def pairings_for(genre: str) -> list[Pairing]:
    """Return the pairs that suit a genre, by words in its name; the first two if none does."""
    name = genre.casefold()
    suitable = [p for p in pairings() if any(word in name for word in p.genres)]
    return suitable or list(pairings()[:2])
