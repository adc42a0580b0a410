"""Parameters are typed, bounded, and layered: team defaults, then overrides of a run."""

import json

import pytest

from dustjacket.errors import BadInputError
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults, recorded_defaults
from tests.conftest import ROOT
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts

FINETUNE = STEPS["finetune_clip"]


def test_a_parameter_that_a_run_does_not_set_has_the_team_s_default():
    defaults = TeamDefaults.from_json('{"finetune_clip": {"epochs": 7}}')
    overrides = {"seed": 5, "epochs": None}
    parameters = defaults.of(FINETUNE).with_overrides("finetune_clip", overrides)
    assert (parameters.epochs, parameters.seed) == (7, 5)
    assert parameters.batch_size == FINETUNE.parameters().batch_size


@pytest.mark.parametrize(
    ("overrides", "named"),
    [
        ({"epochs": 0}, "epochs"),
        ({"epoch": 3}, "epoch"),
        ({"seed": "x"}, "seed"),
        ({"processes": 3}, "batch_size=128 is not a multiple of processes=3"),
    ],
)
def test_a_wrong_parameter_is_one_line_that_names_it(overrides, named):
    with pytest.raises(BadInputError, match=f"wrong parameter of finetune_clip: {named}") as caught:
        TeamDefaults().of(FINETUNE).with_overrides("finetune_clip", overrides)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text",
    ["{", '{"no_such_step": {}}', '{"label_covers": {"top": 99}}', "[]", "null", '{"self": {}}'],
)
def test_wrong_defaults_are_refused_in_one_line_when_read(text):
    with pytest.raises(BadInputError, match=r"wrong team defaults: .*edit the variable") as caught:
        TeamDefaults.from_json(text)
    assert "\n" not in str(caught.value)


def test_defaults_that_an_earlier_release_stored_are_read_without_what_has_gone():
    text = '{"evaluate_clip": {"match_cover": "", "match_prompts": [], "bootstrap": 500}}'
    assert TeamDefaults.from_json(text).of(STEPS["evaluate_clip"]).bootstrap == 500


def test_defaults_of_an_earlier_release_are_read_as_they_were_stored():
    text = (ROOT / "tests/golden/release-1/team_defaults.json").read_text()
    read = json.loads(TeamDefaults.from_json(text).to_json())
    for step, values in json.loads(text).items():
        kept = {name: v for name, v in values.items() if name not in STEPS[step].parameters.removed}
        assert read[step] == TeamDefaults().of(STEPS[step]).model_dump(mode="json") | kept


@pytest.mark.parametrize("text", [None, ""])
def test_a_variable_that_is_not_set_gives_the_shipped_defaults(text):
    assert TeamDefaults.from_json(text) == TeamDefaults()


def test_defaults_are_stored_with_every_parameter_and_read_back():
    defaults = TeamDefaults().with_overrides({"label_covers": {"top": 5}})
    assert TeamDefaults.from_json(defaults.to_json()) == defaults
    assert defaults != TeamDefaults()


def test_recorded_defaults_are_the_parameters_of_a_version_over_the_shipped_ones():
    kind, parameters = FINETUNE.publishes, {"epochs": 7, "no_longer_a_parameter": 1}
    version, _ = (
        store_in_memory().draft(kind, "v1").publish(facts=least_facts(kind), parameters=parameters)
    )
    assert recorded_defaults(FINETUNE, version) == TeamDefaults(finetune_clip={"epochs": 7})
    assert recorded_defaults(FINETUNE, None) == TeamDefaults()
    wrong = version.model_copy(update={"parameters": {"epochs": 0}})
    with pytest.raises(BadInputError, match="wrong parameters in clip_candidate/v1: epochs"):
        recorded_defaults(FINETUNE, wrong)
