"""Trigger forms: the ``params`` of a DAG, made from the parameters class of its step."""

from typing import Any

from airflow.sdk import Param

from dustjacket.pipeline.step import Step

VERSION_PATTERN = r"^\d{8}T\d{12}Z-[0-9a-f]{12}$"
_LIMITS = (
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "maxLength", "pattern", "items",
    "minItems", "enum",
)  # fmt: skip


def form(step: Step) -> dict[str, Param]:
    """Return the fields of the step's trigger form; an empty field means the team default.

    Limits become JSON Schema, so Airflow rejects a wrong value when the run is triggered.
    """
    schema = step.parameters.model_json_schema()
    fields = {name: _field(name, spec) for name, spec in schema["properties"].items()}
    for kind in step.reads + step.optional_inputs:
        fields[f"{kind}_version"] = Param(
            None,
            type=["null", "string"],
            pattern=VERSION_PATTERN,
            title=f"{kind} version",
            description="Version to read. Empty: the one in use.",
            section="Inputs",
        )
    return fields


def _field(name: str, spec: dict[str, Any]) -> Param:
    limits = {key: spec[key] for key in _LIMITS if key in spec}
    if "enum" in limits:
        limits["enum"] = [None, *limits["enum"]]
    default = spec.get("default")
    if isinstance(default, list):
        limits["examples"] = spec["items"].get("enum", default)
    shown = ", ".join(map(str, default)) if isinstance(default, list) else default
    return Param(
        None,
        type=["null", spec["type"]],
        title=name.replace("_", " "),
        description=f"{spec['description']}. Empty: the team default"
        + (f" (shipped: {shown})." if shown not in (None, "") else "."),
        **limits,
    )
