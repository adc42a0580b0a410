"""Vocabularies of subjects: terms with codes, labels by language, alternatives and parents.

Read from SKOS (Turtle, N-Triples, RDF/XML) or from a table of codes and names. Nothing that a file
refers to is fetched, so JSON-LD, whose context may be anywhere, is not read.
"""

import csv
import io
import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import PurePosixPath
from typing import Any

from dustjacket.errors import BadInputError
from dustjacket.records.genres import genre_key
from dustjacket.records.text import line_of
from dustjacket.sources.encoding import decode

MAX_TERMS, MAX_BYTES, MAX_RDF_BYTES = 200_000, 200_000_000, 50_000_000
_MAX_LABEL = 500
_CODE_COLUMNS = ("code", "notation", "id", "uri")
_NAME_COLUMNS = ("name", "label", "heading", "preflabel", "term")
_PARENT_COLUMNS = ("parent", "broader")
_OTHER_COLUMNS = ("alternatives", "altlabel", "alt")
_LANGUAGE = re.compile(r"(?:name|label|preflabel)[_@:-]([a-z]{2,3}(?:-[a-z0-9]+)*)")
_RDF_ENDINGS = {".ttl": "turtle", ".nt": "nt", ".rdf": "xml", ".xml": "xml", ".owl": "xml"}
_REFUSED = (".jsonld", ".json", ".trig", ".nq", ".n3")


@dataclass(frozen=True, slots=True)
class VocabularyTerm:
    """A subject of a vocabulary.

    Attributes:
        code: its notation; without one, the last part of its URI.
        uri: empty in a table without URIs.
        labels: the preferred label, by language; the language is empty where none is stated.
        alternatives: further labels, of any language.
        parent: the code of the term above it; of several, the first in the order of codes.
    """

    code: str
    labels: Mapping[str, str]
    uri: str = ""
    alternatives: tuple[str, ...] = ()
    parent: str | None = None


@dataclass(frozen=True)
class Vocabulary:
    """The terms of a vocabulary, by code, in the order of codes.

    Attributes:
        name: of its file.
        unknown_parents: codes or URIs of parents that are not in it; their children are at the top.
    """

    name: str
    terms: Mapping[str, VocabularyTerm]
    unknown_parents: Sequence[str] = field(default=(), repr=False)

    def find(self, code: str, heading: str = "") -> str | None:
        """Return the code of the term with a code, URI or label, or None.

        A code or URI counts before a label. A label that several terms have names none, unless it
        is preferred by one of them only.
        """
        for text in (code, heading):
            if text and (found := self._by_code.get(text) or self._by_code.get(text.upper())):
                return found
        return self._by_label.get(genre_key(heading or code))

    def label(self, code: str, language: str = "en") -> str:
        """Return the label of a term in a language, or in the first one that it has, or its code.

        Raises:
            KeyError: no term has the code.
        """
        labels = self.terms[code].labels
        for wanted in (language, "", *sorted(labels)):
            if wanted in labels:
                return labels[wanted]
        return code

    def ancestors(self, code: str) -> Iterator[str]:
        """Yield the codes of the terms above a term, nearest first."""
        above = self.terms[code].parent
        while above is not None:
            yield above
            above = self.terms[above].parent

    @cached_property
    def _by_code(self) -> dict[str, str]:
        found = {term.uri: term.code for term in self.terms.values() if term.uri}
        return found | {code: code for code in self.terms}

    @cached_property
    def _by_label(self) -> dict[str, str]:
        found: dict[str, str] = {}
        for preferred in (False, True):
            holders: dict[str, set[str]] = {}
            for term in self.terms.values():
                for label in term.labels.values() if preferred else term.alternatives:
                    holders.setdefault(genre_key(label), set()).add(term.code)
            found |= {key: min(codes) for key, codes in holders.items() if len(codes) == 1}
        return found


