import pandas as pd

from dustjacket.retrieval.build import looks


def test_covers_that_hang_together_by_looks_share_a_number_and_no_others_do():
    keys = pd.Series(list("abcdef"))
    alike = pd.DataFrame({"key": ["c", "f"], "other_key": ["a", "c"]})
    a, b, c, d, e, f = looks(keys, alike)
    assert a == c == f
    assert len({a, b, d, e}) == 4


def test_no_look_alikes_are_no_trouble():
    assert len(set(looks(pd.Series(["a", "b"]), pd.DataFrame({"key": [], "other_key": []})))) == 2
