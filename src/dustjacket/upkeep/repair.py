"""Make again, from the bucket, what was lost with the databases: registry, aliases, team defaults.

The manifests and the ledger decide. What is in place already is left as it is; an alias that was
moved by hand is set back.
"""

import logging
import tempfile
from collections.abc import Callable
from pathlib import Path

import mlflow

from dustjacket.genres.facts import ClassifierFacts
from dustjacket.genres.read import SCORER, load_scorer
from dustjacket.genres.registry import KIND, classifier_card, ensure_registered, point_aliases
from dustjacket.pipeline.families import FAMILIES, ModelFamily
from dustjacket.pipeline.steps import in_use
from dustjacket.pipeline.team_defaults import stored_copy
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.registry import ensure_champion
from dustjacket.promotion.registry import ensure_registered as ensure_model
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from dustjacket.upkeep.inventory import take_inventory

log = logging.getLogger(__name__)

Report = Callable[[str], None]


def repair_registry(store: Store, report: Report) -> None:
    """Register in MLflow what the bucket holds, and set its tags and aliases.

    Raises:
        DustjacketError: MLflow is not available, or a model cannot be read.
    """
    tracking.connect(store.settings)
    published = [
        stored.manifest
        for stored in sorted(take_inventory(store).values(), key=lambda each: each.age_order)
        if stored.manifest
    ]
    for family in FAMILIES.values():
        _repair_family(store, family, published, report)
    classifiers = [manifest for manifest in published if manifest.kind == KIND]
    if classifiers:
        _repair_classifiers(store, classifiers[-1], report)


def _repair_family(
    store: Store, family: ModelFamily, published: list[Manifest], report: Report
) -> None:
    models = [manifest for manifest in published if manifest.kind in family.weights]
    if not models and not store.newest(family.champion):
        return
    tracking.use_experiment(family.registered)
    missing = [m for m in models if not _registered(family, m)]
    with mlflow.start_run(run_name="repair"):
        for model in missing:
            ensure_model(store, family, model)
            report(f"registered {model.kind}/{model.version} as {family.registered}")
        _tag_models(store, family)
        starting = [m for m in models if m.kind == family.starting]
        newest = max(starting, key=lambda m: m.published_at, default=None)
        ensure_champion(store, family, newest)
    shown = tracking.with_alias(family.registered, tracking.CHAMPION)
    names = shown.tags if shown else {}
    report(
        f"{family.registered}@{tracking.CHAMPION} is {names.get('kind')}/{names.get('version')}"
        if shown
        else f"{family.registered} has no champion yet"
    )


def _tag_models(store: Store, family: ModelFamily) -> None:
    """Tag the models with the decisions on them, as promotions do."""
    for record in Ledger(store).of_family(family):
        kind, version = record.model.split("/")
        if found := tracking.registered(family.registered, kind=kind, version=version):
            tags = {
                "verdict": record.verdict, "reason": record.why,
                "ledger_record": str(record.number),
            }  # fmt: skip
            for name in {name for name, value in tags.items() if found.tags.get(name) != value}:
                mlflow.MlflowClient().set_model_version_tag(
                    found.name, found.version, name, tags[name]
                )


def _registered(family: ModelFamily, model: Manifest) -> bool:
    names = {"kind": model.kind, "version": model.version}
    return tracking.registered(family.registered, **names) is not None


def _repair_classifiers(store: Store, newest: Manifest, report: Report) -> None:
    serving = in_use(store, KIND)
    numbers: dict[str, str] = {}
    tracking.use_experiment(KIND.replace("_", "-"))
    with mlflow.start_run(run_name="repair"), tempfile.TemporaryDirectory() as folder:
        for manifest in {m.version: m for m in (newest, serving) if m}.values():
            scorer = load_scorer(store, manifest, Path(folder))
            facts = ClassifierFacts.of(manifest)
            tags = {"candidate": scorer.name, "verdict": facts.verdict, "reason": facts.reason}
            card = classifier_card(store, manifest.parents, facts, manifest.parameters)
            saved = Path(folder) / manifest.kind / manifest.version / SCORER
            found = ensure_registered(saved, scorer, manifest.version, tags, card)
            numbers[manifest.version] = str(found.version)
    point_aliases(numbers[newest.version], numbers[serving.version] if serving else None)
    report(f"{KIND}: {', '.join(numbers)} registered")


def repair_defaults(
    store: Store, variable: str | None, write: Callable[[str], None], report: Report
) -> None:
    """Write the team defaults again if Airflow has lost them and the bucket has a copy.

    Args:
        variable: what Airflow has.
        write: stores the team defaults in Airflow.
    """
    copy = stored_copy(store)
    if variable is None and copy:
        write(copy)
        report("the team defaults are those of the bucket again")
    elif variable is None:
        report("there are no team defaults, and no copy of any: the shipped ones apply")
