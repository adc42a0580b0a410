"""Errors of the app as problem details."""

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
