"""The page that shows an evaluation: one HTML file that needs nothing beside it."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from jinja2 import Environment, StrictUndefined

_TEMPLATE = Path(__file__).with_name("report.html.j2")


@dataclass(frozen=True)
class Table:
    """Rows of text.

    Attributes:
        title: what they are of.
        header: a name a column.
        rows: the first cell of each names it.
        note: a sentence below.
    """

    title: str
    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    note: str = ""


@dataclass(frozen=True)
class Picture:
    """A figure, as a ``data:`` address, and what it shows in words."""

    uri: str
    shows: str


@dataclass(frozen=True)
class Found:
    """One cover of a strip.

    Attributes:
        uri: its ``data:`` address.
        caption: what is said of it.
        own: whether it is the one that was looked for.
    """

    uri: str
    caption: str
    own: bool = False


@dataclass(frozen=True)
class Strip:
    """A book, its own cover, and those that were found for its title, best first."""

    title: str
    note: str
    own: Found
    found: Sequence[Found]


@dataclass(frozen=True)
class Section:
    """One part of the page: a heading, sentences, then tables, pictures and strips."""

    heading: str
    text: Sequence[str] = ()
    tables: Sequence[Table] = ()
    pictures: Sequence[Picture] = ()
    strips: Sequence[Strip] = ()


@dataclass(frozen=True)
class Verdict:
    """What the gate decided, why, and each rule: its name, whether it held, its figures."""

    verdict: str
    reason: str
    rules: Sequence[tuple[str, bool, str]]


def render(title: str, verdict: Verdict, sections: Sequence[Section]) -> str:
    """Return the page. All text is escaped, and nothing is loaded from elsewhere."""
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_TEMPLATE.read_text())
    return template.render(title=title, verdict=verdict, sections=sections)
