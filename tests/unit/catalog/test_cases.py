"""Listings as they are found in the world: what is read of each, and what is said of the others."""

import re
from collections.abc import Callable
from dataclasses import dataclass, field

import pytest

from dustjacket.errors import BadInputError
from tests.support.cases import CASES, PORT, given, need_cases, server
from tests.support.listings import ingest, store_in

FROM_SERVER = ("A River in Winter", "Bread at Home", "The Long Orbit", "Notes on Rome")
FOUR = ("Dune", "Foundation", "Emma", "Persuasion")


@dataclass(frozen=True)
class Expected:
    """What comes out of a case.

    Attributes:
        titles: of the books, in order; None: not checked.
        columns: other columns of the books, in order.
        reasons: of the rejected rows, in order; None: not checked.
        error: what the one line of a refusal says, as a regular expression.
        check: what else holds.
        given: parameters beside those of the case.
    """

    titles: tuple[str, ...] | None = None
    columns: dict[str, tuple] = field(default_factory=dict)
    reasons: tuple[str, ...] | None = None
    error: str = ""
    check: Callable | None = None
    given: dict = field(default_factory=dict)


def books(*titles, reasons=(), check=None, **columns):
    return Expected(titles, columns, reasons, check=check)


def refused(error):
    return Expected(error=error)


def one_side_each(pairs):
    """Return a check that rows of a pair are one book, or on one side of the split."""

    def check(found):
        sides = {book["position"]: book["split"] for book in found.books}
        left = {row["position"] for row in found.rejected}
        for pair in pairs:
            assert left.intersection(pair) or len({sides[row] for row in pair}) == 1, pair

    return check


def no_header_is_a_book(found):
    assert "title" not in {title.casefold() for title in found.titles}
    assert {"Dune", "Emma", "Ubik", "Valis", "Solaris"} <= set(found.titles)


def is_accounted_for(found):
    """A cut emoji costs at most its own row."""
    assert {"Emma", "Odyssey"} <= set(found.titles)
    assert len(found.books) + len(found.rejected) == 3


def selected_poems_are_two_books_on_one_side(found):
    assert found.titles.count("Selected Poems") == found.titles.count("Calculus") == 2
    for title in ("Selected Poems", "Calculus"):
        assert len({book["split"] for book in found.books if book["title"] == title}) == 1


def calibres_are_one_book(found):
    sides = {book["split"] for book in found.books if book["title"] == "Good Omens"}
    assert len(sides) == 1


