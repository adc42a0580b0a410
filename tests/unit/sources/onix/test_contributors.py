"""Titles and contributors of ONIX."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.sample.onix import write_onix
from tests.support.onix import descriptive, rows_of, titled, values_of


def contributor(*, roles=("A01",), number="", **names):
    return (
        "<Contributor>"
        + (f"<SequenceNumber>{number}</SequenceNumber>" if number else "")
        + "".join(f"<ContributorRole>{role}</ContributorRole>" for role in roles)
        + "".join(f"<{name}>{text}</{name}>" for name, text in names.items())
        + "</Contributor>"
    )


def contributors_of(*contributors):
    return values_of(descriptive(titled() + "".join(contributors))).get("contributors")


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        ({"PersonName": "Jane Austen", "PersonNameInverted": "Austen, Jane"}, "Jane Austen"),
        ({"NamesBeforeKey": "Jane", "KeyNames": "Austen"}, "Jane Austen"),
        (
            {"TitlesBeforeNames": "Dr", "NamesBeforeKey": "Vincent", "PrefixToKey": "van",
             "KeyNames": "Gogh", "SuffixToKey": "Jr", "LettersAfterNames": "PhD"},
            "Vincent van Gogh Jr",
        ),
        ({"KeyNames": "Homer"}, "Homer"),
        ({"PersonNameInverted": "Austen, Jane"}, "Austen, Jane"),
        ({"CorporateName": "The Bauhaus"}, "The Bauhaus"),
        ({"UnnamedPersons": "02"}, "Anonymous"),
        ({"UnnamedPersons": "09"}, "AI"),
    ],
)  # fmt: skip
def test_a_name_is_taken_from_its_fullest_form(names, expected):
    assert contributors_of(contributor(**names)) == [{"name": expected, "role": "aut"}]


@pytest.mark.parametrize("code", ["01", "03", "05"])
def test_unknown_persons_and_voices_have_no_name(code):
    assert contributors_of(contributor(UnnamedPersons=code)) is None


def test_contributors_follow_their_sequence_numbers():
    found = contributors_of(
        contributor(number="10", PersonName="C", roles=["A12"]),
        contributor(number="2", PersonName="B", roles=["B06"]),
        contributor(number="1", PersonName="A"),
        contributor(PersonName="D", roles=["A36"]),
    )
    assert found == [
        {"name": "A", "role": "aut"},
        {"name": "B", "role": "trl"},
        {"name": "C", "role": "ill"},
        {"name": "D", "role": "cov"},
    ]


def test_a_person_of_several_roles_has_an_entry_for_each():
    found = contributors_of(contributor(PersonName="A", roles=["A01", "A12", "A14", "X99"]))
    assert [entry["role"] for entry in found] == ["aut", "ill", "oth"]


def test_other_names_of_a_contributor_are_not_taken():
    alias = "<AlternativeName><PersonName>Currer Bell</PersonName></AlternativeName>"
    found = contributors_of(
        "<Contributor><ContributorRole>A01</ContributorRole>"
        f"{alias}<PersonName>Charlotte Bronte</PersonName></Contributor>"
    )
    assert found == [{"name": "Charlotte Bronte", "role": "aut"}]


def test_a_statement_is_the_author_where_no_contributor_is():
    statement = "<ContributorStatement>by many hands</ContributorStatement>"
    assert values_of(descriptive(titled() + statement))["author"] == "by many hands"
    assert "author" not in values_of(
        descriptive(titled() + contributor(PersonName="A") + statement)
    )


def element(level="01", **parts):
    return (
        f"<TitleElement><TitleElementLevel>{level}</TitleElementLevel>"
        + "".join(f"<{name}>{text}</{name}>" for name, text in parts.items())
        + "</TitleElement>"
    )


def detail(*elements, kind="01"):
    return f"<TitleDetail><TitleType>{kind}</TitleType>{''.join(elements)}</TitleDetail>"


def title_of(*details):
    values = values_of(descriptive("".join(details)))
    return values.get("title"), values.get("subtitle")


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        ({"TitleText": "Emma", "Subtitle": "A Novel"}, ("Emma", "A Novel")),
        ({"TitlePrefix": "The", "TitleWithoutPrefix": "Hobbit"}, ("The Hobbit", None)),
        ({"TitlePrefix": "L'", "TitleWithoutPrefix": "Assommoir"}, ("L'Assommoir", None)),
        ({"TitleWithoutPrefix": "Emma"}, ("Emma", None)),
        ({"TitleText": "1984 &amp; after"}, ("1984 & after", None)),
        ({"Subtitle": "A Novel"}, (None, None)),
    ],
)
def test_a_title_is_text_or_prefix_and_rest(parts, expected):
    assert title_of(detail(element(**parts))) == expected


def test_the_distinctive_title_is_taken():
    original = detail(element(TitleText="Der Prozess"), kind="03")
    assert title_of(original, detail(element(TitleText="The Trial"))) == ("The Trial", None)
    assert title_of(original) == ("Der Prozess", None)


def test_the_title_of_a_collection_is_kept_apart():
    own = element(TitleText="The Two Towers", PartNumber="2")
    collection = element("02", TitleText="The Lord of the Rings")
    assert title_of(detail(collection, own)) == ("The Two Towers", None)
    series = f"<Collection><CollectionType>10</CollectionType>{detail(collection)}</Collection>"
    assert title_of(series, detail(own)) == ("The Two Towers", None)


def test_a_volume_without_a_title_has_the_collections_and_its_number():
    assert title_of(detail(element("02", TitleText="Naruto"), element(PartNumber="12"))) == (
        "Naruto, 12",
        None,
    )


def test_an_item_stands_for_a_product_without_a_title_of_its_own():
    assert title_of(
        detail(element("02", TitleText="Journal"), element("04", TitleText="Chapter"))
    ) == ("Chapter", None)


TEXT = st.text(st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp", "Zs"]), min_size=1).filter(
    lambda text: text == text.strip() and not {"\ufffe", "\uffff"} & set(text)
)


@settings(max_examples=60, deadline=None)
@given(
    title=TEXT,
    subtitle=st.none() | TEXT,
    names=st.lists(st.tuples(TEXT, st.sampled_from(["aut", "trl", "ill", "edt"])), unique=True),
    short=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-16", "iso-8859-1", "windows-1252", "gb18030"]),
)
def test_titles_and_contributors_survive_writing_and_reading(
    tmp_path_factory, title, subtitle, names, short, encoding
):
    book = {
        "title": title,
        **({"subtitle": subtitle} if subtitle else {}),
        **({"contributors": [{"name": n, "role": r} for n, r in names]} if names else {}),
    }
    file = tmp_path_factory.mktemp("onix") / "feed.xml"
    write_onix(file, [book], short=short, encoding=encoding)
    (row,) = rows_of(file.read_bytes())
    assert row.reason is None
    assert {key: row.values[key] for key in book} == book
