"""What the client of Airflow's API reports when a login or a call is refused."""

import json

import httpx
import pytest
import tenacity
from pydantic import SecretStr

from dustjacket.cli.airflow_api import AirflowApi, DagRun
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


def test_a_trigger_that_got_no_answer_starts_one_run(monkeypatch):
    monkeypatch.setattr(AirflowApi._call.retry, "wait", tenacity.wait_none())
    api, runs = api_of({}), []

    def answer(request):
        if request.method == "GET":
            return httpx.Response(200, json=runs[-1])
        run_id = json.loads(request.content)["dag_run_id"]
        if run_id in [run["dag_run_id"] for run in runs]:
            return httpx.Response(409)
        runs.append({**RUN, "dag_run_id": run_id})
        raise httpx.ReadTimeout("the run is made, but no answer comes", request=request)

    api._http = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    run = api.trigger("x")
    assert [run.dag_run_id] == [run["dag_run_id"] for run in runs]
    assert api.trigger("x").dag_run_id != run.dag_run_id, "another request is another run"


def test_a_variable_that_is_there_after_no_answer_gets_the_value(monkeypatch):
    monkeypatch.setattr(AirflowApi._call.retry, "wait", tenacity.wait_none())
    api, made = api_of({}), {}

    def answer(request):
        if request.method == "GET":
            return httpx.Response(200, json={"variables": []})
        body = json.loads(request.content)
        if request.method == "PATCH":
            made[body["key"]] = body["value"]
            return httpx.Response(200, json={})
        if made:
            return httpx.Response(409)
        made[body["key"]] = "of another client, in the meantime"
        raise httpx.ReadTimeout("it is set, but no answer comes", request=request)

    api._http = httpx.Client(base_url="http://airflow", transport=httpx.MockTransport(answer))
    api.set_variable("key", "value", "")
    assert made == {"key": "value"}


def failed_run(log):
    api = api_of({})
    task = {"task_id": "train", "state": "failed", "try_number": 2}
    answers = {"taskInstances": {"task_instances": [task]}, "2": {"content": log}}
    api._call = lambda _method, path, **_: answers[path.rpartition("/")[2]]
    return api.failure(DagRun.model_validate(RUN))


@pytest.mark.parametrize(
    ("log", "reason"),
    [
        ([{"event": "x", "error_detail": [{"exc_value": "a process was ended\nat"}]}], "a process"),
        ([{"event": "no trace"}], "it left no reason"),
        ([], "it left no reason"),
    ],
)
def test_a_failure_has_its_reason_and_the_address_of_its_log(log, reason):
    text = failed_run(log)
    assert f"train failed: {reason}" in text
    assert "; log: http://airflow/dags/" in text
    assert text.endswith("/tasks/train?try_number=2")
    assert "\n" not in text