def read_vocabulary(body: bytes, name: str) -> Vocabulary:
    """Read a vocabulary: SKOS as Turtle, N-Triples or RDF/XML, or a table as CSV or TSV.

    A table has a column ``code`` (or ``notation``, ``uri``) and ``name`` (or ``label``,
    ``label_en`` …), and may have ``parent`` (a code or URI) and ``alternatives`` (separated by
    ``|``). Annif's CSV and TSV vocabularies are such tables; its TSV has no header.

    Args:
        name: of the file; its ending tells the format.

    Raises:
        BadInputError: it is too large, of another format, has no term, two terms with one code, or
            a cycle.
    """
    path = PurePosixPath(name)
    form = _RDF_ENDINGS.get(path.suffix.lower())
    most = MAX_RDF_BYTES if form else MAX_BYTES  # rdflib builds the whole graph in memory
    if len(body) > most:
        cure = "give a CSV table" if form else "remove terms"
        raise BadInputError(f"vocabulary {name!r} is larger than {most // 1_000_000} MB: {cure}")
    if path.suffix.lower() in _REFUSED:
        raise BadInputError(
            f"vocabulary {name!r}: {path.suffix} is not read; give Turtle (.ttl), N-Triples (.nt), "
            "RDF/XML (.rdf) or a CSV table"
        )
    terms = _rdf_terms(body, form, name) if form else _table_terms(body, name)
    return _checked(path.stem or "vocabulary", terms, name)


def _checked(stem: str, found: Iterable[VocabularyTerm], name: str) -> Vocabulary:
    terms: dict[str, VocabularyTerm] = {}
    for term in found:
        if term.code in terms:
            raise BadInputError(f"vocabulary {name!r} has two terms with the code {term.code!r}")
        if len(terms) >= MAX_TERMS:
            raise BadInputError(f"vocabulary {name!r} has more than {MAX_TERMS:,} terms")
        terms[term.code] = term
    if not terms:
        raise BadInputError(
            f"vocabulary {name!r} has no term: give SKOS concepts with skos:prefLabel, or a table "
            "with the columns code and name"
        )
    by_uri = {term.uri: term.code for term in terms.values() if term.uri}
    unknown: set[str] = set()
    resolved: dict[str, VocabularyTerm] = {}
    for code in sorted(terms):
        term = terms[code]
        above = term.parent and (by_uri.get(term.parent) or term.parent)
        if above and above not in terms:
            unknown.add(above)
            above = None
        resolved[code] = replace(term, parent=above or None)
    _check_cycles(resolved, name)
    return Vocabulary(stem, resolved, sorted(unknown))


def _check_cycles(terms: Mapping[str, VocabularyTerm], name: str) -> None:
    done: set[str] = set()
    for code in terms:
        path: dict[str, None] = {}
        at: str | None = code
        while at is not None and at not in done:
            if at in path:
                cycle = [*list(path)[list(path).index(at) :], at]
                shown = " → ".join(cycle if len(cycle) < 8 else [*cycle[:6], "…", at])
                raise BadInputError(f"vocabulary {name!r} has a cycle of parents: {shown}")
            path[at] = None
            at = terms[at].parent
        done.update(path)


def _table_terms(body: bytes, name: str) -> Iterator[VocabularyTerm]:
    text = decode(body.removeprefix(b"\xef\xbb\xbf"))
    header = text.partition("\n")[0]
    if header.lstrip().startswith("<") and "\t" in header:  # Annif's TSV
        text = "uri\tlabel\tnotation\n" + text
        header = text.partition("\n")[0]
    separator = max(",;\t", key=header.count)
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
    try:
        columns = [column.strip().casefold() for column in next(rows, [])]
        yield from _rows_of_table(columns, rows, name)
    except csv.Error as error:
        raise BadInputError(f"vocabulary {name!r} is no table: {error}") from None


