"""Published CLIP models in MLflow, and the alias ``@champion`` of the one that serves."""

import logging
import tempfile
from pathlib import Path

import mlflow
import pandas as pd
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException
from mlflow.models import infer_signature

from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.mirror import mirrored
from dustjacket.promotion.promote import finish
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)

REGISTERED = tracking.CLIP


def ensure_registered(store: Store, manifest: Manifest) -> ModelVersion:
    """Return the version of ``cover-clip`` in MLflow that mirrors a published one.

    A new version is logged in the active run, which must exist.
    """
    tags = mirrored(manifest)
    if existing := tracking.registered(REGISTERED, **tags):
        return existing
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
    return tracking.register(REGISTERED, logged.model_uri, tags)


def ensure_champion(store: Store, starting: Manifest | None = None) -> None:
    """Point ``@champion`` at the model that serves; register that if MLflow has lost it.

    The model is logged in the active run, which must exist.

    Args:
        starting: serves before the first promotion, unless other starting weights have the alias.
    """
    finish(store)
    serving = store.newest(Kind.COVER_CLIP)
    if serving is None:
        shown = tracking.with_alias(REGISTERED, tracking.CHAMPION)
        serving = None if shown and shown.tags.get("kind") == Kind.STARTING_CLIP else starting
    if serving:
        tracking.point_alias(ensure_registered(store, serving), tracking.CHAMPION)


def restore_champion(store: Store) -> None:
    """Register the promoted model again, in a run of its own, if ``@champion`` is missing.

    A failure is logged: the model serves without the alias.
    """
    tracking.connect(store.settings)
    serving = store.newest(Kind.COVER_CLIP)
    if serving is None or tracking.with_alias(REGISTERED, tracking.CHAMPION):
        return
    try:
        tracking.use_experiment(REGISTERED)
        with mlflow.start_run(run_name=f"{serving.kind}/{serving.version}"):
            ensure_champion(store)
    except (DustjacketError, MlflowException, OSError) as error:
        log.warning("%s is not registered in MLflow: %s", serving.version, error)
