import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.evaluation.search import misspell


def distance(one, other):
    """Return the optimal string alignment distance (Damerau 1964, Levenshtein 1966)."""
    table = np.zeros((len(one) + 1, len(other) + 1), int)
    table[:, 0], table[0, :] = range(len(one) + 1), range(len(other) + 1)
    for i, a in enumerate(one, 1):
        for j, b in enumerate(other, 1):
            table[i, j] = min(
                table[i - 1, j] + 1, table[i, j - 1] + 1, table[i - 1, j - 1] + (a != b)
            )
            if i > 1 and j > 1 and a == other[j - 2] and one[i - 2] == b:
                table[i, j] = min(table[i, j], table[i - 2, j - 2] + 1)
    return table[-1, -1]


@given(st.text(max_size=40), st.integers(0, 2**32))
def test_one_edit_is_at_most_one_typing_error(title, seed):
    assert distance(title, misspell(title, 1, np.random.default_rng(seed))) <= 1


def test_a_title_is_misspelt_and_a_short_one_is_kept():
    rng = np.random.default_rng(1)
    misspelt = [misspell("The Power of Now", 2, rng) for _ in range(100)]
    assert sum(title != "The Power of Now" for title in misspelt) > 95
    assert misspell("Emma", 0, rng) == "Emma"
    assert misspell("三体", 2, rng) == "三体"
    assert misspell("It 4", 2, rng) == "It 4"
