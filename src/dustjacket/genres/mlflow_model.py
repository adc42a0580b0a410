"""The classifier as MLflow loads it, from this code: books in, likeliest genres out."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class GenreClassifier(PythonModel):
    """Predicts the genre of each row with ``title`` and, where known, ``author``."""

    def load_context(self, context: Any) -> None:
        """Load the scorer from its folder."""
        from dustjacket.genres.scorer import Scorer

        self._scorer = Scorer.load(Path(context.artifacts["scorer"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002  # named as MLflow calls it
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the likeliest genre of each row, and its probability."""
        given = model_input.get("author", pd.Series(index=model_input.index, dtype=object))
        authors = [author if isinstance(author, str) else None for author in given]
        found = self._scorer.probabilities(list(model_input["title"]), authors)
        return pd.DataFrame(
            {
                "genre": [self._scorer.genres[at] for at in found.argmax(axis=1)],
                "probability": found.max(axis=1),
            }
        )


set_model(GenreClassifier())