EXPECTED = {
    "01-bookcrossing-semicolon": books(
        "Classical Mythology", "The Mummies of Urumchi", "Wie Barney es sieht - Köln",
        "Mary-Kate & Ashley Switching Goals", 'DK Readers: "How It All Began" (Level 4)',
    ),
    "02-bookcrossing-comma-backslash": Expected(
        check=lambda found: (
            ({"Classical Mythology", "Timeline", "Airframe", "Love, Medicine and Miracles"}
            <= set(found.titles)
            and not any(title.endswith("Michael T.") for title in found.titles))
            or pytest.fail(str(found.titles))
        ),
    ),
    "03-goodreads-export": books(
        "The Hunger Games (The Hunger Games, #1)", "Hyperion (Hyperion Cantos, #1)", "Emma",
        "Persuasion", isbn13=("9780439023481", "9780553283686", None, None),
    ),
    "04-goodbooks-10k": books(
        "The Hunger Games (The Hunger Games, #1)", "Catching Fire (The Hunger Games, #2)",
        "Angels & Demons (Robert Langdon, #1)", "The Da Vinci Code (Robert Langdon, #2)",
        "Harry Potter and the Prisoner of Azkaban (Harry Potter, #3)",
        isbn13=("9780439023481", "9780439023498", "9781416524793", "9780307277671",
                "9780439655484"),
    ),
    "06-amazon-reviews-2023-meta": Expected(
        titles=("Dune", "Foundation", "Emma", "Persuasion"),
        columns={"author": ("Frank Herbert", "Isaac Asimov", "Jane Austen", None)},
    ),
    "07-ucsd-goodreads-json-gz": books(
        "W.C. Fields: A Life on Film", "Good Harbor",
        "The Unschooled Wizard (Sun Wolf and Starhawk, #1-2)", "Best Friends Forever",
        author=(None, None, None, None),
    ),
    "09-openlibrary-dump": Expected(titles=("Dune", "Emma"), given={"min_rows_per_genre": 1}),
    "11-calibre-catalog": Expected(check=calibres_are_one_book),
    "12-librarything-utf16-tsv": Expected(
        titles=("Dune", "L'Étranger"), given={"min_rows_per_genre": 1}
    ),
    "13-british-library-bnb": books(
        "The blue lotus", "The Sandman", author=("Hergé", "Gaiman, Neil"),
    ),
    "14-html-entities": Expected(
        titles=("Mary-Kate & Ashley Switching Goals", "Finnegan's Wake", "Dérèglement",
                "Підручник", "Emma", "AT&T and R&D"),
        columns={"genre": ("Literature & Fiction",) * 6},
    ),
    "16-different-books-merged": Expected(
        titles=("C Primer Plus", "C++ Primer Plus", "ガラス", "カラス", "दिन", "दान", "Мой", "Мои",
                "Beginning C#", "Beginning C"),
    ),
    "17-null-strings": Expected(
        check=lambda found: (
            (found.book("Dune")["author"] is found.book("Emma")["author"] is None
            and {row["position"]: row["reason"] for row in found.rejected}.items()
            >= dict.fromkeys((3, 4, 5, 6, 7, 8), "no_genre").items())
            or pytest.fail(f"{found.books} {found.rejected}")
        ),
    ),
    "19a-header-nbsp": books("Dune", "Emma"),
    "19b-double-bom": books("Dune", "Emma"),
    "20a-seven-column-header": books(*FOUR),
    "21-trailing-delimiter": books("Dune", "Emma", "Persuasion"),
    "22a-mixed-line-endings": books("Dune", "Emma", "Line break", "CR alone", "Last"),
    "22b-cr-only": books(*FOUR),
    "23-repeated-headers": Expected(check=no_header_is_a_book),
    "24a-gz-named-csv": books(*FOUR),
    "24b-csv-named-gz": books(*FOUR),
    "24c-gz-two-members": books(*FOUR),
    "24d-zst-two-frames": books(*FOUR),
    "24e-gz-truncated": refused("damaged"),
    "24f-xz-two-streams": books(*FOUR),
    "25a-zip": books(*FOUR),
    "25b-tar-gz": Expected(
        check=lambda found: (
            (found.titles == [*FOUR, *(f"Book {number}" for number in range(len(found.titles) - 4))]
            and found.rejected == [])
            or pytest.fail(str(found.titles[:9]))
        )
    ),
    "26a-zero-bytes": refused("empty"),
    "26b-header-only": refused("no row|has no readable row"),
    "27a-jsonl-first-row-sparse": books(
        "Beowulf", "Emma", "Odyssey", author=(None, "Jane Austen", "Homer"),
        description=(None, "A novel", None), isbn13=(None, "9780141439587", None),
    ),
    "27c-jsonl-lone-surrogate": Expected(check=is_accounted_for),
    "27d-jsonl-nan": books(
        "Emma", "Odyssey", "1984", "1984", author=(None, "Homer", "George Orwell", "George O"),
        reasons=("no_genre", "no_genre"),
    ),
    "27e-json-array": books("Emma", "Odyssey"),
    "28b-parquet-pandas-types": books(
        "Emma", "Persuasion", "1984", author=(None, None, None),
        isbn13=("9780141439587", "9780141439686", None),
    ),
    "28c-parquet-nested": Expected(
        titles=("Emma", "Persuasion"), columns={"genre": ("Romance", "Romance")},
        check=lambda found: all(book["author"].startswith("Jane Austen") for book in found.books)
        or pytest.fail(str(found.books)),
    ),
    "28d-parquet-hive-partitions": Expected(
        check=lambda found: (
            {(book["title"], book["genre"]) for book in found.books}
            == {("Emma", "Romance"), ("Persuasion", "Romance"), ("Dune", "Fantasy"),
                ("Ubik", "Fantasy")}
            or pytest.fail(str(found.books))
        ),
    ),
    "29b-csv-stray-quotes": Expected(
        check=lambda found: (
            ({'He said "Hi"', "Plain", "A, B"} <= set(found.titles)
            and len(found.books) + len(found.rejected) == 7
            and {"malformed_quotes", "unclosed_quote"} >= set(found.reasons))
            or pytest.fail(f"{found.titles} {found.reasons}")
        ),
    ),
    "30-sep-line": books(*FOUR),
    "31a-folder-spark-csv": books(*FOUR),
    "31b-folder-with-readme": books(*FOUR),
    "32-genre-spellings": Expected(
        check=lambda found: (
            {book["title"]: book["genre"] for book in found.books}.items()
            >= {"Dune": "Science Fiction", "Ubik": "Science Fiction", "Valis": "Science Fiction",
                "Rien": "Poésie", "Tout": "Poésie", "Emma": "Romance"}.items()
            or pytest.fail(str(found.books))
        ),
    ),
    "33-near-duplicates-leak": Expected(
        check=one_side_each([(row, row + 1) for row in range(1, 40, 2)])
    ),
    "34-same-isbn": Expected(check=one_side_each([(1, 2), (3, 4)])),
    "35-mixed-encodings": books(
        "Café", "Café noir", "Café crème", "“Quoted” \u2013 dash…", "Naïve “smart”",
        author=("José", "José B", "José C", "A B", "D E"),
    ),
    "35b-cp1251": Expected(
        check=lambda found: len(found.books) == 2 or pytest.fail(str(found.books))
    ),
    "36-bestsellers-seven-columns": Expected(
        titles=("10-Day Green Smoothie Cleanse", "11/22/63: A Novel",
                "12 Rules for Life: An Antidote to Chaos", "1984 (Signet Classics)"),
        check=lambda found: len(found.rejected) == 1 or pytest.fail(str(found.rejected)),
    ),
    "37-control-and-lengths": Expected(
        check=lambda found: (
            (len(found.books) == 3
            and {"control_characters", "title_too_long", "author_too_long", "punctuation_title"}
            == set(found.reasons))
            or pytest.fail(f"{found.titles} {found.reasons}")
        ),
    ),
    "38-kaggle-amazon-books-data": books(
        "Its Only Art If Its Well Hung!", "Dr. Seuss: American Icon",
        "Whispers of the Wicked Saints", "Good Omens",
        author=("Julie Strain", "Philip Nel", "Veronica Haddon", "Neil Gaiman, Terry Pratchett"),
        genre=("Comics & Graphic Novels", "Biography & Autobiography", "Fiction", "Fiction"),
    ),
    "39a-lone-cr-in-field": books("Emma A Novel", "Persuasion", "Dune", "Ubik"),
    "39c-folder-with-non-utf8-name": books("Emma", "Persuasion"),
    "39d-xlsx": refused("ZIP|spreadsheet|workbook"),
    "39e-no-author-column-same-titles": Expected(check=selected_poems_are_two_books_on_one_side),
    "52a-listing-by-http": Expected(titles=FROM_SERVER, given={"min_rows_per_genre": 1}),
    "52b-listing-by-http-query": Expected(titles=FROM_SERVER, given={"min_rows_per_genre": 1}),
    "52c-listing-by-http-html": refused("web page|HTML"),
    "52d-listing-by-http-gz": Expected(titles=FROM_SERVER, given={"min_rows_per_genre": 1}),
}  # fmt: skip


