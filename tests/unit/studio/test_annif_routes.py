"""Annif's REST API, asked by Annif's own client."""

import httpx
import pytest
from annif_client import AnnifClient

from tests.support.listening import listening
from tests.support.studio_case import make_app

TOKEN, RICE = "secret", "Rice, rice\nA description of rice."


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    app = make_app(tmp_path_factory.mktemp("annif"), token=TOKEN)
    with listening(app) as studio:
        yield f"{studio.removeprefix('http://')}v1/"


@pytest.fixture(scope="module")
def annif(address):
    return AnnifClient(f"http://anybody:{TOKEN}@{address}")


def test_the_client_finds_the_project(annif):
    assert annif.api_info["title"].startswith("Dustjacket")
    (project,) = annif.projects
    assert annif.get_project(project["project_id"]) == project
    assert project["project_id"] == "dustjacket"
    assert project["is_trained"]
    with pytest.raises(ValueError, match="Project 'yso-en' not found: the one here is dustjacket"):
        annif.get_project("yso-en")


def test_the_client_gets_suggestions_in_annifs_form(annif):
    first, second = annif.suggest("dustjacket", RICE)
    assert first == {
        "uri": "urn:dustjacket:genre:Cooking", "label": "Cooking", "notation": None,
        "score": pytest.approx(0.9999, abs=1e-3),
    }  # fmt: skip
    assert second["uri"] == "urn:dustjacket:genre:Travel%20%26%20Trips"
    assert [one["label"] for one in annif.suggest("dustjacket", RICE, limit=1)] == ["Cooking"]
    assert len(annif.suggest("dustjacket", RICE, threshold=0.5)) == 1


def test_the_client_gets_suggestions_for_many_texts(annif):
    documents = [{"text": "Paris", "document_id": "a"}, {"text": "Rice"}, {"text": "quux"}]
    paris, rice, unknown = annif.suggest_batch("dustjacket", documents, limit=1)
    assert (paris["document_id"], paris["results"][0]["label"]) == ("a", "Travel & Trips")
    assert (rice["document_id"], rice["results"][0]["label"]) == (None, "Cooking")
    assert [paris["sure"], rice["sure"], unknown["sure"]] == [True, True, False]


def test_a_login_is_needed_and_bad_input_is_a_problem(address):
    url = f"http://{address}projects/dustjacket/suggest"
    login = ("anybody", TOKEN)
    assert httpx.post(url, data={"text": "Rice"}).status_code == 401
    empty = httpx.post(url, data={"text": " \n"}, auth=login)
    assert (empty.status_code, empty.json()["detail"]) == (
        422, "text: give a title, and a description below it"
    )  # fmt: skip
    long = httpx.post(url, data={"text": "Rice\n" + "x" * 500_000}, auth=login)
    assert long.json()["results"][0]["label"] == "Cooking"
    assert httpx.post(url, data={"text": "x" * 1_100_000}, auth=login).status_code == 413
    many = {"documents": [{"text": "Rice"}] * 33}
    assert httpx.post(f"{url}-batch", json=many, auth=login).status_code == 422
    other_site = httpx.post(f"http://{address.removesuffix('v1/')}genre", json={}, auth=login)
    assert other_site.status_code == 403, "other routes are still protected"
