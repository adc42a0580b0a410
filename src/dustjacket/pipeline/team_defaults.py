"""Team defaults: the parameters of each step that apply unless a run overrides them."""

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, ConfigDict, ValidationError, create_model

from dustjacket.errors import BadInputError
from dustjacket.pipeline.parameters import StepParameters, first_error
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.storage.manifest import Manifest

if TYPE_CHECKING:
    from dustjacket.storage.store import Store

VARIABLE = "dustjacket_profile"
"""Name of the Airflow variable that holds the team defaults as JSON."""


_COPY = "team_defaults.json"
"""Key of the copy in the bucket, for when Airflow's database is lost."""


def keep_copy(store: "Store", text: str | None) -> None:
    """Keep a copy of the team defaults in the bucket, unless it is there."""
    if text and store.get(_COPY) != text.encode():
        store.client.put_object(Bucket=store.bucket, Key=_COPY, Body=text.encode())


def stored_copy(store: "Store") -> str | None:
    """Return the copy of the team defaults in the bucket, or None."""
    found = store.get(_COPY)
    return found.decode() if found else None


class TeamDefaults:
    """Default parameters by step; unset parameters have the shipped defaults.

    Args:
        values: by step, the parameters by name.

    Raises:
        BadInputError: a step or a parameter is unknown, or a value is out of range.
    """

    def __init__(self, /, **values: Mapping[str, Any]) -> None:
        try:
            self._steps = step_fields("TeamDefaults").model_validate(values)
        except ValidationError as error:
            raise _wrong(first_error(error)) from None

    @classmethod
    def from_json(cls, text: str | None) -> "TeamDefaults":
        """Return the defaults stored as JSON, without the parameters that earlier releases had.

        Args:
            text: the variable's value; the shipped defaults if it is empty or not set.

        Raises:
            BadInputError: the text is no JSON object, or as in the constructor.
        """
        if not text:
            return cls()
        try:
            values = json.loads(text)
        except ValueError as error:
            raise _wrong(f"no JSON ({error})") from None
        if not isinstance(values, dict):
            raise _wrong("no JSON object")
        for step in STEPS.values():
            if isinstance(parameters := values.get(step.name), dict):
                kept = parameters.keys() - step.parameters.removed
                values[step.name] = {name: parameters[name] for name in kept}
        return cls(**values)

    def of(self, step: Step) -> StepParameters:
        """Return the default parameters of a step."""
        parameters: StepParameters = getattr(self._steps, step.name)
        return parameters

    def source_of(self, kind: str) -> str:
        """Return the team's source of ``kind``, or an empty string if none is set."""
        sources = [
            self.of(step).model_dump()["source"]
            for step in STEPS.values()
            if step.has_source and step.publishes == kind
        ]
        return str(sources[0]) if sources else ""

    def with_overrides(self, overrides: Mapping[str, Mapping[str, Any]]) -> "TeamDefaults":
        """Return these defaults with ``overrides``, by step, on top.

        Raises:
            BadInputError: as in the constructor.
        """
        values = self._steps.model_dump()
        merged = {step: values.get(step, {}) | dict(own) for step, own in overrides.items()}
        return TeamDefaults(**(values | merged))

    def to_json(self) -> str:
        """Return all parameters of all steps as JSON."""
        return self._steps.model_dump_json(indent=2)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, TeamDefaults) and self.to_json() == other.to_json()

    __hash__ = None  # type: ignore[assignment]  # values may be lists


def recorded_defaults(step: Step, version: Manifest | None) -> TeamDefaults:
    """Return the shipped defaults, but for ``step`` the parameters that ``version`` records.

    They stand for the team's defaults where Airflow's variable cannot be read.

    Raises:
        BadInputError: the version records values that this release does not accept.
    """
    if version is None:
        return TeamDefaults()
    try:
        parameters = step.parameters.recorded(version.parameters)
    except ValidationError as error:
        name = f"{version.kind}/{version.version}"
        raise BadInputError(f"wrong parameters in {name}: {first_error(error)}") from None
    return TeamDefaults(**{step.name: parameters.model_dump()})


def _wrong(problem: str) -> BadInputError:
    return BadInputError(f"wrong team defaults: {problem}; edit the variable {VARIABLE}")


def step_fields(name: str, base: type[BaseModel] | None = None) -> type[BaseModel]:
    """Return a Pydantic model with one field per step: its parameters, with their defaults."""
    fields: dict[str, Any] = {
        step.name: (step.parameters, step.parameters()) for step in STEPS.values()
    }
    if base:
        return create_model(name, __base__=base, __doc__=base.__doc__, **fields)
    return create_model(name, __config__=ConfigDict(frozen=True, extra="forbid"), **fields)
