import json
import os

import pytest

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import wait_for_dags
from dustjacket.storage.store import Store
from tests.conftest import ROOT, job_folder, running_platform
from tests.support.accounts import add_people
from tests.support.receiver import receiver


@pytest.fixture(scope="package")
def inbox():
    """What the platform tells people."""
    with receiver() as found:
        yield found


@pytest.fixture(scope="package")
def platform(tmp_path_factory, inbox):
    """Real servers; the steps' jobs are light ones, for what is tested here is what chains them."""
    here = ROOT / "tests/support"
    plain = {"conn_type": "spark", "host": "local", "extra": {"spark-binary": "spark3-submit"}}
    with running_platform(
        "integration",
        DUSTJACKET_JOBS=job_folder(tmp_path_factory.mktemp("jobs"), here / "light_job.py"),
        DUSTJACKET_NOTIFY=inbox.address,
        AIRFLOW_CONN_SPARK_DEFAULT=json.dumps(plain),
        PATH=f"{here / 'bin'}{os.pathsep}{os.environ['PATH']}",
    ) as settings:
        yield settings


@pytest.fixture(scope="package")
def store(platform):
    return Store(platform)


@pytest.fixture(scope="package")
def people(platform):
    """An account of each role."""
    add_people(platform.home)


@pytest.fixture(scope="package")
def airflow(platform):
    api = AirflowApi(platform)
    wait_for_dags(api, print)
    return api
