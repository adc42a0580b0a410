"""Parameters are typed, bounded, and layered: profile first, what a run says on top."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.pipeline.team_defaults import Profile, parse_profile


def test_what_a_run_does_not_say_comes_from_the_profile():
    profile = parse_profile('{"finetune_clip": {"epochs": 7}}')
    parameters = profile.with_overrides("finetune_clip", {"seed": 5, "epochs": None})
    assert (parameters.epochs, parameters.seed) == (7, 5)
    assert parameters.batch_size == Profile().finetune_clip.batch_size


@pytest.mark.parametrize(
    ("given", "named"),
    [({"epochs": 0}, "epochs"), ({"epoch": 3}, "epoch"), ({"seed": "x"}, "seed")],
)
def test_a_wrong_parameter_is_one_line_that_names_it(given, named):
    with pytest.raises(BadInputError, match=f"finetune_clip is wrong: {named}") as caught:
        Profile().with_overrides("finetune_clip", given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["{", '{"no_such_step": {}}', '{"label_covers": {"top": 99}}', "[]"]
)
def test_a_wrong_profile_is_refused_when_read(text):
    with pytest.raises(BadInputError, match="the profile is wrong"):
        parse_profile(text)
