"""Published models in MLflow's registry, and the alias ``@champion`` of the one that serves."""

import logging
from pkgutil import resolve_name

import mlflow
from mlflow.entities.model_registry import ModelVersion
from mlflow.exceptions import MlflowException

from dustjacket.errors import DustjacketError
from dustjacket.pipeline.families import ModelFamily
from dustjacket.promotion.mirror import mirrored
from dustjacket.promotion.promote import finish
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)


def ensure_registered(store: Store, family: ModelFamily, manifest: Manifest) -> ModelVersion:
    """Return the registered model in MLflow that mirrors a published version.

    A new one is logged in the active run, which must exist.
    """
    tags = mirrored(manifest, family)
    if existing := tracking.registered(family.registered, **tags):
        return existing
    uri: str = resolve_name(family.log_model)(store, manifest)
    card: str = resolve_name(family.card)(store, manifest)
    return tracking.register(family.registered, uri, tags, card)


def ensure_champion(store: Store, family: ModelFamily, starting: Manifest | None = None) -> None:
    """Point ``@champion`` at the model that serves; register that if MLflow has lost it.

    The model is logged in the active run, which must exist.

    Args:
        starting: serves before the first promotion, unless other starting weights have the alias.
    """
    finish(store, family)
    serving = store.newest(family.champion)
    if serving is None:
        shown = tracking.with_alias(family.registered, tracking.CHAMPION)
        serving = None if shown and shown.tags.get("kind") == family.starting else starting
    if serving:
        tracking.point_alias(ensure_registered(store, family, serving), tracking.CHAMPION)


def restore_champion(store: Store, family: ModelFamily) -> None:
    """Register the promoted model again, in a run of its own, if ``@champion`` is missing.

    A failure is logged: the model serves without the alias.
    """
    tracking.connect(store.settings)
    serving = store.newest(family.champion)
    if serving is None or tracking.with_alias(family.registered, tracking.CHAMPION):
        return
    try:
        tracking.use_experiment(family.registered)
        with mlflow.start_run(run_name=f"{serving.kind}/{serving.version}"):
            ensure_champion(store, family)
    except (DustjacketError, MlflowException, OSError) as error:
        log.warning("%s is not registered in MLflow: %s", serving.version, error)
