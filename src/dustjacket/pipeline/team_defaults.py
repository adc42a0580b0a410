"""The team's profile: the defaults of every step's parameters."""

from typing import Any

from pydantic import ValidationError

from dustjacket.errors import BadInputError
from dustjacket.pipeline.parameters import (
    CatalogParameters,
    ClassifierParameters,
    ClipParameters,
    CoversParameters,
    EvaluationParameters,
    IndexParameters,
    LabelParameters,
    StepParameters,
)

PROFILE_VARIABLE = "dustjacket_profile"  # Airflow's variable that holds the profile


class Profile(StepParameters):
    """The team's defaults: the parameters of every step, where a run says nothing else."""

    ingest_catalog: CatalogParameters = CatalogParameters()
    ingest_covers: CoversParameters = CoversParameters()
    select_classifier: ClassifierParameters = ClassifierParameters()
    label_covers: LabelParameters = LabelParameters()
    finetune_clip: ClipParameters = ClipParameters()
    evaluate_clip: EvaluationParameters = EvaluationParameters()
    index_covers: IndexParameters = IndexParameters()

    def with_overrides(self, step: str, given: dict[str, Any]) -> StepParameters:
        """Return the parameters of ``step``, with those ``given`` (None: not given) on top.

        Raises:
            BadInputError: a name is unknown or a value is out of its limits.
        """
        defaults: StepParameters = getattr(self, step)
        values = {name: value for name, value in given.items() if value is not None}
        found = _validated(type(defaults), {**defaults.model_dump(), **values}, step)
        if isinstance(found, ClipParameters) and found.batch_size % found.processes:
            raise BadInputError(
                f"a parameter of {step} is wrong: batch_size={found.batch_size} is no multiple of "
                f"processes={found.processes}"
            )
        return found


def parse_profile(text: str) -> Profile:
    """Return the profile stored as JSON ``text``.

    Raises:
        BadInputError: it is not JSON, or a value is out of its limits.
    """
    try:
        return Profile.model_validate_json(text)
    except ValidationError as error:
        raise BadInputError(
            f"the profile is wrong: {first_error(error)}; edit the variable"
        ) from None


def _validated(cls: type[StepParameters], values: dict[str, Any], step: str) -> StepParameters:
    try:
        return cls.model_validate(values)
    except ValidationError as error:
        raise BadInputError(f"a parameter of {step} is wrong: {first_error(error)}") from None


def first_error(error: ValidationError) -> str:
    """Return the first thing wrong, in one line: where, what, and what was given."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']} (got {first['input']!r})"
