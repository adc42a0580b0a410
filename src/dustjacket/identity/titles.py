"""What titles of one book have in common: without editions; and without subtitles and series."""

import re

from dustjacket.identity.text import PUNCTUATION, fold_letters, normalise

# Words that name an edition or a format of the same book: "(Penguin Classics)", "[Large Print]".
_EDITION = (
    r"\b(?:edition|editions|ed|reprint|revised|updated|expanded|abridged|unabridged|illustrated|"
    r"annotated|facsimile|anniversary|deluxe|collectors?|paperback|hardcover|hardback|softcover|"
    r"library binding|board book|mass market|spiral[- ]bound|kindle|e-?book|audio ?book|audio|"
    r"audio cd|cd|cds|dvd|cassette|large print|classics|import)\b"
)
_VOLUME = r"\b(?:vol|vols|volume|book|part|no|number|issue|series)\b"
_BRACKETED_EDITION = re.compile(
    rf"[(\[](?=[^()\[\]]*{_EDITION})(?![^()\[\]]*{_VOLUME})[^()\[\]]*[)\]]", re.IGNORECASE
)
_ORDINAL = r"\d+(?:st|nd|rd|th)|first|second|third|fourth|fifth|sixth|seventh|eighth|ninth|tenth"
# "Emma: 200th Anniversary Edition". Words such as "Teacher's" are none of these: another book.
_TRAILING_EDITION = re.compile(
    rf"(?:\s*[:;,]|\s[\u2013\u2014-])\s+(?:(?:(?:{_ORDINAL}|the|new|newly|and|fully|completely|"
    r"anniversary|revised|updated|expanded|enlarged|abridged|unabridged|illustrated|annotated|"
    r"facsimile|deluxe|special|limited|collector'?s|large[- ]print|paperback|hardcover|kindle|"
    r"reprint)[,\s]+)+(?:edition|ed\.?)|(?:un)?abridged|large[- ]print|paperback|hardcover)\s*$",
    re.IGNORECASE,
)
_LAST_WORDS = frozenset(
    {"edition", "ed", "abridged", "unabridged", "print", "large-print", "paperback", "hardcover",
     "taschenbuch", "auflage", "aufl", "ausgabe", "\u00e9dition", "edici\u00f3n", "edizione",
     "edi\u00e7\u00e3o", "druk", "uitgave", "one", "two", "three", "four", "five", "six"}
)  # fmt: skip
_ARTICLE = (
    r"the|a|an|der|die|das|den|dem|des|ein|eine|le|la|les|un|une|el|los|las|una|il|lo|gli|i|uno|"
    r"de|het|een|o|os|as|um|uma|en|ett|et|det"
)
_ARTICLES = frozenset(_ARTICLE.split("|"))
_INVERTED = re.compile(rf"^(.*\S)\s*,\s+({_ARTICLE}|l'|un'|gl')\s*$", re.IGNORECASE)
_ELIDED = re.compile(r"^\W*(?:l|un|gl)'\s*(?=\w\w)", re.IGNORECASE)
# Signs that make another word: "Google+", "50 %", ".NET", flats, arrows, operators, emoji.
_MAY_HAVE_SIGNS = re.compile(r"[+#%$.]|[^\x00-\x7f]")
_SIGNS = re.compile(
    r"(?<=\w\w)(?:\+\+|[+#])(?!\w)|(?<!\S)\.(?=\w)|"
    "[%$\u00a2-\u00a5\u00b0\u20a0-\u20cf\u2190-\u22ff\u2600-\u27bf\U0001f300-\U0001faff]"
)

_LETTER = re.compile("[0-9A-Za-z]")
_BRACKETS = re.compile(r"[(\[{][^()\[\]{}]*[)\]}]")
_UNCLOSED = re.compile(r"(?<=\w)\s+[(\[{][^)\]}]*$")
_SUBTITLE = re.compile(
    r"[:;](?=\s|$|[^\W\d])|[\u2013\u2014]|\s[-~/=|]+\s|,?\sor,?\s(?=(?:the|an?)\s)|"
    r",\s(?:a novel|a memoir|a romance|roman|novela|romanzo)\s*$",
    re.IGNORECASE,
)
_MAY_HAVE_SUBTITLE = re.compile(r"[-:;,\u2013\u2014~/=|]|\sor,?\s", re.IGNORECASE)
# "Dune Messiah, Dune Chronicles #2", "Emma, Book 1", "Calculus 2nd edition", "Emma, 2. Auflage".
_NOISE = re.compile(
    r"(?:,[^,#]*#\s*\d[\d.,-]*|,\s*(?:book|bk)\b\.?\s*(?:\d+|one|two|three|four|five|six)|"
    rf"[,\s]+(?:(?:{_ORDINAL}|\d+\.|new|newly|and|fully|completely|anniversary|revised|updated|"
    r"expanded|enlarged|illustrated|annotated|deluxe|special|limited|collector'?s|international|"
    r"reprint|neu|neue|[12]\d{3})[,\s]+)+(?:edition|ed|auflage|aufl|ausgabe|\u00e9dition|"
    r"edici\u00f3n|edizione|edi\u00e7\u00e3o|druk|uitgave)\b\.?|"
    r"[,\s]+(?:(?:un)?abridged|large[- ]print|paperback|hardcover|taschenbuch))\s*$",
    re.IGNORECASE,
)
_END = 200
"""So many characters at the end of a title are searched for words of editions.

In all of a title, whose length its file decides, the search would take time by its square.
"""
_CONJUNCTIONS = frozenset({"and", "und", "et", "y", "e", "i", "en", "og", "och"})


