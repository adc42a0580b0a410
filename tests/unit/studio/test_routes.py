"""What the API answers to each kind of request."""

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from PIL import Image

from tests.support.images import drawn, saved
from tests.support.memory import peak_growth_mib
from tests.support.studio_case import RICE, assert_problem, make_app, running


def test_a_title_has_all_genres_with_probabilities_and_the_version(studio):
    body = studio.post("/genre", json=RICE).json()
    assert [row["genre"] for row in body["genres"]] == ["Cooking", "Travel & Trips"]
    assert sum(row["probability"] for row in body["genres"]) == pytest.approx(1)
    assert [row["version"] for row in body["by"]] == ["classifier-1"]


@pytest.mark.parametrize(
    ("title", "doubt"),
    [("Rice", None), ("Rice in Paris", "unlikely"), ("三体", "unknown"), ("!!!", "unknown")],
)
def test_a_title_has_whether_the_classifier_is_sure_and_why_not(studio, title, doubt):
    body = studio.post("/genre", json={"title": title, "description": "About it."}).json()
    assert (body["sure"], body["doubt"], body["max_error"]) == (doubt is None, doubt, 0.1)
    assert body["statement"].startswith("Not sure" if doubt else "Sure: at most 10%")


def test_a_genre_has_its_words_and_what_they_add(studio):
    body = studio.post("/genre/why", json={"title": "Rice in Paris, rice"}).json()
    assert (body["genre"], body["exact"], body["nearest"]) == ("Cooking", True, [])
    (rice, paris) = body["words"]
    assert (rice["word"], paris["word"]) == ("rice", "paris")
    assert rice["weight"] > 0 > paris["weight"]


def test_a_description_is_no_part_of_a_search_and_not_too_long(studio):
    assert_problem(studio.post("/covers/search", json={**RICE, "description": "x"}), 422)
    described = {**RICE, "description": "x" * 10_001}
    assert_problem(studio.post("/genre", json=described), 422, "description")


def test_covers_are_found_and_shown(studio):
    body = studio.post("/covers/search", json={**RICE, "top": 5}).json()
    assert len(body["covers"]) == 5
    assert [row["version"] for row in body["by"]] == ["model-1", "index-1"]
    shown = studio.get("/" + body["covers"][0]["image"])
    assert shown.headers["content-type"] == "image/jpeg"
    assert shown.content[:2] == b"\xff\xd8"


def test_covers_are_filtered_by_genre_whatever_its_punctuation(studio):
    of_cooking = studio.post("/covers/search", json={**RICE, "genre": "cooking", "top": 100})
    assert {row["genre"] for row in of_cooking.json()["covers"]} == {"Cooking"}
    of_travel = studio.post("/covers/search", json={**RICE, "genre": "travel, trips", "top": 100})
    assert len(of_travel.json()["covers"]) > len(of_cooking.json()["covers"])
    assert studio.get("/models").json()["genres"] == ["Cooking", "Travel & Trips"]
    assert_problem(
        studio.post("/covers/search", json={**RICE, "genre": "Cookery"}), 422, "try Cooking"
    )


def test_a_picture_has_genres_nearest_covers_and_scores_of_prompts(studio):
    image = studio.app.state.studio.models.index.require().read_image("00000007")
    body = studio.post(
        "/match", files={"image": image}, data={"prompts": ["a tower", " ", "a dog"]}
    ).json()
    assert body["covers"][0]["id"] == "00000007"
    assert body["covers"][0]["score"] == pytest.approx(1, abs=1e-3)
    assert [row["prompt"] for row in body["prompts"]] == ["a tower", "a dog"]
    assert sum(row["probability"] for row in body["prompts"]) == pytest.approx(1)
    scores = [row["score"] for row in body["titles"]]
    assert scores == sorted(scores, reverse=True)
    assert {row["genre"] for row in body["genres"]} == {"Cooking", "Travel & Trips"}


