"""Errors of the app as problem details."""

import pytest

from dustjacket.studio.problems import BusyError
from tests.support.studio_case import RICE, assert_problem, make_app, running


def test_overload_is_a_429(tmp_path):
    app = make_app(tmp_path)

    async def refuse(_):
        raise BusyError

    app.state.studio.genres.submit = refuse
    with running(app) as client:
        response = client.post("/genre", json=RICE)
        assert_problem(response, 429, "again")
        assert response.headers["retry-after"] == "1"


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        ({}, "title is missing"),
        ({"title": " "}, "title is empty"),
        ({"title": "x" * 501}, "title has more than 500 characters"),
        ({"title": 7}, "title must be text"),
        ({"title": "x", "top": 0}, "top is too small: give 1 or more"),
        ({"title": "x", "top": 101}, "top is too large: give 100 or less"),
        ({"title": "x", "top": "many"}, "top must be a whole number"),
        ({"title": "x", "colour": "red"}, "colour is no field of this request"),
        ([], "the body must be a JSON object"),
    ],
)
def test_what_is_wrong_with_a_request_is_one_sentence(studio, body, detail):
    problem = assert_problem(studio.post("/covers/search", json=body), 422)
    assert problem["detail"] == detail
