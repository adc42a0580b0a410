import pytest

from dustjacket.chain.airflow_api import AirflowApi
from dustjacket.chain.follow import wait_for_dags
from dustjacket.storage import Store
from tests.conftest import ROOT, job_folder, running_platform


@pytest.fixture(scope="package")
def platform(tmp_path_factory):
    """Real servers; the steps' jobs are light ones, for what is tested here is what chains them."""
    jobs = job_folder(tmp_path_factory.mktemp("jobs"), ROOT / "tests/integration/light_job.py")
    with running_platform("integration", DUSTJACKET_JOBS=jobs) as settings:
        yield settings


@pytest.fixture(scope="package")
def store(platform):
    return Store(platform)


@pytest.fixture(scope="package")
def airflow(platform):
    api = AirflowApi(platform)
    wait_for_dags(api, print)
    return api
