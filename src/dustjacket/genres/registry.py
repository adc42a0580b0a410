"""The classifier in MLflow's model registry."""

import logging
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, DataType, Schema

from dustjacket.genres.scorer import Scorer
from dustjacket.pipeline.kinds import Kind
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

REGISTERED, KIND = "genre-classifier", Kind.GENRE_CLASSIFIER
_SIGNATURE = ModelSignature(
    Schema(
        [
            ColSpec(DataType.string, "title"),
            *(ColSpec(DataType.string, name, required=False) for name in ("author", "description")),
        ]
    ),
    Schema(
        [
            ColSpec(DataType.string, "genre"),
            ColSpec(DataType.double, "probability"),
            ColSpec(DataType.boolean, "sure"),
        ]
    ),
)


def ensure_registered(
    folder: Path, scorer: Scorer, version: str, tags: dict[str, str]
) -> ModelVersion:
    """Return the registered model of a published version; log and register it if it is missing.

    Logs the model in the active run.

    Args:
        folder: the scorer's saved files.
        scorer: the scorer in those files.
        version: the version to publish; an earlier attempt may have registered it.
    """
    if registered := tracking.registered(REGISTERED, version=version):
        return registered
    extras = ["tracking", *(["sentences"] if scorer.model.encoder else [])]
    logged = mlflow.pyfunc.log_model(
        name=KIND,
        python_model=str(Path(__file__).with_name("mlflow_model.py")),
        artifacts={"scorer": str(folder)},
        signature=_SIGNATURE,
        input_example=pd.DataFrame({"title": ["The Time Machine"], "author": ["H. G. Wells"]}),
        pip_requirements=[f"dustjacket[{','.join(extras)}]"],
    )
    return tracking.register(REGISTERED, logged.model_uri, {"version": version, **tags})


def point_aliases(challenger: str, champion: str | None) -> None:
    """Point MLflow's aliases at registered versions; a version that was deleted is only reported.

    Args:
        champion: None leaves that alias where it is.
    """
    client = mlflow.MlflowClient()
    for alias, version in ((tracking.CHALLENGER, challenger), (tracking.CHAMPION, champion)):
        if version is None:
            continue
        try:
            client.set_registered_model_alias(REGISTERED, alias, version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            log.warning("%s version %s is gone: %s is not set", REGISTERED, version, alias)
