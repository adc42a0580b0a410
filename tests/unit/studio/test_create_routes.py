"""Concepts by HTTP: jobs, previews, files, and what is refused."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from dustjacket.studio.concept_jobs import MAX_WAITING, MAX_WAITING_EACH, ConceptJobs
from dustjacket.studio.worker import WorkerEndedError
from tests.support.generators import WorkerInThread, copying_tools, drawing_tools
from tests.support.images import drawn, png, saved
from tests.support.studio_case import HEADERS, assert_problem, make_app, running

RICE = {"title": "Rice, rice", "author": "Ada Stern", "genre": "Cooking", "n": 2, "seed": 5}
FINISHED = ("done", "failed", "cancelled")


@contextmanager
def creating(home, tools=drawing_tools, *tokens, headers=HEADERS, **settings) -> Iterator[tuple]:
    """Yield a client of a Studio that draws in a thread, and its worker."""
    app, worker = make_app(home, *tokens, **settings), WorkerInThread(tools)
    app.state.studio.concepts = ConceptJobs(worker)
    with running(app, headers) as client:
        yield client, worker


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    with creating(tmp_path_factory.mktemp("create")) as (client, _):
        yield client


def finished(client, response, **options):
    assert response.status_code == 202, response.text
    job, deadline = response.json(), time.monotonic() + 60
    while job["state"] not in FINISHED:
        assert time.monotonic() < deadline
        time.sleep(0.02)
        job = client.get(f"/create/{job['job']}", **options).json()
    return job


@pytest.fixture(scope="module")
def job(client):
    return finished(client, client.post("/create", json=RICE))


def test_concepts_come_with_evidence_and_previews(client, job):
    assert (job["state"], job["total"], job["problem"]) == ("done", 2, None)
    assert job["generator"] == "cover_generator/test-1"
    assert [one["seed"] for one in job["concepts"]] == [5, 6]
    for concept in job["concepts"]:
        assert 0 <= concept["fit"] <= 1
        assert concept["copy_of"] is None
        assert len(concept["nearest"]) == 3
        assert client.get("/" + concept["nearest"][0]["image"]).status_code == 200
        preview = client.get("/" + concept["preview"])
        assert (preview.headers["content-type"], preview.content[:2]) == ("image/jpeg", b"\xff\xd8")


@pytest.mark.parametrize("form", ["png", "jpeg", "svg", "pdf", "json"])
def test_a_concept_is_a_file_in_every_form(client, job, form):
    response = client.get(f"/create/{job['job']}/0/cover.{form}")
    assert response.status_code == 200
    assert "attachment" in response.headers["content-disposition"]
    if form == "json":
        assert response.json()["book"]["title"] == "Rice, rice"


def test_a_locked_seed_is_drawn_again_to_the_same_bytes(client, job):
    again = finished(client, client.post("/create", json={**RICE, "seed": 6, "n": 1}))
    previews = [
        client.get("/" + one["preview"]).content for one in (*again["concepts"], job["concepts"][1])
    ]
    assert previews[0] == previews[1]


def test_type_is_set_anew_on_the_art_of_a_concept(client, job):
    query = {"title": "Beans", "n": 1, "type_seed": 9, "art": {"job": job["job"], "number": 1}}
    retyped = finished(client, client.post("/create", json=query))
    assert (retyped["concepts"][0]["seed"], retyped["concepts"][0]["type_seed"]) == (6, 9)
    body = client.get(f"/create/{retyped['job']}/0/cover.json").json()
    assert body["book"]["title"] == "Beans"


def test_type_is_set_on_own_art_without_a_generator(tmp_path):
    query = json.dumps({"title": "Rice", "n": 2})
    art = {"image": saved(drawn(2, (400, 640)))}
    with creating(tmp_path, generation=False) as (client, _):
        assert "DUSTJACKET_GENERATION" in client.get("/models").json()["no_generator"]
        assert_problem(client.post("/create", json=RICE), 404, "DUSTJACKET_GENERATION=true")
        reply = client.post("/create/own-art", files=art, data={"query": query})
        job = finished(client, reply)
        assert [one["seed"] for one in job["concepts"]] == [None, None]
        assert job["generator"] is None


def test_without_a_generator_the_error_names_the_dag(tmp_path):
    with creating(tmp_path, empty=True) as (client, _):
        assert_problem(client.post("/create", json=RICE), 503, "train_generator")
        assert "train_generator" in client.get("/models").json()["no_generator"]


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "is empty"), (b"no picture", "no picture"), (png(30_000, 30_000), "too many"),
        (saved(drawn(1, (100, 160))), "at least 300"), (saved(drawn(1))[:900], "cut off"),
    ],
)  # fmt: skip
def test_art_that_is_no_usable_picture_is_refused(client, body, reason):
    query = json.dumps({"title": "Rice"})
    files = {"image": ("a.png", body)}
    reply = client.post("/create/own-art", files=files, data={"query": query})
    assert_problem(reply, 422, reason)
    assert client.get("/health").status_code == 200


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "title"), ({"title": ""}, "title"), ({"title": " "}, "title"),
        ({"title": "x" * 500}, "title"), ({"title": "a\x00b"}, "title"), ({"title": 7}, "title"),
        ({"title": "x", "n": 17}, "n"), ({"title": "x", "guidance": 99}, "guidance"),
        ({"title": "x", "style": "/etc/passwd"}, "style"),
        ({"title": "x", "layout": "wild"}, "layout"),
        ({"title": "x", "colours": {"field": "red"}}, "colours"),
    ],
)  # fmt: skip
def test_an_invalid_query_is_refused_with_the_field(client, query, field):
    assert_problem(client.post("/create", json=query), 422, field)
    reply = client.post(
        "/create/own-art", files={"image": saved(drawn(1))}, data={"query": json.dumps(query)}
    )
    assert_problem(reply, 422, field)


@pytest.mark.parametrize(
    "title", ["R", '#set $x$ @y \\z "q"', "<script>x</script>", "🦊 Fox", "米"]
)
def test_any_title_is_set_as_text(client, title):
    job = finished(client, client.post("/create", json={"title": title, "n": 1}))
    if job["problem"]:  # no installed font has one of its characters
        assert "font" in job["problem"]
        return
    body = client.get(f"/create/{job['job']}/0/cover.json").json()
    assert body["book"]["title"] == title


def test_a_near_copy_is_shown_with_its_pair_and_not_exported(tmp_path):
    with creating(tmp_path, copying_tools) as (client, _):
        job = finished(client, client.post("/create", json={**RICE, "n": 1}))
        assert job["concepts"][0]["copied"]["id"] == "00000005"
        for form in ("png", "svg", "json"):
            refused = client.get(f"/create/{job['job']}/0/cover.{form}")
            assert_problem(refused, 422, "near copy", "00000005")
        art = {"job": job["job"], "number": 0}
        retyped = finished(client, client.post("/create", json={**RICE, "n": 1, "art": art}))
        assert_problem(client.get(f"/create/{retyped['job']}/0/cover.png"), 422, "near copy")


def test_the_queue_is_bounded_for_one_caller_and_for_all(tmp_path):
    headers = {**HEADERS, "Authorization": "Bearer proxy"}

    def post(client, user):
        return client.post("/create", json=RICE, headers={"X-Dustjacket-User": user})

    with creating(tmp_path, drawing_tools, "secret", "proxy", headers=headers) as (client, worker):
        worker.may_run.clear()
        mine = [post(client, "one") for _ in range(MAX_WAITING_EACH + 1)]
        assert [reply.status_code for reply in mine] == [202] * MAX_WAITING_EACH + [429]
        assert int(mine[-1].headers["retry-after"]) > 0
        others = [post(client, f"other-{place}") for place in range(MAX_WAITING)]
        statuses = [reply.status_code for reply in others]
        assert statuses == [202] * (MAX_WAITING - 2) + [429] * 2
        assert mine[1].json()["before"] == 1
        assert client.post("/genre", json={"title": "Rice"}).status_code == 200
        worker.may_run.set()
        as_one = {"headers": {"X-Dustjacket-User": "one"}}
        assert finished(client, mine[1], **as_one)["state"] == "done"
        assert post(client, "one").status_code == 202


def test_nobody_sees_the_concepts_of_another(tmp_path):
    headers = {**HEADERS, "Authorization": "Bearer proxy", "X-Dustjacket-User": "one"}
    with creating(tmp_path, drawing_tools, "secret", "proxy", headers=headers) as (client, _):
        job = finished(client, client.post("/create", json=RICE))["job"]
        other = {"X-Dustjacket-User": "two"}
        for path in ("", "/0/preview", "/0/cover.png"):
            assert_problem(client.get(f"/create/{job}{path}", headers=other), 404)
        assert_problem(client.delete(f"/create/{job}", headers=other), 404)
        theirs = {**RICE, "art": {"job": job, "number": 0}}
        assert_problem(client.post("/create", json=theirs, headers=other), 404)
        assert_problem(client.get(f"/create/{job}/7/preview"), 404)


def test_a_job_is_cancelled_and_keeps_what_it_made(tmp_path):
    with creating(tmp_path) as (client, worker):
        worker.may_run.clear()
        running_, waiting = (client.post("/create", json=RICE) for _ in range(2))
        for reply in (waiting, running_):
            assert client.delete(f"/create/{reply.json()['job']}").status_code == 204
        worker.may_run.set()
        for reply in (waiting, running_):
            assert finished(client, reply)["state"] == "cancelled"
        assert finished(client, client.post("/create", json=RICE))["state"] == "done"


@pytest.mark.parametrize(
    ("error", "words"),
    [(WorkerEndedError("ended, perhaps for lack of memory"), "memory"),
     (RuntimeError("secret"), "Studio's log")],
)  # fmt: skip
def test_a_failure_ends_the_job_with_a_reason_and_the_service_goes_on(tmp_path, error, words):
    with creating(tmp_path) as (client, worker):
        draws = worker.run

        def fail(task):
            raise error

        worker.run = fail
        job = finished(client, client.post("/create", json=RICE))
        assert job["state"] == "failed"
        assert words in job["problem"]
        assert "secret" not in job["problem"]
        worker.run = draws
        assert finished(client, client.post("/create", json=RICE))["state"] == "done"


def test_a_cross_site_request_cannot_cancel(client, job):
    client.headers.pop("X-Dustjacket")
    assert_problem(client.delete(f"/create/{job['job']}"), 403)
    client.headers.update(HEADERS)
