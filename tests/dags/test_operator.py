"""What the job of a step inherits from its task."""

import os
from types import SimpleNamespace

from airflow.providers.apache.spark.operators.spark_submit import SparkSubmitOperator
from airflow.sdk import BaseHook
from airflow.sdk.exceptions import AirflowNotFoundException

from dustjacket.orchestration.job_log import JobLog
from dustjacket.orchestration.operators import SparkStepOperator
from dustjacket.platform.environments import AIRFLOW_SECRETS
from dustjacket.settings import load_settings

HELD = {
    **dict.fromkeys(AIRFLOW_SECRETS, "a secret of Airflow's"),
    "DUSTJACKET_S3_SECRET_KEY": "the secret of the object store",
    "DUSTJACKET_MLFLOW_PASSWORD": "the password of MLflow",
}
FILE = {
    "DUSTJACKET_AIRFLOW_PASSWORD": "the password of Airflow",
    "DUSTJACKET_STUDIO_TOKEN": "the token of the Studio",
}


class Task:
    """A task whose plan is made."""

    def xcom_pull(self, **_):
        version = "20260101T000000000000Z-0123456789ab"
        return {"published": False, "plan": {"version": version}, "version": version}


def test_a_job_inherits_the_secrets_of_the_object_store_and_mlflow_alone(tmp_path, monkeypatch):
    for name in list(os.environ):
        if name.startswith("DUSTJACKET_"):
            monkeypatch.delenv(name)
    for name, value in {**HELD, "DUSTJACKET_HOME": str(tmp_path)}.items():
        monkeypatch.setenv(name, value)
    (tmp_path / "platform.env").write_text("".join(f"{k}={v!r}\n" for k, v in FILE.items()))
    seen = {}
    monkeypatch.setattr(SparkSubmitOperator, "execute", lambda *_: seen.update(os.environ))

    def no_connection(_):
        raise AirflowNotFoundException("none")

    monkeypatch.setattr(BaseHook, "get_connection", no_connection)
    load_settings.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(os, "environ", os.environ.copy())
        SparkStepOperator(task_id="job", step="ingest_catalog").execute({"ti": Task()})
    load_settings.cache_clear()
    found = {value for value in {**HELD, **FILE}.values() if value in seen.values()}
    assert found == {"the secret of the object store", "the password of MLflow"}


def test_the_lines_of_a_job_keep_their_levels(monkeypatch):
    hook = SimpleNamespace(log="the log of Airflow", _log=None)
    monkeypatch.setattr(SparkSubmitOperator, "_get_hook", lambda _: hook)
    log = SparkStepOperator(task_id="job", step="ingest_catalog")._get_hook()._log
    assert isinstance(log, JobLog)
