"""Promotion and rollback in real Airflow: a person approves, and the ledger names them."""

import os
import subprocess
import sys
import time
from pathlib import Path

import pytest

from dustjacket.cli.airflow_api import ACTIVE
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.families import CLIP
from dustjacket.promotion.ledger import Ledger
from tests.support.accounts import PASSWORDS, api_of

pytestmark = pytest.mark.integration
WAIT_S = 120


def wait_for(found, airflow):
    """Poll ``found`` until it returns a true value, and return that."""
    deadline = time.monotonic() + WAIT_S
    while not (what := found()):
        assert time.monotonic() < deadline, airflow.runs()
        time.sleep(0.5)
    return what


def states(airflow, run):
    return {task.task_id: task.state for task in airflow.tasks(run)}


def ended(airflow, run):
    """Return the states of a run's tasks once it has succeeded."""
    wait_for(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, airflow)
    assert airflow.run(run.dag_id, run.dag_run_id).state == "success", airflow.failure(run)
    return states(airflow, run)


def index_of(airflow, store, champion):
    """Return once there is an index made with a champion."""

    def indexed():
        newest = store.newest("cover_index")
        return newest and newest.parents.get("cover_clip") == champion

    return wait_for(indexed, airflow)


@pytest.fixture(scope="module")
def ulf(platform, people):
    """Airflow, as a person who may trigger runs."""
    return api_of(platform, "ulf")


@pytest.fixture(scope="module")
def olga(platform, people):
    """Airflow, as a person who may also approve and roll back."""
    return api_of(platform, "olga")


@pytest.fixture(scope="module", autouse=True)
def candidate(airflow, store):
    """A candidate, and covers for an index of it, where the chain has made none before."""
    for kind in ("covers", "clip_candidate"):
        if store.newest(kind) is None:
            draft = store.draft(kind, "20200101T000000000000Z-0123456789ab")
            draft.put("model/weights", b"light")
            draft.publish()


def evaluate(airflow, **parameters):
    return airflow.trigger("evaluate_clip", parameters)


def ask(airflow, min_gain):
    """Begin an evaluation that nobody has made before, and return its run once it waits."""
    run = evaluate(airflow, require_approval=True, min_gain=min_gain)
    wait_for(lambda: states(airflow, run).get("approve") == "awaiting_input", airflow)
    return run


def answer(airflow, run, chosen, comment):
    """Respond until the run has ended; return the request, and the states of its tasks.

    An answer takes a person's few seconds. Airflow asks again where it comes before the process
    that asked is seen to have ended: its scheduler takes that end for that of the one that goes on.
    """
    path = f"/dags/{run.dag_id}/dagRuns/{run.dag_run_id}/taskInstances/approve/-1/hitlDetails"
    body = {"chosen_options": [chosen], "params_input": {"comment": comment}}
    asked = airflow._call("GET", path)

    def over():
        if states(airflow, run)["approve"] == "awaiting_input":
            time.sleep(3)
            airflow._call("PATCH", path, json=body)
        return airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE

    wait_for(over, airflow)
    return asked, ended(airflow, run)


def command(name, person):
    """Return what a command of ``dustjacket`` does that a person gives."""
    login = {"DUSTJACKET_AIRFLOW_USER": person, "DUSTJACKET_AIRFLOW_PASSWORD": PASSWORDS[person]}
    return subprocess.run(
        [Path(sys.executable).parent / "dustjacket", name],
        env={**os.environ, **login}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_without_approval_no_person_is_needed_and_the_index_follows(airflow, store):
    run = evaluate(airflow, min_gain=0.1)
    assert ended(airflow, run)["approve"] == "skipped"
    record = Ledger(store).champion(CLIP)
    assert (record.action, record.who) == ("promoted", run.dag_run_id)
    assert record.to == f"cover_clip/{store.newest('cover_clip').version}"
    index_of(airflow, store, store.newest("cover_clip").version)


def test_an_evaluation_that_is_made_already_is_neither_made_nor_promoted_again(airflow, store):
    before = Ledger(store).records()
    after = ended(airflow, evaluate(airflow, min_gain=0.1))
    assert (after["evaluate"], after["announce"]) == ("skipped", "skipped")
    assert Ledger(store).records() == before


def test_a_person_s_rejection_is_a_refusal_that_names_them(airflow, store, ulf, olga):
    before = store.newest("cover_clip").version
    run = ask(airflow, 0.2)
    with pytest.raises(DustjacketError, match="403"):
        answer(ulf, run, "Approve", "for I may trigger runs")
    asked, after = answer(olga, run, "Reject", "the covers look wrong")
    assert "it is better" in asked["body"]
    assert after["announce"] == "skipped"
    record = Ledger(store).records()[-1]
    assert (record.action, record.verdict) == ("refused", "rejected")
    assert record.who == "olga"
    assert "the covers look wrong" in record.why
    assert store.newest("cover_clip").version == before


def test_a_person_s_approval_promotes_and_a_rollback_goes_back(airflow, store, olga):
    before = Ledger(store).champion(CLIP)
    run = ask(airflow, 0.3)
    assert Ledger(store).champion(CLIP) == before, "nothing is promoted before the approval"
    _, after = answer(olga, run, "Approve", "")
    assert after["announce"] == "success"
    record = Ledger(store).champion(CLIP)
    assert (record.action, record.who) == ("promoted", "olga")
    assert record.from_ == before.to
    index_of(airflow, store, record.to.partition("/")[2])

    refused = command("rollback", "ulf")
    assert (refused.returncode, "403" in refused.stderr) == (1, True)
    done = command("rollback", "olga")
    assert done.returncode == 0, done.stderr
    back = Ledger(store).champion(CLIP)
    assert (back.action, back.model) == ("rolled_back", before.to)
    assert back.who == "olga"
    assert str(back.to) in done.stdout.replace("\n", "")
    index_of(airflow, store, back.to.partition("/")[2])
    assert "rolled back" in command("history", "olga").stdout


def test_a_rollback_to_what_never_served_fails_with_one_line(airflow):
    run = airflow.trigger("rollback_clip", {"version": "20200101T000000000000Z-ffffffffffff"})
    wait_for(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, airflow)
    assert "never served" in airflow.failure(run)
