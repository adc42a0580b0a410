"""Training data: enough rows for the folds."""

import pandas as pd
import pytest

from dustjacket.errors import BadInputError
from dustjacket.genres.training_data import check_folds


def test_too_few_rows_for_the_folds_are_an_error():
    few = pd.DataFrame({"genre": ["a", "b"], "fold": [0, 1]})
    with pytest.raises(BadInputError, match="too small for 3 folds"):
        check_folds(few, 3)
