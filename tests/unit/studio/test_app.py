"""What the Studio answers, and whom it refuses."""

import asyncio
import base64
import json
import threading
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.studio.batch_csv import MOST_ROWS, read_titles
from dustjacket.studio.batching import Batcher
from dustjacket.studio.middleware import BodyLimitMiddleware
from dustjacket.studio.problems import SECURE, BusyError
from dustjacket.studio.server import serve
from tests.support.images import drawn, saved
from tests.support.studio_case import COVERS, OURS, app, asked, covers, genres

RICE = {"title": "Rice, rice"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    with asked(app(tmp_path_factory.mktemp("studio"))) as client:
        yield client


def problem(reply, status, *words):
    """Check that an answer tells a problem in one sentence."""
    assert (reply.status_code, reply.headers["content-type"]) == (
        status,
        "application/problem+json",
    ), reply.text
    told = reply.json()
    assert told["status"] == status
    assert "\n" not in told["detail"]
    for word in words:
        assert word in told["detail"]
    return told


def test_a_title_has_every_genre_with_its_probability_and_who_says_so(studio):
    told = studio.post("/genre", json=RICE).json()
    assert [one["genre"] for one in told["genres"]] == ["Cooking", "Travel & Trips"]
    assert sum(one["probability"] for one in told["genres"]) == pytest.approx(1)
    assert [one["version"] for one in told["by"]] == ["classifier-1"]


def test_covers_are_found_and_shown(studio):
    told = studio.post("/covers/search", json={**RICE, "top": 5}).json()
    assert len(told["covers"]) == 5
    assert [one["version"] for one in told["by"]] == ["model-1", "index-1"]
    shown = studio.get("/" + told["covers"][0]["image"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.content[:2] == b"\xff\xd8"


def test_covers_are_filtered_by_genre_whatever_its_punctuation(studio):
    of_cooking = studio.post("/covers/search", json={**RICE, "genre": "cooking", "top": 100})
    assert {one["genre"] for one in of_cooking.json()["covers"]} == {"Cooking"}
    of_travel = studio.post("/covers/search", json={**RICE, "genre": "travel, trips", "top": 100})
    assert len(of_travel.json()["covers"]) > len(of_cooking.json()["covers"])
    assert studio.get("/models").json()["genres"] == ["Cooking", "Travel & Trips"]
    problem(studio.post("/covers/search", json={**RICE, "genre": "Cookery"}), 422, "try Cooking")


def test_a_picture_says_its_genre_its_nearest_covers_and_how_prompts_fit(studio):
    covered = studio.app.state.studio.models.covers
    body = covered.image("00000007")
    told = studio.post(
        "/match", files={"image": body}, data={"prompts": ["a tower", " ", "a dog"]}
    ).json()
    assert told["covers"][0]["id"] == "00000007"
    assert told["covers"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert [one["prompt"] for one in told["prompts"]] == ["a tower", "a dog"]
    assert sum(one["probability"] for one in told["prompts"]) == pytest.approx(1)
    scores = [one["score"] for one in told["titles"]]
    assert scores == sorted(scores, reverse=True)
    assert {one["genre"] for one in told["genres"]} == {"Cooking", "Travel & Trips"}


@pytest.mark.parametrize(
    ("body", "why"),
    [(b"", "empty_file"), (b"no picture", "not_an_image"), (saved(drawn(1))[:900], "truncated")],
)
def test_what_is_no_picture_is_refused_with_the_reason(studio, body, why):
    problem(studio.post("/match", files={"image": ("a.jpg", body)}), 422, why)


def test_a_picture_stays_in_memory(studio, tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "nowhere"))
    large = saved(drawn(2, (1400, 2100)), "PNG")
    assert len(large) > 1 << 20
    assert studio.post("/match", files={"image": large}).status_code == 200


@pytest.mark.parametrize(
    ("given_", "where"),
    [
        ({}, "title"), ({"title": "   "}, "title"), ({"title": "x" * 501}, "title"),
        ({"title": 7}, "title"), ({"title": "x", "author": "y" * 301}, "author"),
        ({"title": "x", "top": 0}, "top"), ({"title": "x", "top": 101}, "top"),
        ({"title": "x", "colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_a_wrong_question_is_refused_with_where_it_is_wrong(studio, given_, where):
    problem(studio.post("/covers/search", json=given_), 422, where)


def test_a_file_of_titles_is_answered_row_by_row(studio):
    body = 'Name,author\n"Rice, rice",\nParis,"King"\n,nobody\n' + "x" * 600 + ",\n"
    reply = studio.post("/genre/batch", content=body.encode(), headers={"Content-Type": "text/csv"})
    first, *parts = map(json.loads, reply.text.splitlines())
    assert reply.headers["content-type"] == "application/x-ndjson"
    assert (first["rows"], first["by"][0]["version"]) == (4, "classifier-1")
    rows = [row for part in parts for row in part["predictions"]]
    assert [row.get("genre", row.get("error")) for row in rows] == [
        "Cooking", "Travel & Trips", "no title", "title too long",
    ]  # fmt: skip
    assert rows[1]["author"] == "King"
    assert rows[1]["second"] == "Cooking"
    assert parts[-1]["done"] == 4


def test_a_long_file_comes_in_parts_in_order(studio):
    body = "title\n" + "".join(f"Rice {at}\n" for at in range(200))
    reply = studio.post("/genre/batch", content=body.encode())
    _, *parts = map(json.loads, reply.text.splitlines())
    assert len(parts) > 2
    assert [row["row"] for part in parts for row in part["predictions"]] == list(range(1, 201))


@pytest.mark.parametrize(
    ("body", "word"),
    [
        (b"", "empty"), (b"colour,shape\nred,round\n", "titles"), (b"PK\x03\x04....", "ZIP"),
        (b"title\n", "header"), (b"title\n" + b"x\n" * (MOST_ROWS + 1), "parts"),
    ],
)  # fmt: skip
def test_what_is_no_file_of_titles_is_refused_with_the_cure(studio, body, word):
    problem(studio.post("/genre/batch", content=body), 422, word)


@given(st.binary(max_size=300) | st.text(max_size=200).map(lambda t: f"title\n{t}".encode()))
@settings(max_examples=200, deadline=None)
def test_any_file_is_rows_or_a_reason(body):
    rows = []
    with suppress(BadInputError):
        rows = read_titles(body)
    assert [row.number for row in rows] == list(range(1, len(rows) + 1))
    assert all((row.book is None) != (row.reason is None) for row in rows)


def test_without_models_it_says_which_dag_to_run(tmp_path):
    with asked(app(tmp_path, empty=True)) as client:
        assert client.get("/health").json() == {"status": "ok", "genres": False, "covers": False}
        told = problem(client.post("/genre", json=RICE), 503, "classifier")
        assert told["dag"] == "ingest_catalog"
        told = problem(client.post("/covers/search", json=RICE), 503, "index")
        assert told["dag"] == "ingest_covers"
        problem(client.get("/covers/1/image"), 503)
        known = client.get("/models").json()
        assert (known["classifier"], known["covers"]) == (None, 0)


def test_no_cover_has_an_id_that_is_a_path(studio):
    for key in ("..%2f..%2fmanifest.json", "x", "%00"):
        problem(studio.get(f"/covers/{key}/image"), 404)


def test_too_large_a_body_is_refused_whether_it_says_so_or_not(studio):
    problem(studio.post("/genre", content=b"x" * 70_000), 413, "65,536")
    problem(studio.post("/genre", content=(b"x" * 10_000 for _ in range(7))), 413)
    problem(studio.post("/genre/batch", content=b"x" * 20_000_001), 413)


def test_what_another_site_may_send_is_refused(studio):
    for path in ("/genre", "/covers/search", "/match", "/genre/batch", "/feedback"):
        studio.headers.pop("X-Dustjacket", None)
        problem(studio.post(path, json=RICE, headers={}), 403, "X-Dustjacket")
    studio.headers.update(OURS)


def test_a_name_given_to_this_machine_elsewhere_is_refused(studio):
    assert studio.get("/models", headers={"Host": "elsewhere.example"}).status_code == 400


def test_every_answer_tells_browsers_to_load_nothing_else(studio):
    for path in ("/", "/health", "/models", "/nothing", "/openapi.json", "/metrics"):
        reply = studio.get(path)
        assert {name: reply.headers[name] for name in SECURE} == SECURE, path
        assert "access-control-allow-origin" not in reply.headers


def test_with_a_token_only_who_has_it_is_answered(tmp_path):
    with asked(app(tmp_path, "secret-token")) as client:
        assert client.get("/health").status_code == 200
        basic = base64.b64encode(b"anybody:secret-token").decode()
        wrong = base64.b64encode(b"secret-token:").decode()
        for path in ("/", "/models", "/openapi.json", "/metrics", "/covers/1/image", "/studio.js"):
            for proof in (None, "Bearer no", "Bearer", f"Basic {wrong}", "Basic *", "secret-token"):
                headers = {"Authorization": proof} if proof else {}
                reply = client.get(path, headers=headers)
                problem(reply, 401, "token")
                assert reply.headers["www-authenticate"].startswith("Basic")
        for proof in (f"Basic {basic}", "Bearer secret-token"):
            assert client.get("/models", headers={"Authorization": proof}).status_code == 200


def test_without_a_token_it_is_served_to_this_machine_alone(tmp_path):
    with pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_TOKEN"):
        serve(app(tmp_path).state.studio.models.store.settings, "192.0.2.1", 1, None)


def test_who_asks_too_often_is_told_to_wait_and_others_are_not(tmp_path):
    proof = {**OURS, "Authorization": "Bearer secret"}
    with asked(app(tmp_path, "secret", studio_rate="3/minute"), proof) as client:
        statuses = [client.post("/genre", json=RICE).status_code for _ in range(5)]
        assert statuses == [200] * 3 + [429] * 2
        told = client.post("/genre", json=RICE)
        problem(told, 429)
        assert int(told.headers["retry-after"]) > 0
        other = client.post("/genre", json=RICE, headers={"X-Dustjacket-User": "another"})
        assert other.status_code == 200


def test_a_caller_without_a_door_does_not_choose_who_it_is(tmp_path):
    with asked(app(tmp_path, studio_rate="1/minute")) as client:
        named = [{"X-Dustjacket-User": name} for name in ("one", "another")]
        statuses = [client.post("/genre", json=RICE, headers=name).status_code for name in named]
        assert statuses == [200, 429]
        assert client.get("/models", headers=named[0]).json()["airflow"] is False


def test_a_rate_that_is_none_is_told_in_one_line(tmp_path):
    with (
        pytest.raises(BadInputError, match="DUSTJACKET_STUDIO_RATE='often'"),
        asked(app(tmp_path, studio_rate="often")),
    ):
        pass


def test_only_a_few_files_are_answered_at_once():
    entered, leave = [], asyncio.Event()

    async def slow(scope, receive, send):
        entered.append(scope["path"])
        await leave.wait()
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body"})

    async def talk():
        bounded, statuses = BodyLimitMiddleware(slow, {"/match": 100}), []

        async def ask(path):
            async def said(message):
                if message["type"] == "http.response.start":
                    statuses.append((path, message["status"]))

            scope = {"type": "http", "path": path, "headers": [], "method": "POST"}
            await bounded(scope, None, said)

        asking = [asyncio.create_task(ask("/match")) for _ in range(6)]
        asking.append(asyncio.create_task(ask("/genre")))
        await asyncio.sleep(0.05)
        leave.set()
        await asyncio.gather(*asking)
        await ask("/match")
        return statuses

    statuses = asyncio.run(talk())
    assert statuses.count(("/match", 429)) == 2
    assert statuses.count(("/match", 200)) == 5
    assert ("/genre", 200) in statuses


def test_metrics_count_requests_and_name_versions(studio):
    studio.post("/genre", json=RICE)
    studio.get("/somebody/elses/path")
    studio.app.state.studio.metrics.show(studio.app.state.studio.models)
    told = studio.get("/metrics").text
    assert 'dustjacket_studio_requests_total{route="/genre",status="200"}' in told
    assert 'dustjacket_studio_version{kind="cover_index",version="index-1"} 1.0' in told
    assert "somebody" not in told


def test_models_are_replaced_while_questions_are_answered(tmp_path):
    """Every answer is of one pair of model and index, and none fails."""
    pairs = {
        version: (genres(f"classifier-{version}"), covers(version, int(version)))
        for version in "123"
    }
    found = app(tmp_path)
    models, stop, seen = found.state.studio.models, threading.Event(), []
    with asked(found) as client:

        def replace():
            while not stop.is_set():
                for pair in pairs.values():
                    models._genres, models._covers = pair
                    stop.wait(0.005)

        swapping = threading.Thread(target=replace)
        swapping.start()
        try:
            for at in range(60):
                reply = client.post("/covers/search", json={"title": f"Rice {at}"})
                assert reply.status_code == 200
                model, index = (one["version"] for one in reply.json()["by"])
                assert model.removeprefix("model-") == index.removeprefix("index-")
                seen.append(model)
        finally:
            stop.set()
            swapping.join()
    assert len(set(seen)) > 1


def run(batcher, talk):
    async def talking():
        answering = asyncio.create_task(batcher.answer_all())
        try:
            return await talk()
        finally:
            answering.cancel()
            batcher.close()

    return asyncio.run(talking())


def test_what_waits_while_a_batch_is_answered_is_the_next_batch():
    sizes, hold = [], threading.Event()

    def work(questions):
        sizes.append(len(questions))
        hold.wait(5)
        return [question * 2 for question in questions]

    batcher = Batcher(work, most=4, waiting=20)

    async def talk():
        first = asyncio.create_task(batcher.ask(0))
        while not sizes:
            await asyncio.sleep(0.01)
        others = [asyncio.create_task(batcher.ask(at)) for at in range(1, 7)]
        await asyncio.sleep(0.05)
        hold.set()
        return await asyncio.gather(first, *others)

    assert run(batcher, talk) == [0, 2, 4, 6, 8, 10, 12]
    assert sizes == [1, 4, 2]


def test_more_than_may_wait_is_refused_and_what_waits_is_answered():
    hold = threading.Event()
    batcher = Batcher(lambda asked: (hold.wait(5), list(asked))[1], most=1, waiting=2)

    async def talk():
        first = asyncio.create_task(batcher.ask(0))
        await asyncio.sleep(0.05)
        waiting = [asyncio.create_task(batcher.ask(at)) for at in (1, 2)]
        await asyncio.sleep(0)
        with pytest.raises(BusyError):
            await batcher.ask(3)
        hold.set()
        return await asyncio.gather(first, *waiting)

    assert run(batcher, talk) == [0, 1, 2]


def test_a_failure_is_each_questions_own_and_ends_nothing():
    def work(questions):
        if "all" in questions:
            raise OSError("gone")
        return [BadInputError("wrong") if q == "wrong" else q for q in questions]

    batcher = Batcher(work)

    async def talk():
        with pytest.raises(OSError, match="gone"):
            await batcher.ask("all")
        return await asyncio.gather(
            batcher.ask("right"), batcher.ask("wrong"), return_exceptions=True
        )

    right, wrong = run(batcher, talk)
    assert right == "right"
    assert isinstance(wrong, BadInputError)


def test_votes_are_refused_unless_they_are_kept(studio):
    vote = {**RICE, "on": "genre", "answer": "Cooking", "vote": 1, "by": []}
    problem(studio.post("/feedback", json=vote), 404, "DUSTJACKET_STUDIO_FEEDBACK")
    problem(studio.post("/feedback", json={**vote, "vote": 0}), 422, "vote")


def test_votes_and_queries_are_kept_with_what_answered(tmp_path):
    found = app(tmp_path, studio_feedback=True, studio_sample_share=1.0)
    kept = found.state.studio.feedback
    kept.flush = lambda: None
    with asked(found) as client:
        assert client.get("/models").json()["feedback"] is True
        client.post("/covers/search", json={**RICE, "top": 3})
        by = [
            {"kind": "starting_clip", "version": "20260101T000000000000Z-0a"},
            {"kind": "cover_index", "version": "20260102T000000000000Z-0b"},
            {"kind": "labelled_covers", "version": "20260103T000000000000Z-0c"},
        ]
        vote = {**RICE, "on": "cover", "answer": "00000001", "vote": -1, "by": by}
        assert client.post("/feedback", json=vote).status_code == 204
    (query,), (vote,) = kept._queries, kept._votes
    assert len(query["covers"]) == 3
    assert (vote["answer"], vote["vote"]) == ("00000001", -1)
    assert query["index"] == "cover_index/index-1"
    # A vote is on what answered it, whatever answers when it comes.
    assert (vote["classifier"], vote["clip"], vote["index"]) == (
        None, "starting_clip/20260101T000000000000Z-0a", "cover_index/20260102T000000000000Z-0b",
    )  # fmt: skip


def test_overload_is_told_as_429(tmp_path):
    found = app(tmp_path)

    async def refuse(_):
        raise BusyError

    found.state.studio.genres.ask = refuse
    with asked(found) as client:
        reply = client.post("/genre", json=RICE)
        problem(reply, 429, "again")
        assert reply.headers["retry-after"] == "1"


def test_the_index_knows_its_covers():
    found = covers().index
    assert found.cover("00000003").key == "00000003"
    assert found.cover("3") is None
    assert len(found) == COVERS
