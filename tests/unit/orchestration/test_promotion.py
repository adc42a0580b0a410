"""When a person has to approve a candidate."""

from types import SimpleNamespace

import pytest

from dustjacket.orchestration import promotion
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.schemas import GateFacts


@pytest.mark.parametrize(
    ("team", "run", "needed"),
    [(False, False, False), (False, True, True), (True, True, True), (True, False, True)],
)
def test_a_run_cannot_do_without_the_approval_that_the_team_requires(
    monkeypatch, team, run, needed
):
    defaults = TeamDefaults(evaluate_clip={"require_approval": team})
    monkeypatch.setattr(promotion, "team_defaults", lambda: defaults)
    monkeypatch.setattr(GateFacts, "of", lambda _: SimpleNamespace(promoted=True))
    monkeypatch.setattr(Ledger, "of", lambda *_: None)
    planned = {"plan": {"step": "evaluate_clip", "parameters": {"require_approval": run}}}
    assert promotion._needs_approval(planned, store=None, evaluation=None) is needed
