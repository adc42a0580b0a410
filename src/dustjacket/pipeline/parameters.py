"""Parameters of a step: one frozen class per step, declared in the step's room.

Trigger forms, command-line flags and MLflow's parameters are all made from these classes.
"""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

from pydantic import BaseModel, BeforeValidator, ConfigDict, ValidationError

from dustjacket.errors import BadInputError

OrNone = Annotated[str, BeforeValidator(lambda value: "" if value == "none" else value)]
"""A text that is empty if a person writes ``none``: an empty field of a form means the default."""


class StepParameters(BaseModel):
    """Base of every step's parameters: rejects unknown names; instances are immutable."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    operational: ClassVar[frozenset[str]] = frozenset()
    """Parameters that affect how or whether a version is published, but not its content.

    They are excluded from the digest.
    """
    main: ClassVar[frozenset[str]] = frozenset()
    """Parameters that a form shows first, the others being fine points; empty: all."""
    removed: ClassVar[frozenset[str]] = frozenset()
    """Parameters of earlier releases; team defaults and manifests may still contain them."""

    @classmethod
    def recorded(cls, values: Mapping[str, Any]) -> Self:
        """Return the parameters recorded in a manifest; missing ones have their defaults."""
        return cls.model_validate({n: v for n, v in values.items() if n in cls.model_fields})

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """Further kinds that the step reads if a version of them is published."""
        return ()

    @property
    def files(self) -> tuple[str, ...]:
        """Values that may be paths or addresses; the digest covers the files' content."""
        return ()

    @property
    def versions(self) -> dict[str, str]:
        """Versions of what is installed beside Dustjacket and decides; the digest covers them."""
        return {}

    def conflict(self) -> str | None:
        """Return why these values cannot be combined, or None."""
        return None

    def with_overrides(self, step: str, overrides: dict[str, Any]) -> Self:
        """Return these parameters with ``overrides`` on top; an override of None is ignored.

        Args:
            step: the step's name, for the error message.

        Raises:
            BadInputError: a name is unknown, or a value is out of range.
        """
        values = {name: value for name, value in overrides.items() if value is not None}
        try:
            parameters = type(self).model_validate({**self.model_dump(), **values})
        except ValidationError as error:
            raise BadInputError(f"wrong parameter of {step}: {first_error(error)}") from None
        if conflict := parameters.conflict():
            raise BadInputError(f"wrong parameter of {step}: {conflict}")
        return parameters


def first_error(error: ValidationError) -> str:
    """Return the first validation error in one line: location, message and value."""
    first = error.errors(include_url=False)[0]
    return f"{'.'.join(map(str, first['loc']))}: {first['msg']} (got {first['input']!r})"
