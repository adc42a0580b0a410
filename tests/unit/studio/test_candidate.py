"""The newest candidate beside the champion, on the same covers."""

import time
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from dustjacket.clip import read
from dustjacket.clip.model import random_model
from dustjacket.errors import BadInputError
from dustjacket.pipeline.kinds import Kind
from dustjacket.studio import candidate
from dustjacket.studio.candidate import Candidates
from tests.support.studio_case import RICE, assert_problem, make_app, manifest, running


@pytest.fixture
def published(monkeypatch):
    """Versions by kind; a candidate has random weights of its own."""
    monkeypatch.setattr(read, "load_version", lambda *_: random_model("dustjacket-small", 7))
    return {Kind.CLIP_CANDIDATE: manifest("clip_candidate", "candidate-2")}


@pytest.fixture
def studio(tmp_path, published):
    app = make_app(tmp_path)
    app.state.studio.candidates = Candidates(SimpleNamespace(newest=published.get), tmp_path)
    with running(app) as client:
        yield client


def compared(studio):
    """Return the answer once the candidate is read."""
    for _ in range(300):
        reply = studio.post("/compare", json=RICE)
        if reply.status_code != 503:
            return reply
        assert reply.headers["retry-after"]
        assert "candidate" in reply.json()["detail"]
        time.sleep(0.05)
    raise AssertionError("the candidate is never read")


def test_both_search_the_same_covers_and_the_champion_as_it_serves(studio):
    body = compared(studio).json()
    assert [ref["version"] for ref in body["by"]] == ["model-1", "candidate-2"]
    index = studio.app.state.studio.models.index.require().index
    assert body["covers"] == len(index) > len(body["champion"]) == len(body["candidate"])
    served = studio.post("/covers/search", json={**RICE, "top": 8}).json()["covers"]
    assert [cover["id"] for cover in body["champion"]] == [cover["id"] for cover in served]
    assert body["candidate"] != body["champion"], "its weights are others"


def test_of_a_large_index_covers_from_all_over_it_are_compared(studio, monkeypatch):
    monkeypatch.setattr(candidate, "MAX_COVERS", 15)
    body = compared(studio).json()
    assert body["covers"] == 14, "each third of 40"


def test_without_a_candidate_the_error_names_the_dag(studio, published):
    published.clear()
    assert assert_problem(studio.post("/compare", json=RICE), 503)["dag"] == "finetune_clip"


def test_a_candidate_that_serves_already_is_not_compared(studio, published):
    champion = manifest("cover_clip", "c")
    parents = {Kind.CLIP_CANDIDATE: "candidate-2"}
    published[Kind.COVER_CLIP] = champion.model_copy(update={"parents": parents})
    assert_problem(studio.post("/compare", json=RICE), 422, "candidate-2", "serves already")


def test_a_newer_candidate_takes_the_place_of_the_one_before(studio, published):
    compared(studio)
    published[Kind.CLIP_CANDIDATE] = manifest("clip_candidate", "candidate-3")
    assert compared(studio).json()["by"][1]["version"] == "candidate-3"


def test_a_candidate_that_cannot_be_read_is_said_to_be_so_and_tried_again(studio, monkeypatch):
    def broken(*_):
        raise BadInputError("its weights are damaged")

    with monkeypatch.context() as patch:
        patch.setattr(read, "load_version", broken)
        assert_problem(compared(studio), 422, "its weights are damaged")
    assert compared(studio).status_code == 200


def test_after_an_erasure_the_covers_are_embedded_again(studio):
    compared(studio)
    slot = studio.app.state.studio.models.index
    before = slot.model
    left = before.manifest.model_copy(update={"attempt": "another"})
    rows = np.arange(20)
    fewer = before.index.subset(rows, before.index.vectors[rows])
    slot.refresh(lambda _: replace(before, manifest=left, index=fewer))
    assert compared(studio).json()["covers"] == 20


def test_an_index_of_which_no_cover_can_be_read_is_said_to_be_so(studio):
    slot = studio.app.state.studio.models.index
    before = slot.model
    slot.refresh(lambda _: replace(before, read_image=lambda _: None))
    assert_problem(compared(studio), 422, "no cover of the index can be read", "log")
    slot.refresh(lambda _: before)
    assert compared(studio).status_code == 200


def test_what_nobody_asks_for_is_forgotten(studio, monkeypatch):
    compared(studio)
    candidates = studio.app.state.studio.candidates
    candidates.forget_idle()
    assert candidates._compared
    monkeypatch.setattr(candidate, "_IDLE_S", -1)
    candidates.forget_idle()
    assert candidates._compared is None
    assert compared(studio).status_code == 200
