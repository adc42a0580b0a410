"""The report of an evaluation: one HTML file that loads nothing else."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from jinja2 import Environment, StrictUndefined

from dustjacket.promotion.gate import Decision

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_TEMPLATE = Path(__file__).with_name("page.html.j2")


@dataclass(frozen=True)
class Table:
    """A table of the report, of text.

    Attributes:
        title: heading above the table; empty for none.
        header: names of the columns.
        rows: the first cell of a row is its name.
        note: a sentence below the table; empty for none.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure with its caption.

    Attributes:
        artifact: file name of the figure in MLflow; empty if it is in the report only.
    """

    figure: "Figure"
    caption: str
    artifact: str = ""

    @property
    def uri(self) -> str:
        """Return the figure as a ``data:`` URI of a PNG with a transparent background."""
        body = io.BytesIO()
        self.figure.savefig(body, format="png", dpi=130, transparent=True)
        return data_uri(body.getvalue(), "png")


@dataclass(frozen=True)
class CoverImage:
    """A cover with its caption.

    Attributes:
        uri: ``data:`` URI of the image.
        own: whether it is the cover that belongs to the title.
    """

    uri: str
    caption: str
    own: bool = False


@dataclass(frozen=True)
class RetrievalExample:
    """A title, its own cover, and the covers retrieved for it, best first."""

    title: str
    note: str
    own: CoverImage
    retrieved: Sequence[CoverImage]


@dataclass(frozen=True)
class Section:
    """One part of the page: a heading, sentences, then tables, pictures and examples."""

    heading: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    examples: Sequence[RetrievalExample] = ()


def render(title: str, decision: Decision, sections: Sequence[Section]) -> str:
    """Return the page as HTML. All text is escaped, and nothing is loaded from elsewhere."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text())
    return template.render(title=title, decision=decision, sections=sections)


def data_uri(body: bytes, kind: str) -> str:
    """Return an image file as a ``data:`` URI; ``kind`` is png or jpeg."""
    return f"data:image/{kind};base64,{base64.b64encode(body).decode()}"