@pytest.fixture(scope="module")
def port(tmp_path_factory):
    need_cases()
    with server(tmp_path_factory.mktemp("server") / "log") as port:
        yield port


def test_every_case_of_a_listing_has_its_expectation():
    need_cases()
    kinds = {path.parent.name: path.read_text() for path in CASES.glob("*/cmd.json")}
    assert {name for name, text in kinds.items() if '"catalog"' in text} == set(EXPECTED)


@pytest.mark.parametrize("name", EXPECTED)
def test_a_listing_is_read_as_a_person_expects(name, tmp_path, request):
    need_cases()
    expected = EXPECTED[name]
    case = given(name)
    source = case.source
    if "://" in source:
        source = source.replace(PORT, str(request.getfixturevalue("port")))
    store = store_in(tmp_path, **case.settings)
    parameters = case.parameters | expected.given
    if expected.error:
        with pytest.raises(BadInputError, match=expected.error) as caught:
            ingest(source, store, **parameters)
        assert "\n" not in str(caught.value)
        assert len(str(caught.value)) < 1000
        return
    found = ingest(source, store, **parameters)
    containers = [
        (name, value)
        for book in found.books
        for name, value in book.items()
        if isinstance(value, str) and re.match(r"[\[{]['\"{\[]", value)
    ]
    assert not containers
    if expected.titles is not None:
        assert found.titles == list(expected.titles)
    for column, values in expected.columns.items():
        assert [book[column] for book in found.books] == list(values)
    if expected.reasons is not None:
        assert sorted(found.reasons) == sorted(expected.reasons)
    if expected.check:
        expected.check(found)
