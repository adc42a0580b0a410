"""The classifier as MLflow loads it, from this code: books in, likeliest genres out."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class GenreClassifier(PythonModel):
    """Predicts the genre of rows with ``title`` and, where known, ``author``, ``description``."""

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
        found = self._scorer.probabilities(
            list(model_input["title"]),
            _texts(model_input, "author"),
            descriptions=_texts(model_input, "description"),
        )
        return pd.DataFrame(
            {
                "genre": [self._scorer.genres[at] for at in found.argmax(axis=1)],
                "probability": found.max(axis=1),
            }
        )


def _texts(table: pd.DataFrame, name: str) -> list[str | None]:
    given = table.get(name, pd.Series(index=table.index, dtype=object))
    return [text if isinstance(text, str) else None for text in given]


set_model(GenreClassifier())
