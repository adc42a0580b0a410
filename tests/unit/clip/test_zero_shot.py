"""Zero-shot classification: a class stands where the mean of its prompts stands."""

import numpy as np

from dustjacket.clip.zero_shot import GENRE_TEMPLATES, embed_genres


def test_a_genre_is_the_mean_of_its_prompts_at_unit_length():
    vectors = {"Art": [1.0, 0.0], "a book of Art": [1.0, 0.0], "the cover of a book, Art": [1, 3]}
    vectors |= {template.format("Law"): [0.0, 2.0] for template in GENRE_TEMPLATES}
    found = embed_genres(lambda texts: np.array([vectors[text] for text in texts]), ["Art", "Law"])
    np.testing.assert_allclose(found, [[2**-0.5, 2**-0.5], [0, 1]])
