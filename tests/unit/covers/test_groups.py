"""Connected components of near-duplicate covers."""

import pandas as pd

from dustjacket.covers.groups import near_duplicate_groups


def test_linked_near_duplicates_share_a_group_number_and_others_do_not():
    keys = pd.Series(list("abcdef"))
    pairs = pd.DataFrame({"key": ["c", "f"], "other_key": ["a", "c"]})
    a, b, c, d, e, f = near_duplicate_groups(keys, pairs)
    assert a == c == f
    assert len({a, b, d, e}) == 4


def test_without_pairs_each_cover_is_its_own_group():
    pairs = pd.DataFrame({"key": [], "other_key": []})
    assert len(set(near_duplicate_groups(pd.Series(["a", "b"]), pairs))) == 2
