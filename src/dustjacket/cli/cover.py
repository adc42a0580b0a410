"""``dustjacket cover``: set type on art, and render a layout again after a change."""

from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliPositionalArg, CliSubCommand

from dustjacket.cli.context import console
from dustjacket.errors import BadInputError

if TYPE_CHECKING:
    from dustjacket.typesetting.printers import WrapOptions
    from dustjacket.typesetting.schemas import Layout

_FORMATS = ("png", "jpeg", "svg", "pdf", "json")
_CONCEPT = (
    "The art has fewer than 300 pixels an inch at the size of the book: this is a concept, not "
    "press art."
)


class Output(BaseModel):
    """What to write, and where."""

    format: str = Field("png", description="of the files: any of png, jpeg, svg, pdf, json, by ','")
    out: Path = Field(Path("cover"), description="folder for the files")
    style: Path | None = Field(None, description="house style: a YAML or JSON file")
    pages: int = Field(
        0, ge=0, le=5000, description="pages of a paperback; 0: no full cover with spine and back"
    )
    printer: str = Field("kdp", description="printer of the paperback")
    trim: str = Field("5x8", description="width and height of the paperback in inches")
    paper: str = Field("cream", description="paper of the paperback")
    certificate: Path | None = Field(
        None, description="PEM chain that signs covers of generated art (C2PA); not PDF"
    )
    key: Path | None = Field(None, description="PEM file of the certificate's private key")

    def forms(self) -> list[str]:
        """Return the formats.

        Raises:
            BadInputError: there is none, or one is unknown.
        """
        names = [name.strip().lower() for name in self.format.split(",") if name.strip()]
        names = ["jpeg" if name == "jpg" else name for name in names]
        unknown = [name for name in names if name not in _FORMATS]
        if unknown or not names:
            raise BadInputError(
                f"--format {self.format}: name one or more of {', '.join(_FORMATS)}"
            )
        return list(dict.fromkeys(names))

    def wrap(self) -> "WrapOptions | None":
        """Return the paperback, if one is wanted."""
        from dustjacket.typesetting.printers import WrapOptions

        if not self.pages:
            return None
        return WrapOptions(printer=self.printer, trim=self.trim, paper=self.paper, pages=self.pages)

    def write(self, layout: "Layout", art: bytes) -> None:
        """Write a cover, and the full cover of a paperback if one is wanted."""
        from dustjacket.typesetting.render import FORMS, render
        from dustjacket.typesetting.style import load_style
        from dustjacket.typesetting.wrap import render_wrap

        forms, wrap = self.forms(), self.wrap()
        folder = load_style(self.style).font_folder if self.style else None
        if (self.certificate is None) != (self.key is None):
            raise BadInputError("--certificate and --key sign together: name both")
        self.out.mkdir(parents=True, exist_ok=True)
        if "json" in forms:
            self._save("cover.json", layout.model_dump_json(indent=1).encode())
        for form in FORMS:
            if form in forms:
                cover = render(layout, art, form, font_folder=folder)
                self._save(f"cover.{form}", self._signed(cover, form, layout))
                if wrap:
                    body = render_wrap(layout, art, wrap, form, font_folder=folder)
                    self._save(f"wrap.{form}", self._signed(body, form, layout))
        if layout.concept:
            console.print(_CONCEPT)

    def _signed(self, body: bytes, form: str, layout: "Layout") -> bytes:
        if not self.certificate or not self.key or not layout.provenance:
            return body
        from dustjacket.typesetting.signing import SIGNED_FORMS, sign_cover

        for signed_form in SIGNED_FORMS:
            if form == signed_form:
                return sign_cover(
                    body,
                    signed_form,
                    layout.book.title,
                    layout.provenance,
                    certificate=self.certificate,
                    key=self.key,
                )
        return body

    def _save(self, name: str, body: bytes) -> None:
        path = self.out / name
        path.write_bytes(body)
        console.print(f"wrote {path}")


class MakeCover(Output):
    """Lay out a title on art of your own, and render it."""

    art: CliPositionalArg[Path] = Field(description="PNG, JPEG, WebP or TIFF without text")
    title: str = Field(description="title, 1 to 200 characters; after ': ' a subtitle")
    subtitle: str = Field("", description="subtitle")
    author: str = Field("", description="author, or authors")
    genre: str = Field("", description="genre, by which typefaces are chosen")
    description: str = Field("", description="text of the back of a paperback")
    isbn: str = Field("", description="ISBN of the barcode on the back")
    seed: int = Field(0, description="another one gives another layout")
    generator: str = Field("", description="model that made the art, if one did: the cover says so")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.typesetting.art import read_art
        from dustjacket.typesetting.book import checked_book
        from dustjacket.typesetting.layout import lay_out
        from dustjacket.typesetting.printers import trim_pixels
        from dustjacket.typesetting.provenance import Provenance
        from dustjacket.typesetting.schemas import HEIGHT, WIDTH
        from dustjacket.typesetting.style import HouseStyle, load_style

        self.forms()
        book = checked_book(
            title=self.title,
            subtitle=self.subtitle,
            author=self.author,
            genre=self.genre,
            description=self.description,
            isbn=self.isbn,
        )
        style = load_style(self.style) if self.style else HouseStyle()
        body, wrap = read_file(self.art), self.wrap()
        layout = lay_out(
            read_art(body),
            book,
            style,
            self.seed,
            size=trim_pixels(wrap) if wrap else (WIDTH, HEIGHT),
            provenance=Provenance(generator=self.generator) if self.generator else None,
        )
        self.write(layout, body)


class RenderCover(Output):
    """Render a layout that was saved as JSON, and perhaps edited."""

    layout: CliPositionalArg[Path] = Field(description="layout: a JSON file of `cover make`")
    art: Path = Field(description="its art")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.typesetting.schemas import read_layout

        self.forms()
        self.write(read_layout(read_file(self.layout)), read_file(self.art))


class CoverCommands(BaseModel):
    """Set type on textless art: files for shops and printers, whose text stays editable."""

    make: CliSubCommand[MakeCover] = Field(description="Lay out a title on art, and render it")
    render: CliSubCommand[RenderCover] = Field(description="Render a layout from its JSON file")

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)


def read_file(path: Path) -> bytes:
    """Return the content of a file, up to a byte more than an image may have.

    Raises:
        BadInputError: it cannot be read.
    """
    from dustjacket.typesetting.art import MAX_BYTES

    try:
        with path.open("rb") as file:
            return file.read(MAX_BYTES + 1)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; check its path") from error
