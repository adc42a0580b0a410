"""Names of persons, in any order and form."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.identity.persons import author_key, family_names, persons


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("J. R. R. Tolkien", ["jrr tolkien"]),
        ("JRR Tolkien", ["jrr tolkien"]),
        ("Tolkien, J.R.R.", ["jrr tolkien"]),
        ("Carroll, Lewis, 1832-1898", ["lewis carroll"]),
        ("Carroll, Lewis (1832-1898)", ["lewis carroll"]),
        ("Rooney, Sally, 1991-", ["sally rooney"]),
        ("García Márquez, Gabriel", ["gabriel garcia marquez"]),
        ("Le Guin, Ursula K.", ["ursula k le guin"]),
        ("Gaiman, Neil; Pratchett, Terry", ["neil gaiman", "terry pratchett"]),
        ("Pratchett, Terry, Gaiman, Neil", ["terry pratchett", "neil gaiman"]),
        ("Neil Gaiman and Terry Pratchett", ["neil gaiman", "terry pratchett"]),
        ("Paulo Coelho, Alan R. Clarke", ["paulo coelho", "alan r clarke"]),
        ("J.K. Rowling, Mary GrandPré, Rufus Beck", ["jk rowling", "mary grandpre", "rufus beck"]),
        ("by Jane Austen", ["jane austen"]),
        ("Austen, Jane (Author)", ["jane austen"]),
        ("Oliver Sacks, M.D.", ["oliver sacks"]),
        ("Oliver Sacks M. D.", ["oliver sacks"]),
        ("Hervé Janecek Ph.D.", ["herve janecek"]),
        ("Disney, Inc.", ["disney"]),
        ("Martin Luther King, Jr.", ["martin luther king"]),
        ("Malcolm X", ["malcolm x"]),
        ("Толстой Л. Н.", ["лн толстой"]),  # noqa: RUF001
        ("Cervantes Saavedra, Miguel de", ["miguel de cervantes saavedra"]),
        ("山田 太郎", ["山田 太郎"]),
        ("1832", ["1832"]),
        ("Anonymous", []),
        ("Various Authors", []),
        ("?!", []),
        ("", []),
    ],
)
def test_a_field_names_its_persons_given_name_first(text, expected):
    assert list(persons(text)) == expected


def test_family_names_are_equal_whatever_the_form_of_the_name():
    names = ["Terry Pratchett", "T. Pratchett", "Pratchett, Terry", "Sir Terry Pratchett"]
    assert set(map(family_names, names)) == {("pratchett",)}
    assert family_names("村上春樹") == family_names("村上 春樹")
    assert family_names("X, Malcolm") == family_names("Malcolm X")


NAMES = st.sampled_from(["Jane Austen", "Austen, Jane", "J. R. R. Tolkien", "Ngũgĩ wa Thiong'o"])


@given(st.lists(NAMES, min_size=1, max_size=5), st.randoms(use_true_random=False))
def test_the_order_of_persons_makes_no_difference(names, random):
    shuffled = random.sample(names, len(names))
    assert author_key("; ".join(names)) == author_key(" & ".join(shuffled))


@given(st.text(max_size=300))
def test_any_text_names_persons_and_the_same_ones_again(text):
    key = author_key(text)
    assert author_key(key) == author_key(author_key(key))
    assert all(family_names(text))