def fold_editions(title: str) -> str:
    """Return ``title`` without text that names an edition or a format.

    That text is in brackets, or at the end behind a colon, comma or dash. Volumes and series stay,
    because "(Vol. 2)" is another book and "(Large Print)" is not.
    """
    if "(" in title or "[" in title:
        title = _BRACKETED_EDITION.sub(" ", title)
    if not title.isascii():
        title = title.translate(PUNCTUATION)
    return _without_end(_TRAILING_EDITION, title) if _last_word(title) in _LAST_WORDS else title


def _without_end(pattern: re.Pattern[str], title: str) -> str:
    return title[:-_END] + pattern.sub("", title[-_END:])


def _last_word(title: str) -> str:
    return title.rstrip(" .").rpartition(" ")[2].lower()


def title_key(title: str | None) -> str:
    """Return the words of a title in a form that is equal for all editions of a book.

    >>> title_key("Hobbit, The (Large Print)")
    'the hobbit'
    """
    return normalise(_article_first(fold_editions(title or ""))) or normalise(title)


def strict_title(title: str | None) -> str:
    """Return what titles of the same book have in common, and those of no other book.

    >>> strict_title("Sense & Sensibility") == strict_title("Sense and Sensibility")
    True
    >>> strict_title("Google+") == strict_title("Google")
    False
    """
    text = title or ""
    key = title_key(text.replace(" & ", " and ")) or text.strip()
    if _MAY_HAVE_SIGNS.search(text):
        key = "".join([key, *_SIGNS.findall(text)])
    return key


def coarse_title(title: str | None) -> str:
    """Return what all titles of a book have in common, and those of some others too.

    Left out are what is in brackets, subtitles, editions, articles before or behind the title, the
    word "and", blanks and punctuation.

    >>> coarse_title("Flu: The Story of the Great Influenza"), coarse_title("Trial, The (Oxford)")
    ('flu', 'trial')
    """
    text = title or ""
    if not text.isascii():
        text = text.translate(PUNCTUATION)
    bare = _without_brackets(text)
    head = bare
    if _MAY_HAVE_SUBTITLE.search(bare):
        head = _SUBTITLE.split(bare, maxsplit=1)[0]
        head = head if _LETTER.search(head) or normalise(head) else bare
    if (last := _last_word(head)) in _LAST_WORDS or last[-1:].isdigit():
        head = _without_end(_NOISE, head)
    head = _article_first(head)
    if "'" in head:
        head = _ELIDED.sub("", head)
    words = normalise(head).split()
    if len(words) > 1 and words[0] in _ARTICLES:
        del words[0]
    if len(words) > 2:
        inner = [word for word in words[1:-1] if word not in _CONJUNCTIONS]
        words = [words[0], *inner, words[-1]]
    return fold_letters("".join(words)) or normalise(text) or text.strip()


def _without_brackets(text: str) -> str:
    """Return ``text`` without what is in brackets, nested or not closed, unless nothing is left."""
    if "(" not in text and "[" not in text and "{" not in text:
        return text
    bare, before = text, ""
    while bare != before and len(bare) < 2000:
        bare, before = _BRACKETS.sub(" ", bare), bare
    closed = max(map(bare.rfind, ")]}")) + 1
    bare = bare[:closed] + _UNCLOSED.sub("", bare[closed:])
    return bare if _LETTER.search(bare) or normalise(bare) else text


def _article_first(title: str) -> str:
    """Return "The Trial" for "Trial, The"."""
    if "," in title and (match := _INVERTED.match(title)):
        title, article = match.groups()
        return f"{article}{title}" if article.endswith("'") else f"{article} {title}"
    return title
