"""A test cover that looks like a training cover is found by its two hashes."""

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.covers.hashes import (
    MAX_DHASH_DISTANCE,
    MAX_VHASH_DISTANCE,
    perceptual_hashes,
)
from dustjacket.evaluation.leakage import find_leaked
from tests.support.images import drawn


def looks(*hashes):
    return pd.DataFrame(hashes, columns=["dhash", "vhash"])


def flipped(number, bits):
    for bit in bits:
        number ^= 1 << bit
    return f"{number:016x}"


@given(
    st.integers(0, 2**64 - 1),
    st.integers(0, 2**64 - 1),
    st.sets(st.integers(0, 63), max_size=8),
    st.sets(st.integers(0, 63), max_size=12),
)
def test_what_leaks_is_what_differs_in_few_bits_of_both_hashes(one, other, across, down):
    tested = looks((f"{one:016x}", f"{other:016x}"))
    trained = looks((flipped(one, across), flipped(other, down)))
    near = len(across) <= MAX_DHASH_DISTANCE and len(down) <= MAX_VHASH_DISTANCE
    assert find_leaked(tested, trained).tolist() == [near]


def test_a_smaller_copy_leaks_and_another_cover_does_not():
    hashes = [perceptual_hashes(drawn(seed).convert("L")) for seed in range(30)]
    tested = looks(*hashes[:10])
    copy = perceptual_hashes(drawn(3).resize((150, 225)).convert("L"))
    assert np.flatnonzero(find_leaked(tested, looks(*hashes[10:], copy))).tolist() == [3]


def test_a_cover_without_hashes_is_like_none():
    known = ("0" * 16, "0" * 16)
    assert find_leaked(looks((None, None), known), looks(known)).tolist() == [False, True]
    assert find_leaked(looks(known), looks((None, None))).tolist() == [False]
    assert find_leaked(looks(known).head(0), looks(known)).tolist() == []
