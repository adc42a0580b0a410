import pytest

from dustjacket.chain.airflow_api import AirflowApi
from dustjacket.chain.follow import wait_for_dags
from dustjacket.storage import Store
from tests.conftest import ROOT, job_folder, running_platform


@pytest.fixture(scope="package")
def stage(tmp_path_factory):
    """Folder in which the jobs of these tests say where they are, and are told to go on."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="package")
def platform(stage, tmp_path_factory):
    jobs = job_folder(tmp_path_factory.mktemp("jobs"), ROOT / "tests/faults/staged_job.py")
    for real in ("ingest_catalog.py", "finetune_clip.py"):
        (jobs / real).write_text((ROOT / "spark_jobs" / real).read_text())
    with running_platform("faults", DUSTJACKET_JOBS=jobs, STAGE=stage) as settings:
        wait_for_dags(AirflowApi(settings), print)
        yield settings


@pytest.fixture(scope="package")
def airflow(platform):
    return AirflowApi(platform)


@pytest.fixture(scope="package")
def store(platform):
    return Store(platform)
