"""CLIP models in MLflow's registry."""

import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.models import infer_signature

from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store


def log_model(store: Store, manifest: Manifest) -> str:
    """Log the model of a published version in the active run; return its address in MLflow."""
    with tempfile.TemporaryDirectory() as scratch:
        store.download(manifest, Path(scratch), MODEL_FOLDER)
        example = pd.DataFrame({"text": ["The Time Machine by H. G. Wells"]})
        embedding = [[0.0]]
        logged = mlflow.pyfunc.log_model(
            name=f"{manifest.kind}",
            python_model=str(Path(__file__).with_name("mlflow_model.py")),
            artifacts={"model": str(Path(scratch) / MODEL_FOLDER)},
            signature=infer_signature(example, pd.DataFrame({"embedding": embedding})),
            pip_requirements=["dustjacket[clip]"],
        )
    uri: str = logged.model_uri
    return uri
