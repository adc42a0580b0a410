"""The class of steps that train on books or covers, and may wait for these to drift."""

from typing import TYPE_CHECKING

from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step

if TYPE_CHECKING:
    from datetime import datetime

    from dustjacket.storage.store import Store


class TrainingStep(Step):
    """A step that trains on its first input, and may wait for the books in it to drift."""

    def reason_to_rest(
        self, parameters: StepParameters, store: "Store", now: "datetime"
    ) -> str | None:
        """Return why drift is no reason yet to train again, or None."""
        if not isinstance(parameters, RetrainingParameters) or parameters.retrain_on == "version":
            return None
        from dustjacket.genres.retraining import history, learned_what_is_erased, reason_to_wait

        if learned_what_is_erased(store, self.publishes, self.reads[0]):
            return None
        return reason_to_wait(history(store, self.publishes, self.reads[0]), parameters, now)
