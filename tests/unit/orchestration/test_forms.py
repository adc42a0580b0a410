"""Trigger forms: an empty field means the team default, and says what it is as shipped."""

from dataclasses import replace
from typing import ClassVar, Literal

import pytest
from airflow.sdk.definitions.param import ParamsDict
from airflow.sdk.exceptions import ParamValidationError
from pydantic import Field

from dustjacket.orchestration.forms import NO_CHOICE, form
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.steps import STEPS


class Parameters(StepParameters):
    operational: ClassVar[frozenset[str]] = frozenset({"force"})
    bold: bool = Field(True, description="Bold")
    force: bool = Field(False, description="Force")
    shade: Literal["dark", "light"] = Field("dark", description="Shade")
    names: list[str] = Field([], description="Names")
    sides: list[str] = Field(["front"], description="Sides")


def _form(step):
    return form(replace(step, parameters=Parameters))


@pytest.fixture
def schemas():
    return {name: field.schema for name, field in _form(STEPS["ingest_catalog"]).items()}


def test_a_field_has_the_title_that_it_declares_or_its_name_in_words():
    titles = {name: field.schema["title"] for name, field in form(STEPS["finetune_clip"]).items()}
    assert titles["wise_ft"] == "mix with the starting weights (WiSE-FT)"
    assert titles["batch_size"] == "batch size"


def test_none_can_be_asked_for_where_an_empty_field_means_the_default():
    selection = STEPS["select_classifier"].parameters()
    read = selection.with_overrides("x", {"sentence_model": "none"})
    assert (selection.sentence_model != "", read.sentence_model) == (True, "")
    kept = selection.with_overrides("x", {"sentence_model": None})
    assert kept.sentence_model == selection.sentence_model


def test_a_switch_has_a_third_position_that_says_what_is_shipped(schemas):
    assert schemas["bold"]["enum"] == [None, "on", "off"]
    assert schemas["bold"]["values_display"] == {NO_CHOICE: "team default (shipped: on)"}
    assert schemas["force"]["values_display"] == {NO_CHOICE: "team default (shipped: off)"}


def test_no_choice_is_shown_as_null(schemas):
    assert schemas["shade"]["values_display"] == {NO_CHOICE: "team default (shipped: dark)"}


def test_a_list_without_suggestions_can_be_typed(schemas):
    assert "examples" not in schemas["names"]
    assert schemas["sides"]["examples"] == ["front"]


def test_what_does_not_change_the_result_has_a_section_of_its_own(schemas):
    assert schemas["force"]["section"] == "How it runs"
    assert "section" not in schemas["bold"]


@pytest.mark.parametrize("name", STEPS)
def test_a_form_begins_with_few_fields(name):
    schemas = {key: field.schema for key, field in form(STEPS[name]).items()}
    first = [key for key, schema in schemas.items() if "section" not in schema]
    assert len(first) <= 8
    assert STEPS[name].parameters.main <= set(first)


def test_what_the_form_sends_is_read_by_the_step():
    sent = {"bold": "off", "force": "on", "shade": None, "names": ["a"]}
    params = ParamsDict(_form(STEPS["ingest_catalog"]))
    params.update(sent)
    params.validate()
    read = Parameters().with_overrides("x", sent)
    assert (read.bold, read.force, read.shade, read.names) == (False, True, "dark", ["a"])
    with pytest.raises(ParamValidationError):
        params["bold"] = "maybe"