def _rows_of_table(
    columns: list[str], rows: Iterator[list[str]], name: str
) -> Iterator[VocabularyTerm]:
    place = {column: at for at, column in reversed(list(enumerate(columns)))}
    code_at = next((place[column] for column in _CODE_COLUMNS if column in place), None)
    languages = {
        at: (match[1] if (match := _LANGUAGE.fullmatch(column)) else "")
        for column, at in place.items()
        if column in _NAME_COLUMNS or _LANGUAGE.fullmatch(column)
    }
    if code_at is None or not languages:
        raise BadInputError(
            f"vocabulary {name!r} is a table without a column code or name: its header is "
            f"{line_of(','.join(columns))[:200]!r}"
        )
    get_uri, get_parent, get_others = (
        _column(place, names) for names in (("uri",), _PARENT_COLUMNS, _OTHER_COLUMNS)
    )
    for row in rows:
        cells = [line_of(cell)[:_MAX_LABEL] for cell in row] + [""] * (len(columns) - len(row))
        labels = {language: cells[at] for at, language in languages.items() if cells[at]}
        uri = get_uri(cells).strip("<>")
        code = cells[code_at].strip("<>") or _last_part(uri)
        code = _last_part(uri) if uri and code == uri else code
        if not code:
            continue
        others = tuple(filter(None, map(line_of, get_others(cells).split("|"))))
        yield VocabularyTerm(
            code, labels or {"": code}, uri, others, get_parent(cells).strip("<>") or None
        )


def _column(place: Mapping[str, int], names: Sequence[str]) -> Callable[[list[str]], str]:
    at = next((place[name] for name in names if name in place), None)
    return lambda cells: "" if at is None else cells[at]


def _last_part(uri: str) -> str:
    return re.split(r"[/#:]", uri.rstrip("/#"))[-1]


def _rdf_terms(body: bytes, form: str, name: str) -> list[VocabularyTerm]:
    from rdflib import Graph
    from rdflib.namespace import OWL, RDF, SKOS

    graph = Graph()
    try:
        graph.parse(data=body, format=form)
    except Exception as error:  # noqa: BLE001  # each parser has its own errors
        why = line_of(str(error))[:200]
        raise BadInputError(f"vocabulary {name!r} is no valid {form}: {why}") from None
    concepts = sorted(
        str(concept)
        for concept in set(graph.subjects(RDF.type, SKOS.Concept))
        if (concept, OWL.deprecated, None) not in graph
    )
    codes = _codes({uri: _texts(graph, uri, SKOS.notation) for uri in concepts})
    return [
        VocabularyTerm(
            codes[uri],
            _labels(graph, uri, SKOS.prefLabel) or {"": codes[uri]},
            uri,
            tuple(sorted(set(_texts(graph, uri, SKOS.altLabel)))),
            _parent(graph, uri, codes),
        )
        for uri in concepts
    ]


def _codes(notations: Mapping[str, list[str]]) -> dict[str, str]:
    """Return a code for each URI: its notation, the last part of the URI, or the URI if not one."""
    found = {uri: min(texts) if texts else _last_part(uri) for uri, texts in notations.items()}
    often = Counter(found.values())
    return {uri: code if code and often[code] == 1 else uri for uri, code in found.items()}


def _values(graph: Any, uri: str, predicate: Any) -> list[Any]:
    from rdflib import URIRef

    return list(graph.objects(URIRef(uri), predicate))


def _texts(graph: Any, uri: str, predicate: Any) -> list[str]:
    texts = (line_of(str(each))[:_MAX_LABEL] for each in _values(graph, uri, predicate))
    return [text for text in texts if text]


def _labels(graph: Any, uri: str, predicate: Any) -> dict[str, str]:
    found: dict[str, str] = {}
    for each in sorted(_values(graph, uri, predicate)):
        if text := line_of(str(each))[:_MAX_LABEL]:
            found.setdefault((getattr(each, "language", "") or "").casefold(), text)
    return found


def _parent(graph: Any, uri: str, codes: Mapping[str, str]) -> str | None:
    """Return the URI of the term above: of several, one in the vocabulary and first by code."""
    from rdflib import URIRef
    from rdflib.namespace import SKOS

    above = {str(each) for each in _values(graph, uri, SKOS.broader)}
    above |= {str(each) for each in graph.subjects(SKOS.narrower, URIRef(uri))}
    return min(above, key=lambda each: (each not in codes, codes.get(each, each)), default=None)
