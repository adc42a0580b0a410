"""The text tower as an MLflow model, loaded from this code: texts in, embeddings out."""

from pathlib import Path
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel


class CoverClip(PythonModel):
    """Embeds the texts of a column ``text``; covers are embedded by the cover index."""

    def load_context(self, context: Any) -> None:
        """Load the model from its folder."""
        from dustjacket.clip.model import load

        self._clip = load(Path(context.artifacts["model"]))

    def predict(
        self,
        context: Any,  # noqa: ARG002  # MLflow passes it by this name
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the embedding of each text, of unit length."""
        from dustjacket.clip.embed import embed_texts

        return pd.DataFrame({"embedding": list(embed_texts(self._clip, list(model_input["text"])))})


set_model(CoverClip())
