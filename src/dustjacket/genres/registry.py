"""The classifier in MLflow's model registry."""

import logging
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import ModelSignature
from mlflow.types.schema import ColSpec, DataType, Schema

from dustjacket.genres.facts import ClassifierFacts
from dustjacket.genres.scorer import Scorer
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from dustjacket.tracking.model_card import model_card

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
    folder: Path, scorer: Scorer, version: str, tags: dict[str, str], card: str
) -> ModelVersion:
    """Return the registered model of a published version; log and register it if it is missing.

    Logs the model in the active run.

    Args:
        folder: the scorer's saved files.
        scorer: the scorer in those files.
        version: the version to publish; an earlier attempt may have registered it.
        card: the model card, as Markdown.
    """
    if registered := tracking.registered(REGISTERED, version=version):
        return registered
    encoded = scorer.model.encoder or (scorer.subjects and scorer.subjects.encoder)
    extras = ["tracking", *(["sentences"] if encoded else [])]
    logged = mlflow.pyfunc.log_model(
        name=KIND,
        python_model=str(Path(__file__).with_name("mlflow_model.py")),
        artifacts={"scorer": str(folder)},
        signature=_SIGNATURE,
        input_example=pd.DataFrame({"title": ["The Time Machine"], "author": ["H. G. Wells"]}),
        pip_requirements=[f"dustjacket[{','.join(extras)}]"],
    )
    return tracking.register(REGISTERED, logged.model_uri, {"version": version, **tags}, card)


def classifier_card(
    store: Store, parents: Mapping[str, str], facts: ClassifierFacts, parameters: Mapping[str, Any]
) -> str:
    """Return the model card of a classifier, as Markdown."""
    sections = {
        "Model": f"{facts.outcome(parameters)}\n\n{facts.details(parameters)}",
        "Intended use": "To suggest the genre of a book from its title, author and description, "
        "and to label covers for training. A person decides.",
        "Not for": "Judging books or authors, or libraries with other genres. It says where it is "
        "not sure; such answers are guesses.",
        "Limits": "Figures are for held-out books of the same listing; other sources, languages "
        f"and decades are not tested. It knows {len(facts.genres)} genres and no other.",
    }
    return model_card(store, parents, sections)


def point_aliases(challenger: str, champion: str | None) -> None:
    """Point MLflow's aliases at registered versions; a version that was deleted is only reported.

    Args:
        champion: None leaves that alias where it is.
    """
    client = mlflow.MlflowClient()
    if challenger == champion:  # it challenges nothing any more
        client.delete_registered_model_alias(tracking.own_name(REGISTERED), tracking.CHALLENGER)
    for alias, version in ((tracking.CHALLENGER, challenger), (tracking.CHAMPION, champion)):
        if version is None or (alias == tracking.CHALLENGER and challenger == champion):
            continue
        try:
            client.set_registered_model_alias(tracking.own_name(REGISTERED), alias, version)
        except MlflowException as error:
            if error.error_code != "RESOURCE_DOES_NOT_EXIST":
                raise
            log.warning("%s version %s is gone: %s is not set", REGISTERED, version, alias)
