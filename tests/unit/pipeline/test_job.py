"""A job whose version an earlier attempt published does no work again."""

import sys

import pytest

from dustjacket.pipeline import job as jobs
from dustjacket.pipeline.job import EXIT_UNCHANGED, run_job
from dustjacket.pipeline.plan import Plan
from dustjacket.pipeline.steps import STEPS
from tests.support.bucket import store_in_memory

# Ingestions, labels, evaluations and indexes end with their publication.
COMPLETING = {"select_classifier", "finetune_clip", "train_generator"}


def test_only_steps_that_have_something_to_complete_run_again():
    assert {name for name, step in STEPS.items() if step.completes} == COMPLETING


@pytest.mark.parametrize("step", sorted(STEPS.keys() - COMPLETING))
def test_a_published_version_is_left_alone(step, monkeypatch, capsys):
    store = store_in_memory()
    plan = Plan(step=step, version="v1", digest="d", inputs={}, parameters={}, code="")
    store.draft(STEPS[step].publishes, "v1").publish()
    monkeypatch.setattr(jobs, "Store", lambda _: store)
    monkeypatch.setattr(sys, "argv", ["job", "--plan", plan.model_dump_json()])
    with pytest.raises(SystemExit) as ended:
        run_job(lambda *_: pytest.fail("the work is done again"))
    assert ended.value.code == EXIT_UNCHANGED
    assert f"{STEPS[step].publishes}/v1 is published already" in capsys.readouterr().err
