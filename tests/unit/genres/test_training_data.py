"""Training data: enough rows for the folds."""

import pandas as pd
import pytest

from dustjacket.errors import BadInputError
from dustjacket.genres.training_data import check_folds


def test_too_few_rows_for_the_folds_are_an_error():
    few = pd.DataFrame({"genre": ["a", "b"], "fold": [0, 1]})
    with pytest.raises(BadInputError, match="too small for 3 folds"):
        check_folds(few, 3)


def test_a_catalog_of_one_genre_is_an_error_that_more_rows_do_not_cure():
    one = pd.DataFrame({"genre": ["Poetry"] * 100, "fold": [row % 3 for row in range(100)]})
    with pytest.raises(BadInputError, match="one genre, 'Poetry': a classifier needs two"):
        check_folds(one, 3)
