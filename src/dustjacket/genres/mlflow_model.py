"""The classifier as an MLflow model from code. Logged models name this file: it must stay here."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class GenreClassifier(PythonModel):
    """Predicts the genre of rows with ``title`` and optional ``author`` and ``description``."""

    def load_context(self, context: Any) -> None:
        """Load the scorer from its folder."""
        from dustjacket.genres.scorer import Scorer

        self._scorer = Scorer.load(Path(context.artifacts["scorer"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002  # MLflow passes it by name
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the likeliest genre of each row, its probability, and whether it is sure."""
        predicted = self._scorer.predict(
            list(model_input["title"]),
            _texts(model_input, "author"),
            descriptions=_texts(model_input, "description"),
        )
        answers = predicted.answers(alternatives=0)
        return pd.DataFrame(
            [(answer.genre, answer.probability, answer.sure) for answer in answers],
            columns=["genre", "probability", "sure"],
        )


def _texts(table: pd.DataFrame, name: str) -> list[str | None]:
    column = table.get(name, pd.Series(index=table.index, dtype=object))
    return [text if isinstance(text, str) else None for text in column]


set_model(GenreClassifier())
