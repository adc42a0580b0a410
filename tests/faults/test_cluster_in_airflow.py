"""Fine-tuning by Airflow on a Spark cluster, with a platform configured for the cluster."""

import re

import pytest

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi
from dustjacket.cli.follow import wait_for_dags
from dustjacket.pipeline.spark import LOOPBACK
from dustjacket.storage.store import Store
from tests.conftest import running_platform
from tests.faults.test_training import SLOW, below, publish, trainers
from tests.support.commands import until

pytestmark = [pytest.mark.faults, pytest.mark.release, pytest.mark.timeout(600)]


@pytest.fixture(scope="module")
def cluster_platform(cluster):
    """A platform whose tasks use the Spark cluster."""
    variables = {"DUSTJACKET_SPARK_MASTER": cluster[0], "SPARK_LOCAL_IP": LOOPBACK}
    with running_platform("cluster", **variables) as settings:
        wait_for_dags(AirflowApi(settings), print)
        yield settings


def test_airflow_trains_on_a_cluster_and_logs_progress(cluster_platform, cluster):
    store, airflow = Store(cluster_platform), AirflowApi(cluster_platform)
    airflow._call("PATCH", "/dags/evaluate_clip", json={"is_paused": True})
    labels = publish(store, 1)
    given = {**SLOW, "labelled_covers_version": labels.version, "epochs": 10}
    run = airflow.trigger("finetune_clip", given)
    until(
        lambda: [len(trainers(below(one))) for one in cluster[1][1:]] == [1, 1],
        240, "no process trains on each of the workers",
    )  # fmt: skip
    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, 300, "it hangs")
    assert airflow.run(run.dag_id, run.dag_run_id).state == "success", airflow.failure(run)
    train = next(task for task in airflow.tasks(run) if task.task_id == "train")
    log = "\n".join(str(entry["event"]) for entry in airflow.log(run, train))
    assert re.search(r"step \d+ of 40: .*loss [\d.]+, [\d.]+ pairs/s, .+ left", log)
