"""The class of a step that judges candidates; the ledger decides whether a judgement counts."""

from typing import TYPE_CHECKING

from dustjacket.pipeline.families import family_of
from dustjacket.pipeline.step import Status, Step
from dustjacket.storage.manifest import Manifest

if TYPE_CHECKING:
    from dustjacket.storage.store import Store


class EvaluationStep(Step):
    """A step that publishes evaluations of a family's candidates."""

    def review(self, version: Manifest, store: "Store") -> tuple[Status, str]:
        """Return UNDECIDED without a record in the ledger, SUPERSEDED if that record is void.

        A decision on earlier data that come back counts while the champion is the same.
        """
        from dustjacket.promotion.ledger import Ledger, serving

        name, record = f"{version.kind}/{version.version}", Ledger(store).of(version)
        if record is None:
            return Status.UNDECIDED, f"{name} is published, but the ledger has no decision on it"
        if record.superseded:
            return Status.SUPERSEDED, f"the decision on {name} does not count: {record.why}"
        if store.newest(self.publishes) != version:
            records = Ledger(store).of_family(family_of(self.publishes))
            if serving(records) != serving([r for r in records if r.number <= record.number]):
                why = "another model became the champion since"
                return Status.SUPERSEDED, f"the decision on {name} does not count: {why}"
        return super().review(version, store)
