"""Names and roles of contributors in MARC 21."""

import re

from dustjacket.sources.marc.records import MarcField, MarcRecord
from dustjacket.sources.marc.titles import of_the_book

_MAIN, _ADDED = ("100", "110", "111"), ("700", "710", "711")
_TERMS = {
    "aut": "author writer verfasser verfasserin autor auteur autrice auteure autore",
    "trl": "translator übersetzer übersetzerin traducteur traductrice traductor traduttore",
    "ill": "illustrator illustrateur illustratrice ilustrador illustratore",
    "edt": "editor herausgeber herausgeberin éditeur directeur directrice curatore",
    "art": "artist künstler künstlerin artiste",
    "pht": "photographer fotograf fotografin photographe",
    "nrt": "narrator reader erzähler erzählerin sprecher sprecherin narrateur",
    "aui": "preface introduction vorwort préfacier préfacière",
    "com": "compiler zusammenstellender compilateur",
    "cov": "cover umschlaggestalter",
    "pbl": "publisher verlag publishing",
    "ctb": "contributor mitwirkender mitwirkende collaborateur",
}
_ROLE_OF = {term: role for role, terms in _TERMS.items() for term in terms.split()}
_WORD = re.compile(r"[^\W\d_]+")
_SUFFIX = re.compile(r"(?:[JjSs]r\.?|[IVX]+)$")
_INITIAL = re.compile(r"(?:^|[\s.\-])\w\.$")


def contributors_of(record: MarcRecord, scripts: dict[str, MarcField]) -> list[dict[str, str]]:
    """Return names in the usual order of words, each with a relator code of MARC.

    A main entry without a role is an author. So are added entries without one, if there is no main
    entry; else they only contributed. Entries of other works ($t) are left out.
    """
    main = list(record.all(*_MAIN))
    default = "ctb" if main else "aut"
    found = [(field, "aut") for field in main]
    found += [(field, default) for field in record.all(*_ADDED) if not field.first("t")]
    names = [
        {"name": name, "role": role}
        for field, otherwise in found
        if (name := _name(of_the_book(field, scripts)))
        for role in _roles(field) or [otherwise]
    ]
    return list({(entry["name"], entry["role"]): entry for entry in names}.values())


def _roles(field: MarcField) -> list[str]:
    codes = [code.rstrip("/.").rpartition("/")[2].lower() for code in field.all("4")]
    roles = [code for code in codes if re.fullmatch("[a-z]{3}", code)]
    if not roles:
        words = (word.lower() for text in field.all("ej") for word in _WORD.findall(text))
        roles = [_ROLE_OF[word] for word in words if word in _ROLE_OF]
    return list(dict.fromkeys(roles))


def _name(field: MarcField) -> str:
    name = _trimmed(field.first("a"))
    if field.tag.endswith("00"):
        surname, comma, forenames = name.partition(", ")
        if field.indicators[0] == "1" and comma:
            name = f"{forenames.rstrip(',')} {surname}"
        numeration = _trimmed(field.first("b"))
        suffix = _trimmed(field.first("c"))
        name = f"{name} {numeration}".strip()
        return f"{name}, {suffix}" if _SUFFIX.match(suffix) else name
    return ". ".join([name, *map(_trimmed, field.all("b"))])


def _trimmed(name: str) -> str:
    """Return a name without punctuation at its end; the point of an initial stays."""
    name = name.strip().rstrip(" ,;:/")
    is_abbreviated = _INITIAL.search(name) or re.search(r"\b[JS]r\.$", name)
    return name if is_abbreviated else name.rstrip(".")
