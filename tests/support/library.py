"""A bucket with starting weights, to which candidates and evaluations of them are published."""

from datetime import UTC, datetime
from typing import Any

import mlflow

from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.pipeline.families import CLIP, ModelFamily
from dustjacket.promotion.gate import GateInput, as_facts, decide
from dustjacket.promotion.ledger import Ledger, LedgerRecord
from dustjacket.promotion.promote import ApprovalResponse, promote
from dustjacket.settings import Settings
from dustjacket.storage.manifest import MANIFEST, Manifest, digest_of, version_name
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking
from tests.support.gate_case import gate_case

BETTER = gate_case(110, 5, champion=0.3)
WORSE = gate_case(5, 110, champion=0.8)


class Library:
    """A bucket of its own, with starting weights; candidates are published on request."""

    def __init__(self, settings: Settings, name: str, family: ModelFamily = CLIP) -> None:
        self.family = family
        self.store = Store(settings.model_copy(update={"bucket": name}))
        self.store.ensure_bucket()
        tracking.connect(self.store.settings)
        if family.starting:
            self.starting = self.publish(family.starting, "the starting weights")

    def publish(self, kind: str, weights: str, **described: Any) -> Manifest:
        digest = digest_of({"kind": kind, "weights": weights, "bucket": self.store.bucket})
        draft = self.store.draft(kind, version_name(datetime.now(UTC), digest))
        draft.put("model/weights.safetensors", weights.encode())
        manifest, _ = draft.publish(**described)
        if kind != self.family.evaluation:
            tracking.connect(self.store.settings)
            client, name = mlflow.MlflowClient(), tracking.own_name(self.family.registered)
            if not client.search_registered_models(f"name = '{name}'"):
                client.create_registered_model(name)
            tags = {"kind": kind, "version": manifest.version}
            self.register(client, tags)
        return manifest

    def register(self, client: mlflow.MlflowClient, tags: dict[str, str]) -> None:
        """Register a model that has no files."""
        name = tracking.own_name(self.family.registered)
        client.create_model_version(name, "s3://mlflow/none", tags=tags)

    def evaluation(
        self,
        weights: str,
        found: GateInput = BETTER,
        against: str | None = None,
        run_id: str | None = None,
    ) -> Manifest:
        """Publish a candidate and an evaluation of it against what serves now.

        Args:
            run_id: the MLflow run that trained the candidate.
        """
        family = self.family
        starting = f"{family.starting}/{self.starting.version}" if family.starting else None
        candidate = self.publish(
            family.candidate, weights, parameters={"include_genre": True}, facts={"run_id": run_id}
        )
        return self.publish(
            family.evaluation,
            weights,
            parents={family.candidate: candidate.version},
            dag_run_id=f"run of {weights}",
            facts={
                **as_facts(found, decide(found, EvaluationParameters())),
                "champion_version": against or self.serves() or starting,
            },
        )

    def promote(
        self, weights: str, found: GateInput = BETTER, answer: ApprovalResponse | None = None
    ) -> LedgerRecord:
        return promote(self.store, self.evaluation(weights, found), "a run", answer)

    def serves(self) -> str | None:
        newest = self.store.newest(self.family.champion)
        return f"{newest.kind}/{newest.version}" if newest else None

    def weights(self) -> str | None:
        newest = self.store.newest(self.family.champion)
        return self.store.read(newest, "model/weights.safetensors").decode() if newest else None

    def alias(self) -> tuple[str, dict[str, str]]:
        """Return kind/version of what MLflow calls the champion, and its tags."""
        found = tracking.with_alias(self.family.registered, tracking.CHAMPION)
        assert found
        return f"{found.tags['kind']}/{found.tags['version']}", found.tags

    def actions(self) -> list[tuple[str, str]]:
        return [(record.action, record.verdict) for record in Ledger(self.store).records()]

    def delete(self, name: str) -> None:
        """Delete the manifest of ``<kind>/<version>``."""
        self.store.client.delete_object(Bucket=self.store.bucket, Key=f"{name}/{MANIFEST}")