@pytest.mark.parametrize("size", [3464, 7071])
def test_four_large_pictures_at_once_take_the_memory_of_one(studio, size):
    body = saved(Image.new("RGB", (size, size)), "WEBP", lossless=True)
    assert len(body) < 3000

    def post_four():
        with ThreadPoolExecutor(4) as threads:
            return list(threads.map(lambda _: studio.post("/match", files={"image": body}), "1234"))

    replies = []
    assert peak_growth_mib(lambda: replies.extend(post_four())) < 300
    for reply in replies:
        assert_problem(reply, 422, "megapixels" if size > 3464 else "one colour only")
    assert studio.post("/genre", json=RICE).status_code == 200


@pytest.mark.parametrize(
    ("body", "reason"),
    [(b"", "file is empty"), (b"no picture", "no picture"), (saved(drawn(1))[:900], "cut off")],
)
def test_a_file_that_is_not_a_picture_is_refused_with_the_reason(studio, body, reason):
    assert_problem(studio.post("/match", files={"image": ("a.jpg", body)}), 422, reason)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ({}, "title"), ({"title": "   "}, "title"), ({"title": "x" * 501}, "title"),
        ({"title": 7}, "title"), ({"title": "x", "author": "y" * 301}, "author"),
        ({"title": "x", "top": 0}, "top"), ({"title": "x", "top": 101}, "top"),
        ({"title": "x", "colour": "red"}, "colour"),
    ],
)  # fmt: skip
def test_an_invalid_query_is_refused_with_the_field(studio, query, field):
    assert_problem(studio.post("/covers/search", json=query), 422, field)


HOSTILE = [
    b"", b"{", b"null", b"[]", b'"title"', b"\xff\xfe{\x00", b'{"title": "caf\xe9"}',
    b'{"title": "x"}\0', b'{"title": "a\0b"}', b'{"title": NaN}', b'{"title": 1e400}',
    b'{"title": ' + b"9" * 5000 + b"}", b'{"title": ["x"]}', b'{"title": {"a": 1}}',
    b'{"title": "x", "title": "y", "author": NaN}', b"[" * 32_000, b'{"title":' * 7000,
    b"[" * 32_000 + b"]" * 32_000, b'{"title": "' + b"x" * 65_500 + b'"}',
    b'{"title": "x", "description": Infinity}', b'{"title": true}', b"\xef\xbb\xbf{}",
]  # fmt: skip
ODD = [
    '{"title": "x"}'.encode("utf-16"), '{"title": "x"}'.encode("utf-16-le"),
    b'{"title": "\\ud800"}', b'{"title": "\\udfff\\ud800 x"}', b'{"title": "\\u0000"}',
    b'{"title": "\\ud83d\\ude00"}', '{"title": "\u202eevil"}'.encode(),
    '{"title": "\u05e9\u05dc\u05d5\u05dd"}'.encode(), '{"title": "\u4e09\u4f53"}'.encode(),
    ('{"title": "' + "Z\u0351\u0333" * 150 + '"}').encode(), b'{"title": "${jndi:ldap://x}"}',
    b'{"title": "\\u001b[31m"}', b'{"title": "{{7*7}}"}', b'{"title": "\\uffff\\ufffe"}',
]  # fmt: skip


@pytest.mark.parametrize("path", ["/genre", "/covers/search", "/genre/why"])
@pytest.mark.parametrize("body", range(len(HOSTILE)))
def test_a_body_that_is_no_query_is_refused(studio, path, body):
    reply = studio.post(path, content=HOSTILE[body], headers={"Content-Type": "application/json"})
    assert reply.status_code in (400, 413, 422), reply.text


@pytest.mark.parametrize("path", ["/genre", "/covers/search", "/genre/why"])
@pytest.mark.parametrize("body", range(len(ODD)))
def test_an_odd_title_is_answered_or_refused(studio, path, body):
    reply = studio.post(path, content=ODD[body], headers={"Content-Type": "application/json"})
    assert reply.status_code in (200, 400, 422), reply.text


