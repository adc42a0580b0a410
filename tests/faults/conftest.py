import json
import subprocess
import sys
from pathlib import Path
from urllib.request import urlopen

import pyspark
import pytest
from rich.console import Console

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import wait_for_dags
from dustjacket.pipeline.spark import LOOPBACK
from dustjacket.platform.java import use_java
from dustjacket.platform.ports import free_port
from dustjacket.platform.process_guard import kill_processes
from dustjacket.storage.store import Store
from tests.conftest import ROOT, WORKER, job_folder, running_platform, without_settings
from tests.support.commands import until

CLUSTER_MARK = "DUSTJACKET_TEST_CLUSTER"


@pytest.fixture(scope="package")
def stage(tmp_path_factory):
    """Folder of files by which jobs report their stage, and tests let them continue."""
    return tmp_path_factory.mktemp("stage")


@pytest.fixture(scope="package")
def platform(stage, tmp_path_factory):
    jobs = job_folder(tmp_path_factory.mktemp("jobs"), ROOT / "tests/support/staged_job.py")
    with running_platform(
        f"faults{WORKER}", DUSTJACKET_JOBS=jobs, STAGE=stage, DUSTJACKET_TASK_VARIABLES="STAGE"
    ) as settings:
        wait_for_dags(AirflowApi(settings), print)
        yield settings


@pytest.fixture(scope="package")
def airflow(platform):
    return AirflowApi(platform)


@pytest.fixture(scope="package")
def store(platform):
    return Store(platform)


@pytest.fixture(scope="module")
def cluster():
    """A standalone cluster of Spark's: a master and two workers of one core each, on loopback."""
    spark_class = Path(pyspark.__file__).parent / "bin" / "spark-class"
    master_port, page = free_port(), free_port()
    url = f"spark://{LOOPBACK}:{master_port}"
    kinds = "org.apache.spark.deploy"
    parts = [
        [f"{kinds}.master.Master", "--host", LOOPBACK, "--port", str(master_port),
         "--webui-port", str(page)],
        *2 * [[f"{kinds}.worker.Worker", "--host", LOOPBACK, "--cores", "1", "--memory", "1g",
               "--webui-port", "0", url]],
    ]  # fmt: skip
    use_java(Console())
    variables = without_settings() | {
        "SPARK_LOCAL_IP": LOOPBACK,
        "PYSPARK_PYTHON": sys.executable,
        "GLOO_SOCKET_IFNAME": "lo",
        CLUSTER_MARK: "yes",
    }
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    try:
        started = [subprocess.Popen([spark_class, *part], env=variables, **quiet) for part in parts]
        until(lambda: workers_of(page) == 2, 60, "the cluster did not start")
        yield url, started
    finally:
        kill_processes(CLUSTER_MARK, "yes")


def workers_of(page):
    try:
        with urlopen(f"http://{LOOPBACK}:{page}/json/") as answer:
            return json.load(answer)["aliveworkers"]
    except (OSError, ValueError):  # the page answers before it has what it shows
        return 0
