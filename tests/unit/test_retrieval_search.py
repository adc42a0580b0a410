import numpy as np
import pandas as pd

from dustjacket.retrieval.search import CoverIndex

INDEX = CoverIndex(
    np.eye(3, dtype=np.float32),
    pd.DataFrame(
        {
            "key": ["a", "b", "c"],
            "title": ["Emma", "Dracula", "Emma"],
            "author": ["Jane Austen", None, None],
            "category": [None, "Horror", None],
        }
    ),
    {},
)


def test_the_nearest_cover_comes_first():
    found = INDEX.nearest(np.array([0.1, 0.9, 0.3]), top=2)
    assert [match.key for match in found] == ["b", "c"]
    assert found[0].title == "Dracula"
    assert found[0].author is None


def test_asking_for_more_than_there_is_gives_all():
    assert len(INDEX.nearest(np.array([1.0, 0, 0]), top=10)) == 3
