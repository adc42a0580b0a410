"""When a person has to approve a candidate, and what people are told of decisions."""

from datetime import UTC, datetime
from types import SimpleNamespace

import pytest
from airflow.sdk.exceptions import ParamValidationError

from dustjacket.orchestration import promotion
from dustjacket.orchestration.promotion import (
    APPROVE,
    REJECT,
    approval_notice,
    notices_of,
    request_approval,
    side_by_side,
)
from dustjacket.pipeline.families import CLIP, GENERATOR
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.promotion.ledger import Ledger, LedgerRecord
from dustjacket.promotion.schemas import GateFacts
from dustjacket.storage.manifest import Manifest


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


def evaluation_with(**facts):
    return Manifest(
        kind="evaluation", version="v", attempt="a", published_at=datetime.now(UTC), files=[],
        parents={"clip_candidate": "c"}, facts=facts,
    )  # fmt: skip


def record(to):
    return LedgerRecord(
        number=3, at=datetime.now(UTC), attempt="a", action="promoted" if to else "refused",
        verdict="v", who="w", why="a gain is not proven", from_="cover_clip/b", to=to,
        model="clip_candidate/c",
    )  # fmt: skip


def test_people_are_told_of_a_candidate_that_was_not_promoted_and_of_drift():
    (refused,) = notices_of(record(None), evaluation_with())
    assert refused.title == "clip_candidate was not promoted"
    assert refused.body().splitlines()[0] == "clip_candidate/c: a gain is not proven"
    assert "cover_clip/b serves" in refused.body()
    assert list(notices_of(record("cover_clip/d"), evaluation_with(drift=None))) == []
    drifted = evaluation_with(drift={"warning": "genre mix 0.40 above max_drift=0.25"})
    (drift,) = notices_of(record("cover_clip/d"), drifted)
    assert "genre mix 0.40" in drift.body()


def test_people_are_told_that_a_candidate_waits_and_where():
    notice = approval_notice(evaluation_with(), "recall rose", "http://here/run")
    assert notice.title == "clip_candidate waits for approval"
    assert notice.body().splitlines() == [
        "clip_candidate/c passed the gate: recall rose",
        "What to do: approve or reject it within 7 days, in the run's task `approve`",
        "http://here/run",
    ]


def test_an_approval_is_one_of_two_answers_and_a_comment_of_500_characters():
    approve = request_approval()
    assert approve.options == [APPROVE, REJECT]
    assert not approve.multiple
    assert approve.defaults == [REJECT], "without an answer nothing changes"
    comment = approve.params.get_param("comment")
    assert comment.resolve("x" * 500) == "x" * 500
    for wrong in ("x" * 501, 7):
        with pytest.raises(ParamValidationError):
            comment.resolve(wrong)


def test_an_approval_of_a_model_that_finds_covers_links_the_covers_of_both():
    clip, generator = (SimpleNamespace(kind=family.evaluation) for family in (CLIP, GENERATOR))
    (line,) = side_by_side(clip, "http://airflow")
    assert "(http://airflow/dustjacket/compare.html)" in line
    assert side_by_side(generator, "http://airflow") == side_by_side(clip, None) == []
