"""A cover generator as an MLflow model, loaded from this code: titles in, art as PNG files out."""

import io
from pathlib import Path
from pkgutil import resolve_name
from typing import Any

import pandas as pd
from mlflow.models import set_model
from mlflow.pyfunc.model import PythonModel
from PIL import Image


class CoverGenerator(PythonModel):
    """Draws textless art for the columns ``title`` and ``author``."""

    def load_context(self, context: Any) -> None:
        """Load the generator from its folder."""
        from dustjacket.generation.read import IMPLEMENTATIONS

        config = context.model_config
        load = resolve_name(IMPLEMENTATIONS[config["implementation"]])
        self._generator = load(Path(context.artifacts["model"]), config["version"])

    def predict(
        self,
        context: Any,  # noqa: ARG002  # MLflow passes it by this name
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,  # noqa: ARG002
    ) -> pd.DataFrame:
        """Return the art of each title as a PNG file."""
        from dustjacket.generation.generator import Request

        rows = zip(model_input["title"], model_input["author"], strict=True)
        drawn = self._generator.draw(
            [Request(title=title, author=author) for title, author in rows]
        )
        return pd.DataFrame({"png": [_png(pixels) for pixels in drawn]})


def _png(pixels: Any) -> bytes:
    body = io.BytesIO()
    Image.fromarray(pixels).save(body, "PNG")
    return body.getvalue()


set_model(CoverGenerator())
