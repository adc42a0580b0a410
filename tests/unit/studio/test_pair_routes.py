"""Blind pairs by HTTP: nothing says which picture was drawn, and each pair gets one vote."""

import io
from contextlib import contextmanager

import numpy as np
import pytest
from PIL import Image

from dustjacket.feedback.pairs import pair_shares
from dustjacket.feedback.store import Feedback, read_feedback
from dustjacket.generation.blind_pictures import FILE, BlindPictures
from dustjacket.pipeline.kinds import Kind
from dustjacket.studio.blind_pairs import BlindPairs
from dustjacket.upkeep.erasure import republish
from tests.support.bucket import store_in_memory
from tests.support.generators import GREYS, publish_pictures
from tests.support.studio_case import HEADERS, assert_problem, make_app, running

DRAWN, REAL, FOUND = GREYS.values()


@contextmanager
def comparing(home, *tokens, empty=False, headers=HEADERS, **settings):
    """Yield a client of a Studio with pictures to compare, and its store."""
    store = store_in_memory()
    if not empty:
        publish_pictures(store)
    app = make_app(home, *tokens, **{"studio_feedback": True, **settings})
    state = app.state.studio
    state.pairs, state.models.store = BlindPairs(store), store
    if state.feedback:
        state.feedback = Feedback(store, days=90, share=0)
    with running(app, headers) as client:
        yield client, store, state


def grey(client, address):
    response = client.get("/" + address)
    assert response.headers["content-type"] == "image/png"
    with Image.open(io.BytesIO(response.content)) as picture:
        assert picture.size == (192, 288)
        return picture.getpixel((5, 5))[0]


def test_a_pair_has_the_drawn_picture_on_either_side_and_no_name(tmp_path):
    with comparing(tmp_path) as (client, _, _):
        seen = set()
        for _ in range(40):
            response = client.post("/pairs")
            pair = response.json()
            assert set(pair) == {"pair", "title", "left", "right"}
            seen.add((grey(client, pair["left"]), grey(client, pair["right"])))
        assert seen == {(DRAWN, REAL), (REAL, DRAWN), (DRAWN, FOUND), (FOUND, DRAWN)}


@pytest.mark.parametrize(("choice", "expected"), [("drawn", 1), ("other", -1), ("neither", 0)])
def test_a_vote_is_kept_once_without_a_name(tmp_path, choice, expected):
    with comparing(tmp_path) as (client, store, state):
        pair = client.post("/pairs").json()
        left_is_drawn = grey(client, pair["left"]) == DRAWN
        side = {"drawn": left_is_drawn, "other": not left_is_drawn}
        sent = {"choice": choice if choice == "neither" else ("left" if side[choice] else "right")}
        assert client.post(f"/pairs/{pair['pair']}", json=sent).status_code == 204
        assert_problem(client.post(f"/pairs/{pair['pair']}", json=sent), 404, "take another")
        assert client.get("/pairs/results").json() == [], "it is not published yet"
        state.feedback.flush()
        rows, _ = read_feedback(store, 90)
        (row,) = rows.to_dict("records")
        assert (row["on"], row["vote"], row["title"]) == ("pair", expected, pair["title"])
        assert row["answer"] == "generator_candidate/candidate-1"
        (result,) = client.get("/pairs/results").json()
        (share,) = pair_shares(rows)
        assert result["votes"] == share.votes == abs(expected)
        assert result["undecided"] == 1 - abs(expected)


def test_pictures_that_were_erased_are_shown_no_more(tmp_path):
    with comparing(tmp_path) as (client, store, _):
        before = client.post("/pairs").json()
        pictures = {name: np.full((1, 72, 48, 3), grey, np.uint8) for name, grey in GREYS.items()}
        evaluation = store.newest(Kind.GENERATOR_EVALUATION)
        left = {FILE: BlindPictures(["Left"], pictures).to_bytes()}
        republish(store, evaluation, left, evaluation.facts, evaluation.rows)
        assert {client.post("/pairs").json()["title"] for _ in range(20)} == {"Left"}
        assert_problem(client.get("/" + before["left"]), 404, "take another")


def test_nobody_sees_or_votes_on_the_pair_of_another(tmp_path):
    headers = {**HEADERS, "Authorization": "Bearer proxy", "X-Dustjacket-User": "one"}
    with comparing(tmp_path, "secret", "proxy", headers=headers) as (client, _, _):
        pair, other = client.post("/pairs").json(), {"X-Dustjacket-User": "two"}
        assert_problem(client.get("/" + pair["left"], headers=other), 404)
        vote = client.post(f"/pairs/{pair['pair']}", json={"choice": "left"}, headers=other)
        assert_problem(vote, 404)
        assert client.get("/" + pair["left"]).status_code == 200


def test_what_is_missing_is_named(tmp_path):
    with comparing(tmp_path, empty=True) as (client, _, _):
        assert_problem(client.post("/pairs"), 503, "evaluate_generator")
        assert_problem(client.post("/pairs/x", json={"choice": "left"}), 404)
        assert_problem(client.post("/pairs/x", json={"choice": "both"}), 422, "choice")
    with comparing(tmp_path, studio_feedback=False) as (client, _, _):
        for reply in (client.post("/pairs"), client.get("/pairs/results")):
            assert_problem(reply, 404, "DUSTJACKET_STUDIO_FEEDBACK=true")
