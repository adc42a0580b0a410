"""The review's routes: the next books, decisions with who and when, and the corrections file."""

import csv
import io

import pandas as pd
import pytest

from dustjacket.pipeline.kinds import Kind
from dustjacket.studio.review import Reviews
from dustjacket.upkeep.erasure import republish
from tests.support.bucket import store_in_memory
from tests.support.listings import ingest, store_in
from tests.support.review_case import TITLES, VERSION, publish_review, reviewing_app
from tests.support.studio_case import HEADERS, assert_problem, make_app, running

TOKENS = {"proxy_token": "proxy", "token": "own"}
ANN = {"Authorization": "Bearer proxy", "X-Dustjacket-Person": "Ann%20%C3%96"}


@pytest.fixture
def app(tmp_path):
    return reviewing_app(tmp_path, **TOKENS)


@pytest.fixture
def client(app):
    with running(app, HEADERS | ANN) as client:
        yield client


def decided(client, place, choice, **more):
    body = {"version": listed(client), "place": place, "choice": choice, **more}
    return client.post("/review", json=body)


def listed(client):
    return client.get("/review").json()["version"]


def rows_of(client):
    response = client.get("/review/corrections.csv")
    assert response.headers["content-disposition"] == 'attachment; filename="corrections.csv"'
    return list(csv.DictReader(io.StringIO(response.text)))


def test_the_next_books_come_with_cover_and_evidence(client):
    page = client.get("/review").json()
    assert page["version"].startswith(VERSION)
    assert (page["total"], page["decided"]) == (3, 0)
    assert page["genres"] == ["Cooking", "Law", "Travel"]
    assert page["corrections"] == "s3://dustjacket/corrections/"
    first, second, drawn = page["books"]
    assert first["title"], first["isbn"] == TITLES[0]
    assert (first["listed"], first["subject"], first["probability"]) == ("Travel", "Cooking", 0.93)
    assert first["alternatives"] == [{"genre": "Law", "probability": 0.03}]
    assert (first["cover"], second["author"], second["isbn"]) == (None, None, None)
    assert client.get(f"/{drawn['cover']}").headers["content-type"] == "image/jpeg"
    assert len(client.get("/review?limit=1").json()["books"]) == 1


def test_decisions_are_kept_with_who_and_when_and_exported(client):
    assert decided(client, 0, "accept").json()["who"] == "Ann Ö"
    assert decided(client, 1, "keep", remark="it is, says Bo").status_code == 200
    page = client.get("/review").json()
    assert (page["decided"], [book["place"] for book in page["books"]]) == (2, [2])
    assert decided(client, 2, "other", genre="Law").json()["genre"] == "Law"
    assert client.get("/review").json()["books"] == []
    assert decided(client, 0, "keep").json()["genre"] == "Travel", "a later one replaces it"
    rows = rows_of(client)
    assert [(row["genre"], row["why"]) for row in rows] == [
        ("Cooking", "accepted"), ("Travel", "kept: it is, says Bo"), ("Law", "other"),
        ("Travel", "kept"),
    ]  # fmt: skip
    assert {row["who"] for row in rows} == {"Ann Ö"}
    assert [row["when"] for row in rows] == sorted(row["when"] for row in rows)
    assert rows[0]["title"] == TITLES[0][0]


def test_the_exported_file_is_what_an_ingestion_reads(client, tmp_path):
    decided(client, 0, "accept")
    decided(client, 1, "other", genre="Fiction")
    (tmp_path / "corrections.csv").write_bytes(client.get("/review/corrections.csv").content)
    listing = tmp_path / "listing.csv"
    with listing.open("w", newline="") as file:
        rows = [(title, author, "Travel") for title, author, _ in TITLES]
        csv.writer(file).writerows([("title", "author", "genre"), *rows])
    version = ingest(
        listing,
        store_in(tmp_path / "own"),
        corrections=str(tmp_path / "corrections.csv"),
        min_rows_per_genre=1,
    )
    assert {book["title"]: book["genre"] for book in version.books} == {
        TITLES[0][0]: "Cooking", "The road": "Fiction"
    }  # fmt: skip
    assert version.book("The road")["correction"]["who"] == "Ann Ö"


def test_decisions_outlive_the_process_and_a_new_list(app, client):
    decided(client, 0, "accept")
    store, version = app.state.studio.models.store, listed(client)
    publish_review(store, "20260102T000000000000Z-0123456789ab")
    stale = decided(client, 1, "keep", version=version)
    assert_problem(stale, 422, "was labelled anew: reload the page")
    page = client.get("/review").json()
    assert (page["decided"], [book["place"] for book in page["books"]]) == (1, [1, 2])


def test_an_erased_book_is_not_shown_and_no_decision_goes_to_another_at_its_place(app, client):
    store, version = app.state.studio.models.store, listed(client)
    manifest = store.newest(Kind.LABELLED_CATALOG)
    (entry,) = manifest.files
    table = pd.read_parquet(io.BytesIO(store.read(manifest, entry.path)))
    body = io.BytesIO()
    table[1:].to_parquet(body)
    republish(store, manifest, {entry.path: body.getvalue()}, manifest.facts, manifest.rows)
    page = client.get("/review").json()
    assert TITLES[0][0] not in [book["title"] for book in page["books"]]
    assert page["total"] == 2
    assert_problem(decided(client, 0, "keep", version=version), 422, "reload the page")


@pytest.mark.parametrize(
    ("body", "word"),
    [
        ({"choice": "other"}, "name a genre"),
        ({"choice": "accept", "place": 9}, "the list has 3"),
        ({"choice": "burn"}, "choice"),
        ({"choice": "keep", "remark": "x" * 501}, "remark"),
    ],
)
def test_a_decision_that_makes_no_sense_is_refused(client, body, word):
    sent = {"version": listed(client), "place": 0, **body}
    assert_problem(client.post("/review", json=sent), 422, word)
    assert rows_of(client) == []


def test_only_the_proxy_names_the_person(app):
    with running(app, HEADERS | ANN | {"Authorization": "Bearer own"}) as client:
        assert decided(client, 0, "accept").json()["who"] == "someone at this machine"


def test_without_a_labelled_catalogue_the_dag_is_named(tmp_path):
    app = make_app(tmp_path)
    app.state.studio.reviews = Reviews(store_in_memory())
    with running(app) as client:
        assert assert_problem(client.get("/review"), 503, "label_catalog")["dag"] == "label_catalog"


def test_books_of_one_title_have_their_own_covers():
    """Others of an author's family name, and other books of the title before the colon, too."""
    shown = [
        ("1", "Poems", "Ann Lee"), ("2", "Poems", "Bob Lee"), ("3", "Poems", None),
        ("4", "Dune: A Novel", "Herbert, Frank"), ("5", "Dune: The Graphic Novel", "Frank Herbert"),
    ]  # fmt: skip

    class Index:
        def books(self):
            return iter(shown)

    reviews, index = Reviews(store_in_memory()), Index()
    for key, title, author in shown:
        assert reviews.cover_of({"title": title, "author": author}, index) == key
    assert reviews.cover_of({"title": "POEMS", "author": "Lee, Ann"}, index) == "1"
    assert reviews.cover_of({"title": "Poems", "author": "Cid Lee"}, index) is None