def test_a_file_of_titles_is_answered_row_by_row(studio):
    body = (
        'Name,author,description\n"Rice, rice",,About it.\nParis,"King",\n,nobody,\n'
        + "x" * 600
        + ",,\nRice in Paris,,"
        + "y" * 20_000
        + "\n"
    )
    response = studio.post(
        "/genre/batch", content=body.encode(), headers={"Content-Type": "text/csv"}
    )
    first, *chunks = map(json.loads, response.text.splitlines())
    assert response.headers["content-type"] == "application/x-ndjson"
    assert (first["rows"], first["by"][0]["version"]) == (5, "classifier-1")
    rows = [row for chunk in chunks for row in chunk["predictions"]]
    assert [row.get("genre", row.get("error")) for row in rows] == [
        "Cooking", "Travel & Trips", "no title", "title too long", "Cooking",
    ]  # fmt: skip
    assert [row.get("sure") for row in rows] == [True, True, None, None, False]
    assert rows[1]["author"] == "King"
    assert rows[1]["second"] == "Cooking"
    assert chunks[-1]["done"] == 5


def test_a_long_file_is_answered_in_chunks_in_order(studio):
    body = "title\n" + "".join(f"Rice {row}\n" for row in range(200))
    response = studio.post("/genre/batch", content=body.encode())
    _, *chunks = map(json.loads, response.text.splitlines())
    assert len(chunks) > 2
    assert [row["row"] for chunk in chunks for row in chunk["predictions"]] == list(range(1, 201))


def test_a_cover_is_shown_with_those_that_look_most_like_it(studio):
    response = studio.get("/covers/00000003").json()
    assert response["cover"]["id"] == "00000003"
    assert response["cover"]["genre"] == "Travel & Trips"
    others = [cover["id"] for cover in response["similar"]]
    assert len(others) == len({*others, "00000003"}) - 1 == 12
    scores = [cover["score"] for cover in response["similar"]]
    assert scores == sorted(scores, reverse=True)
    assert_problem(studio.get("/covers/nothing"), 404, "no cover of the index")


def test_no_cover_has_an_id_that_is_a_path(studio):
    for key in ("..%2f..%2fmanifest.json", "x", "%00"):
        assert_problem(studio.get(f"/covers/{key}/image"), 404)


def test_votes_are_refused_unless_they_are_stored(studio):
    vote = {**RICE, "on": "genre", "answer": "Cooking", "vote": 1, "by": []}
    assert_problem(studio.post("/feedback", json=vote), 404, "DUSTJACKET_STUDIO_FEEDBACK")
    assert_problem(studio.post("/feedback", json={**vote, "vote": 0}), 422, "vote")


def test_votes_and_queries_are_stored_with_the_versions_that_answered(tmp_path):
    app = make_app(tmp_path, studio_feedback=True, studio_sample_share=1.0)
    feedback = app.state.studio.feedback
    feedback.flush = lambda: None
    with running(app) as client:
        assert client.get("/models").json()["feedback"] is True
        client.post("/covers/search", json={**RICE, "top": 3})
        by = [
            {"kind": "starting_clip", "version": "20260101T000000000000Z-0a"},
            {"kind": "cover_index", "version": "20260102T000000000000Z-0b"},
            {"kind": "labelled_covers", "version": "20260103T000000000000Z-0c"},
        ]
        vote = {**RICE, "on": "cover", "answer": "00000001", "vote": -1, "by": by}
        assert client.post("/feedback", json=vote).status_code == 204
    (query,), (vote,) = feedback._queries, feedback._votes
    assert len(query["covers"]) == 3
    assert (vote["answer"], vote["vote"]) == ("00000001", -1)
    assert query["index"] == "cover_index/index-1"
    # A vote is about the versions that answered, also if others serve when it arrives.
    assert (vote["classifier"], vote["clip"], vote["index"]) == (
        None, "starting_clip/20260101T000000000000Z-0a", "cover_index/20260102T000000000000Z-0b",
    )  # fmt: skip
