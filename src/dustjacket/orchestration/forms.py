"""Trigger forms: the ``params`` of a DAG, made from the parameters class of its step."""

from typing import Any

from airflow.sdk import Param

from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step

VERSION_PATTERN = r"^\d{8}T\d{12}Z-[0-9a-f]{12}$"
_LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength", "pattern", "items",
    "minItems", "enum",
)  # fmt: skip


NO_CHOICE = "null"
"""Key of an empty field among the texts of a field's choices."""


def form(step: Step) -> dict[str, Param]:
    """Return the fields of the step's trigger form; an empty field means the team default.

    Limits become JSON Schema, so Airflow rejects a wrong value when the run is triggered. Fields
    that do not change what is published, and fine points, have sections of their own.
    """
    schema = step.parameters.model_json_schema()
    fields = {
        name: _field(name, spec, _section(name, step.parameters))
        for name, spec in schema["properties"].items()
    }
    for kind in step.reads + step.optional_inputs:
        fields[f"{kind}_version"] = Param(
            None,
            type=["null", "string"],
            pattern=VERSION_PATTERN,
            title=f"{kind.replace('_', ' ')} version",
            description="Version to read, see `dustjacket status`. Empty: the one in use.",
            section="Inputs",
        )
    return fields


def _section(name: str, parameters: type[StepParameters]) -> str | None:
    if name in parameters.operational:
        return "How it runs"
    return "Fine points" if parameters.main and name not in parameters.main else None


def _field(name: str, spec: dict[str, Any], section: str | None) -> Param:
    limits = {key: spec[key] for key in _LIMITS if key in spec}
    default, kind = spec.get("default"), spec["type"]
    shown = ", ".join(map(str, default)) if isinstance(default, list) else default
    if kind == "boolean":
        # A switch has no third position: it would show "off" for a default that is "on".
        kind, shown = "string", _SWITCH[bool(default)]
        limits["enum"] = list(_SWITCH.values())
    if "enum" in limits:
        limits["enum"] = [None, *limits["enum"]]
        empty = "team default" + (f" (shipped: {shown})" if shown not in (None, "") else "")
        limits["values_display"] = {NO_CHOICE: empty}
    # Without examples, Airflow shows a text area for a list: one entry a line.
    if examples := isinstance(default, list) and (spec["items"].get("enum") or default):
        limits["examples"] = examples
    if section:
        limits["section"] = section
    return Param(
        None,
        type=["null", kind],
        title=_title(name, spec),
        description=f"{spec['description']}. Empty: the team default"
        + (f" (shipped: {shown})." if shown not in (None, "") else "."),
        **limits,
    )


def _title(name: str, spec: dict[str, Any]) -> str:
    """Return the title that the field declares, or its name in words."""
    words = name.replace("_", " ")
    declared: str = spec["title"]
    return words if declared == words.title() else declared


_SWITCH = {True: "on", False: "off"}
