"""What the client of Airflow's API reports when a login or a call is refused."""

import httpx
import pytest
from pydantic import SecretStr

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.errors import DustjacketError
from dustjacket.settings import Settings

RUN = {"dag_id": "x", "dag_run_id": "y", "state": "queued", "run_after": "2026-01-01T00:00:00Z"}


def api_of(answers):
    """Return a client whose server gives one of ``answers``, by path."""
    settings = Settings(
        _env_file=None,
        airflow_url="http://airflow",
        airflow_user="ann",
        airflow_password=SecretStr("a long password"),
    )
    api = AirflowApi(settings)

    def answer(request):
        if request.url.path != "/auth/token" and "Authorization" not in request.headers:
            return httpx.Response(401)
        return httpx.Response(answers[request.url.path], json={"access_token": "token"})

    api._http = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    return api


@pytest.mark.parametrize(
    ("login", "call", "message"),
    [
        (401, 200, "refused the login of 'ann': check DUSTJACKET_AIRFLOW_USER"),
        (429, 200, "refused the login of 'ann': too many wrong passwords"),
        (201, 403, "answered 403 to POST /dags/rollback_clip/dagRuns: the role of 'ann'"),
    ],
)
def test_a_refusal_names_the_account_and_the_cure(login, call, message):
    api = api_of({"/auth/token": login, "/api/v2/dags/rollback_clip/dagRuns": call})
    with pytest.raises(DustjacketError, match=message) as refused:
        api.trigger("rollback_clip")
    assert "\n" not in str(refused.value)
    assert "a long password" not in str(refused.value)


def test_the_switches_of_a_step_s_form_are_words():
    api, sent = api_of({}), []
    api._call = lambda _method, _path, json: sent.append(json["conf"]) or RUN
    api.trigger("select_classifier", {"idf": False, "folds": 3})
    api.trigger("retention", {"apply": True})
    assert sent == [{"idf": "off", "folds": 3}, {"apply": True}]
