"""Clean text of any origin: encoding, HTML, invisible characters and white space."""

import html
import re
import unicodedata
from collections.abc import Iterable, Iterator
from functools import cache
from typing import Any

_TAG = re.compile(
    r"</?(?:a|abbr|b|big|br|cite|code|div|em|font|h[1-6]|i|li|ol|p|q|s|small|span|strong|sub|sup|tt"
    r"|u|ul)(?:\s[^<>]{0,500})?/?>",
    re.IGNORECASE,
)
_BLOCK_TAG = re.compile(r"<(?:br|div|h[1-6]|li|p)\b", re.IGNORECASE)
_SURROGATE = re.compile("[\ud800-\udfff]")
# What Unicode calls default-ignorable, and format characters that are not seen.
_IGNORABLE = (
    "\u00ad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u202a-\u202e\u2060-\u206f"
    "\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\ufffb\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff"
)
_INVISIBLE = re.compile(f"[{_IGNORABLE}]")
_SYMBOL = "\u00a9\u00ae\u203c-\u3299\U0001f000-\U0001faff"
# Letters of these scripts have another form, or make another word, beside a joiner.
_JOINED = (
    "\u0620-\u08ff\u0900-\u0dff\u1000-\u109f\u1780-\u18aa\ua840-\ua8ff\ufb50-\ufdff\ufe70-\ufefc"
)
_NEEDED = re.compile(
    rf"(?<=[{_JOINED}])[\u200c\u200d](?=[{_JOINED}])"  # Persian, Hindi, Sinhala …
    rf"|(?<=[{_SYMBOL}])\ufe0f"  # a symbol that is shown as an emoji
    rf"|(?<=[#*0-9])\ufe0f(?=\u20e3)"  # keycaps
    rf"|(?<=[{_SYMBOL}\ufe0f])\u200d(?=[{_SYMBOL}])"  # emoji of several
    "|(?<=\U0001f3f4)[\U000e0020-\U000e007e]{1,8}\U000e007f"  # flags of regions
)
_BLANKS = str.maketrans("\n\r\u2029\xa0", "    ")


def line_of(text: str) -> str:
    """Return a title, name or genre as one clean line.

    HTML entities are decoded as HTML 5 does, tags of formatting (``<i>``, ``<br/>``, ``<p>`` …) are
    removed, mojibake is repaired, lone surrogates become U+FFFD, invisible characters go (except
    joiners that a script or an emoji needs), letters are composed (NFC), and every run of white
    space becomes one blank.

    >>> line_of(" &lt;i&gt;Emma&lt;/i&gt;  &amp; Les MisÃ©rables ")
    'Emma & Les Misérables'
    """
    if "&" in text or "<" in text:
        text = _TAG.sub(_blank_of_tag, html.unescape(text))
    return " ".join((text if text.isascii() else _repaired(text)).split())


def prose_of(text: str) -> str:
    """Return a description as text: paragraphs separated by one blank line, without markup.

    Cleaned as :func:`line_of` does. Markup (HTML, XHTML) gives its paragraphs, lines and items;
    plain text has a paragraph at every blank line.
    """
    if "<" in text and _TAG.search(text):
        text = _text_of_markup(text)
    elif "&" in text:
        text = html.unescape(text)
        if "<" in text and _TAG.search(text):  # markup that was escaped as a whole
            text = _text_of_markup(text)
    paragraphs = map(line_of_plain, _paragraphs(text))
    return "\n\n".join(filter(None, paragraphs))


def _paragraphs(text: str) -> list[str]:
    """Return the parts of a text between blank lines, of which each may have several lines."""
    if "\n" not in text and "\r" not in text and "\u2029" not in text:
        return [text]
    text = text.replace("\r\n", "\n").replace("\r", "\n").replace("\u2029", "\n\n")
    parts: list[list[str]] = [[]]
    for line in text.split("\n"):
        if line.strip(" \t\f\v"):
            parts[-1].append(line)
        elif parts[-1]:
            parts.append([])
    return list(map("\n".join, parts))


def line_of_plain(text: str) -> str:
    """Return text without markup as one line, cleaned as :func:`line_of` does."""
    return " ".join((text if text.isascii() else _repaired(text)).split())


def visible(text: str) -> str:
    """Return ``text`` without invisible characters, except joiners that are needed.

    >>> visible("a\u200bb\u00ad"), len(visible("\u2764\ufe0f\u200d\U0001f525"))
    ('ab', 4)
    """
    if text.isascii() or not _INVISIBLE.search(text):
        return text
    kept = {index for match in _NEEDED.finditer(text) for index in range(*match.span())}
    return "".join(
        char for index, char in enumerate(text) if index in kept or not _INVISIBLE.match(char)
    )


def storable(text: str) -> str:
    """Return ``text`` with each surrogate, which UTF-8 cannot hold, as U+FFFD."""
    return text if text.isascii() else _SURROGATE.sub("\ufffd", text)


def _repaired(text: str) -> str:
    from ftfy import fix_encoding  # slow to import, and most text is ASCII

    return unicodedata.normalize("NFC", visible(fix_encoding(storable(text))))


def _blank_of_tag(match: re.Match[str]) -> str:
    return " " if _BLOCK_TAG.match(match[0]) else ""


def _text_of_markup(markup: str) -> str:
    from lxml import etree

    try:
        root = etree.fromstring(storable(markup).replace("\0", "\ufffd").encode(), _html_parser())
    except etree.XMLSyntaxError:
        return html.unescape(_TAG.sub(_blank_of_tag, markup))
    # Closing tags alone have no root.
    return "" if root is None else "".join(_parts(etree.iterwalk(root, events=("start", "end"))))


@cache
def _html_parser() -> Any:
    from lxml import etree

    return etree.HTMLParser(
        encoding="utf-8", no_network=True, remove_comments=True, remove_pis=True
    )


_BREAKS = dict.fromkeys(
    ("address", "article", "aside", "blockquote", "center", "dd", "div", "dl", "dt", "figure",
     "footer", "form", "h1", "h2", "h3", "h4", "h5", "h6", "header", "hr", "ol", "p", "pre",
     "section", "table", "ul"), "\n\n"
) | dict.fromkeys(("br", "li", "tr"), "\n")  # fmt: skip
_HIDDEN = frozenset({"head", "script", "style", "title"})


def _parts(walk: Iterable[tuple[str, Any]]) -> Iterator[str]:
    """Yield the texts of an HTML tree, with a blank line between paragraphs."""
    hidden = 0
    for event, element in walk:
        tag = element.tag
        hides = tag in _HIDDEN
        is_end = event == "end"
        if not (is_end and tag == "br"):
            yield _BREAKS.get(tag, "")
        hidden += -hides if is_end else hides
        text = element.tail if is_end else element.text
        if text and not hidden:
            yield text.translate(_BLANKS)  # line breaks are blanks in markup


def trimmed(text: str) -> str:
    """Return a path or address without white space and invisible characters at its ends."""
    text = text.strip()
    if text.isascii():
        return text
    while text and _INVISIBLE.match(text[-1]):
        text = text[:-1].rstrip()
    while text and _INVISIBLE.match(text[0]):
        text = text[1:].lstrip()
    return text
