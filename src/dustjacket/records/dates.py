"""Publication dates and languages in one form."""

import datetime
import re
import unicodedata
from functools import lru_cache

_YEAR = r"(?<!\d)(1[0-9]{3}|20[0-9]{2})(?!\d)"
_ISO = re.compile(r"^(\d{4})(?:[-/.](\d{1,2})(?:[-/.](\d{1,2}))?)?(?:$|[T ]\d{1,2}:)")
_COMPACT = re.compile(r"^(\d{4})(\d{2})(\d{2})?(?:$|T\d)")
_DAY_FIRST = re.compile(r"^(\d{1,2})[-/. ]{1,2}(\d{1,2})[-/. ]{1,2}(\d{4})$")
_CHINESE = re.compile(r"^(\d{4})\s*年\s*(?:(\d{1,2})\s*月\s*(?:(\d{1,2})\s*日)?)?")
_WORDS = re.compile(r"[^\W\d_]{3,}")
_NUMBERS = re.compile(r"(?<!\d)\d{1,2}(?!\d)")
_MONTHS = {
    start: month
    for month, starts in enumerate(
        ("jan gen ene", "feb fev", "mar maa mrt", "apr avr abr", "may mai mag mei", "jun juin giu",
         "jul juil lug", "aug ago aou", "sep set", "oct okt ott out", "nov", "dec dez dic"), 1
    )
    for start in starts.split()
}  # fmt: skip
_FIRST_YEAR, _LAST_YEAR = 1000, 2100
_LANGUAGES = {
    word: code
    for code, words in {
        "en": "english englisch anglais inglés inglese engels inglês 英文 英语 英語",
        "de": "german deutsch allemand alemán tedesco duits alemão 德语 德文 ドイツ語",
        "fr": "french französisch français francés francese frans francês 法语 法文 フランス語",
        "es": "spanish spanisch espagnol español castellano spagnolo spaans espanhol"
        " 西班牙语 スペイン語",
        "it": "italian italienisch italien italiano italiaans 意大利语 イタリア語",
        "nl": "dutch niederländisch néerlandais neerlandés olandese nederlands holandês flemish",
        "pt": "portuguese portugiesisch portugais portugués portoghese portugees português",
        "zh": "chinese chinesisch chinois chino cinese chinees chinês 中文 汉语 漢語 中国語",
        "ja": "japanese japanisch japonais japonés giapponese japans japonês 日语 日文 日本語",
        "ru": "russian russisch russe ruso russo русский",
        "ko": "korean koreanisch coréen coreano 한국어",
        "ar": "arabic arabisch arabe árabe arabo العربية",
        "la": "latin latein latín latino",
        "el": "greek griechisch grec griego greco",
        "pl": "polish polnisch polonais polaco polacco polski",
        "sv": "swedish schwedisch suédois sueco svedese svenska",
        "da": "danish dänisch danois danés danese dansk",
        "no": "norwegian norwegisch norvégien noruego norsk",
        "fi": "finnish finnisch finnois finlandés suomi",
        "hi": "hindi", "tr": "turkish türkisch turc turco türkçe", "he": "hebrew",
        "uk": "ukrainian ukrainisch", "cs": "czech tschechisch čeština",
    }.items()
    for word in words.split()
}  # fmt: skip


def date_of(text: str) -> str | None:
    """Return a date as ISO 8601 with what is known of it (year, month, day), or None.

    Day and month in figures are taken only where their order is certain; else the year is.

    >>> date_of("January 31, 2005"), date_of("31.01.2005"), date_of("02/03/1999"), date_of("c1987")
    ('2005-01-31', '2005-01-31', '1999', '1987')
    """
    text = text.strip().removesuffix(".0")[:60]
    for form in (_ISO, _COMPACT, _CHINESE):
        if match := form.match(text):
            return _iso(*(int(part or 0) for part in match.groups()))
    if match := _DAY_FIRST.match(text):
        first, second, year = map(int, match.groups())
        if "." in text or first > 12:
            return _iso(year, second, first)
        return _iso(year, first, second) if second > 12 or first == second else _iso(year)
    if not (found := re.search(_YEAR, text)):
        return None
    month = next(filter(None, map(_month, _WORDS.findall(text))), 0)
    days = _NUMBERS.findall(text) if month else []
    return _iso(int(found[1]), month, int(days[0]) if len(days) == 1 else 0)


def _month(word: str) -> int:
    folded = unicodedata.normalize("NFKD", word.casefold()).encode("ascii", "ignore").decode()
    return _MONTHS.get(folded[:4]) or _MONTHS.get(folded[:3], 0)


def _iso(year: int, month: int = 0, day: int = 0) -> str | None:
    if not _FIRST_YEAR <= year <= _LAST_YEAR:
        return None
    if not 1 <= month <= 12:
        return f"{year:04}"
    try:
        return datetime.date(year, month, day).isoformat()
    except ValueError:
        return f"{year:04}-{month:02}"


@lru_cache(maxsize=4096)
def language_of(text: str) -> str | None:
    """Return a language as the shortest BCP 47 tag, or None if it is not known.

    >>> language_of("ger"), language_of("English"), language_of("pt_BR"), language_of("e=mc2")
    ('de', 'en', 'pt-BR', None)
    """
    import langcodes

    first = re.split(r"[,;|/]", text.strip().removeprefix("/languages/"))[0].strip(" []'\"")
    if known := _LANGUAGES.get(first.casefold()):
        return known
    try:
        tag = langcodes.standardize_tag(first.replace("_", "-"))
    except ValueError:
        return None
    return tag if tag != "und" and langcodes.tag_is_valid(tag) else None


def alpha3_of(language: str) -> str | None:
    """Return the code that ONIX and MARC use (ISO 639-2/B) for a language tag, or None.

    >>> alpha3_of("en"), alpha3_of("de"), alpha3_of("pt-BR"), alpha3_of("e=mc2")
    ('eng', 'ger', 'por', None)
    """
    import langcodes

    if (tag := language_of(language)) is None:
        return None
    try:
        return langcodes.Language.get(tag).to_alpha3(variant="B")
    except LookupError:
        return None
