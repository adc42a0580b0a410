"""A check of MLflow's aliases against the ledger, which decides which model serves."""

from botocore.exceptions import BotoCoreError, ClientError
from mlflow.exceptions import MlflowException

from dustjacket.errors import DustjacketError
from dustjacket.pipeline.families import FAMILIES, ModelFamily
from dustjacket.platform.server_checks import Finding
from dustjacket.promotion.mirror import mirrored
from dustjacket.settings import Settings
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

_CURE = "`dustjacket repair` sets it back; `dustjacket rollback` changes what serves"


def check_aliases(settings: Settings) -> list[Finding]:
    """Return a finding for the ``@champion`` of each family that has one, or should.

    Where the object store or MLflow does not answer, which other checks find, there is none.
    """
    try:
        tracking.connect(settings)
        store = Store(settings)
        return [found for family in FAMILIES.values() if (found := _check(store, family))]
    except (DustjacketError, MlflowException, BotoCoreError, ClientError):
        return []


def _check(store: Store, family: ModelFamily) -> Finding | None:
    alias = f"{family.registered}@{tracking.CHAMPION}"
    shown = tracking.with_alias(family.registered, tracking.CHAMPION)
    tags = shown.tags if shown else {}
    found = f"{tags.get('kind')}/{tags.get('version')}" if shown else ""
    if serving := store.newest(family.champion):
        names = mirrored(serving, family)
        expected = f"{names['kind']}/{names['version']}"
        if found != expected:
            text = f"it is {found or 'missing'}, {expected} serves"
            return Finding(alias, "warning", text, _CURE)
    elif shown and tags.get("kind") != family.starting:
        return Finding(alias, "warning", f"it is {found}, which was never promoted", _CURE)
    return Finding(alias, "ok", found) if found else None
