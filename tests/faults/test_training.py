"""Fine-tuning in two real processes: killed, without its servers, and on bad data."""

import io
import json
import os
import re
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime

import mlflow
import pandas as pd
import psutil
import pytest
import torch

from dustjacket.cli.airflow_api import ACTIVE
from dustjacket.clip.model import random_model, save
from dustjacket.clip.process import DIVERGED
from dustjacket.clip.read import load_version
from dustjacket.clip.step import MODEL_FOLDER
from dustjacket.pipeline.plan import plan_step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.platform import supervision
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.process_guard import kill_processes, processes_with
from dustjacket.storage.manifest import version_name
from dustjacket.tracking import runs as tracking
from tests.conftest import ROOT
from tests.faults.test_outages import platform_is_well
from tests.support.commands import until
from tests.support.images import drawn, saved

pytestmark = [pytest.mark.faults, pytest.mark.timeout(600)]
JOB_MARK = "DUSTJACKET_KILLED_TRAINING"
TRAINED, VALIDATED, A_SHARD, EPOCHS = 64, 16, 20, 15
SLOW = {
    "model": "dustjacket-small", "recipe": "full", "processes": 2, "batch_size": 16,
    "patience": 0, "checkpoint_steps": 1, "max_broken_share": 0.5,
}  # fmt: skip


def publish(store, day, validated=VALIDATED):
    """Publish covers in shards of twenty, and labels of them; return the labels."""
    rows, shards = [], {}
    for number in range(TRAINED + validated):
        shard, body = f"shards/{number // A_SHARD:05}.tar", saved(drawn(number, (64, 96)))
        split = "train" if number < TRAINED else "validation"
        rows.append((str(number), shard, len(shards.get(shard, b"")), len(body), split, number))
        shards[shard] = shards.get(shard, b"") + body
    table = pd.DataFrame(rows, columns=["key", "shard", "offset", "size", "split", "position"])
    table = table.assign(
        title=[f"Title {key}" for key in table["key"]],
        author=None,
        genre="Art",
        probability=0.9,
        group=table["key"],
    )
    name = version_name(datetime(2026, 1, day, tzinfo=UTC), f"{day:012}")
    covers = store.draft("covers", name)
    for shard, body in shards.items():
        covers.put(shard, body)
    covers.publish()
    body = io.BytesIO()
    table.to_parquet(body, index=False)
    labels = store.draft("labelled_covers", name)
    labels.put("labels/part.parquet", body.getvalue())
    return labels.publish(parents={"covers": name})[0]


@pytest.fixture(scope="module")
def labels(store):
    return publish(store, 1)


@pytest.fixture(autouse=True)
def no_training_is_left():
    yield
    kill_processes(JOB_MARK, "yes")


class Training:
    """A run of the step's job, or of a job like it, outside Airflow."""

    def __init__(
        self, settings, store, labels, folder, master="local[2]",
        job=ROOT / "spark_jobs/run_step.py", **overrides,
    ):  # fmt: skip
        self.store = store
        values = {**SLOW, "labelled_covers_version": labels.version, **overrides}
        self.plan = plan_step(
            STEPS["finetune_clip"], store, TeamDefaults(), datetime.now(UTC), values
        )
        self.output = folder / f"output-{self.plan.version}-{time.monotonic()}.txt"
        with self.output.open("w") as stream:
            self.process = subprocess.Popen(
                [sys.executable, job, "--plan", self.plan.model_dump_json()],
                env=os.environ | settings.environment()
                | {JOB_MARK: "yes", "PYSPARK_SUBMIT_ARGS": f"--master {master} pyspark-shell"},
                cwd=settings.home, stdout=stream, stderr=subprocess.STDOUT,
            )  # fmt: skip

    def steps(self):
        """Return the steps whose checkpoints are complete."""
        kept = self.store.versions("clip_checkpoint")
        return [int(name[-9:]) for name in kept if name.startswith(self.plan.digest)]

    def reach(self, step):
        def reached():
            assert self.process.poll() is None, self.output.read_text()
            return max(self.steps(), default=0) >= step

        until(reached, 180, f"step {step} was not reached")

    def end(self, seconds=240):
        return self.process.wait(seconds)

    def candidate(self):
        assert self.end() == 0, self.output.read_text()
        return self.store.manifest("clip_candidate", self.plan.version)


def trainers(processes):
    """Return the training processes among ``processes``, by their rank on their machine."""
    by_rank = {}
    for process in processes:
        try:
            if "LOCAL_RANK" in (environment := process.environ()):
                by_rank[int(environment["LOCAL_RANK"])] = process
        except psutil.Error:  # it has just ended
            continue
    return by_rank


def below(started):
    """Return the descendants of a process that a test started."""
    return psutil.Process(started.pid).children(recursive=True)


def test_a_cluster_s_training_resumes_after_an_executor_is_killed(
    platform, store, labels, tmp_path, cluster
):
    url, (_, *spark_workers) = cluster
    training = Training(platform, store, labels, tmp_path, master=url, epochs=15)
    training.reach(10)
    first, second = (trainers(below(one)) for one in spark_workers)
    assert (len(first), len(second)) == (1, 1), "a process a worker"
    # Above a trainer are torchrun, Spark's Python, and the executor.
    above = first[0].parents()
    executor = next(one for one in above if one.name() == "java")
    executor.kill()
    assert training.end() == 1, "Spark runs no part of such a job again"
    assert "dustjacket: training failed: ExecutorLostFailure" in training.output.read_text()
    training = Training(platform, store, labels, tmp_path, master=url, epochs=15)
    candidate = training.candidate()
    tracking.connect(platform)
    history = mlflow.MlflowClient().get_metric_history(candidate.facts["run_id"], "train.loss")
    assert len({metric.step for metric in history}) >= 59, "one may have been on its way"
    assert re.search(r"resuming from step \d\d+ of 60", training.output.read_text())


@pytest.mark.release
def test_a_cluster_s_training_survives_the_loss_of_its_log_stream(
    platform, store, labels, tmp_path, cluster
):
    deaf = ROOT / "tests/support/deaf_job.py"
    training = Training(
        platform, store, labels, tmp_path, master=cluster[0], job=deaf, epochs=15, seed=14
    )
    candidate = training.candidate()
    output = training.output.read_text()
    assert "the logs' connection is closed" in output
    assert "step 60 of 60" not in output
    tracking.connect(platform)
    history = mlflow.MlflowClient().get_metric_history(candidate.facts["run_id"], "train.loss")
    assert {metric.step for metric in history} == set(range(1, 61))


@pytest.mark.parametrize(
    ("above", "error"),
    [(0, "a process was killed by SIGKILL"), (2, ".*Python worker exited unexpectedly")],
    ids=["a trainer", "Spark's Python"],
)
def test_a_cluster_reports_what_was_killed_and_leaves_no_process(
    platform, store, labels, tmp_path, cluster, above, error
):
    url, (_, *spark_workers) = cluster
    training = Training(platform, store, labels, tmp_path, url, epochs=10 * EPOCHS, seed=17 + above)
    training.reach(3)
    first, second = (trainers(below(one))[0] for one in spark_workers)
    [first, *first.parents()][above].kill()
    assert training.end(60) == 1, "it fails at once, and does not hang"
    output = training.output.read_text()
    assert re.search(rf"^dustjacket: training failed: {error}", output, re.MULTILINE)
    assert psutil.wait_procs([first, second], 10)[1] == [], "a process was left"


def test_airflow_s_retry_resumes_a_killed_training(platform, store, labels, airflow):
    airflow._call("PATCH", "/dags/evaluate_clip", json={"is_paused": True})
    values = {**SLOW, "labelled_covers_version": labels.version, "epochs": EPOCHS, "seed": 15}
    plan = plan_step(STEPS["finetune_clip"], store, TeamDefaults(), datetime.now(UTC), values)
    run = airflow.trigger("finetune_clip", values)

    def reached():
        kept = store.versions("clip_checkpoint")
        return any(name.startswith(plan.digest) and int(name[-9:]) >= 10 for name in kept)

    until(reached, 180, "step 10 was not reached")
    trainers(processes_with(PLATFORM_MARK, str(platform.home)))[1].kill()
    until(lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE, 300, "it hangs")
    assert airflow.run(run.dag_id, run.dag_run_id).state == "success", airflow.failure(run)
    train = next(task for task in airflow.tasks(run) if task.task_id == "train")
    assert train.try_number == 2
    output = " ".join(str(entry["event"]) for entry in airflow.log(run, train))
    assert re.search(rf"resuming from step \d\d+ of {4 * EPOCHS}", output)
    assert store.with_digest("clip_candidate", plan.digest).facts["steps"] == 4 * EPOCHS


def test_a_training_without_memory_reports_the_cure(platform, store, labels, tmp_path):
    training = Training(platform, store, labels, tmp_path, epochs=10, seed=16)
    training.reach(3)
    for trainer in trainers(processes_with(JOB_MARK, "yes")).values():
        trainer.rlimit(psutil.RLIMIT_AS, (2**20, 2**20))
    assert training.end(60) == 1
    output = training.output.read_text()
    assert "dustjacket: training failed: " in output
    assert "set micro_batch=4, which computes the same gradients in smaller parts" in output
    overrides = {"micro_batch": 4, "processes": 1, "epochs": 10, "seed": 16}
    again = Training(platform, store, labels, tmp_path, **overrides)
    candidate = again.candidate()
    assert re.search(r"resuming from step \d+ of 40", again.output.read_text())
    tracking.connect(platform)
    run = mlflow.get_run(candidate.facts["run_id"])
    assert run.data.params["micro_batch"] == "0", "the run is that of the first attempt"
    assert run.data.tags["resumed.micro_batch"] == "4"


def test_a_killed_process_ends_the_training_which_resumes_to_the_same_weights(
    platform, store, tmp_path
):
    labels = publish(store, 3, validated=8)  # too few to choose an epoch: it is the last

    def training():
        return Training(platform, store, labels, tmp_path, epochs=EPOCHS)

    unbroken = training().candidate()
    for step in (10, 30):
        killed = training()
        killed.reach(step)
        trainers(processes_with(JOB_MARK, "yes"))[1].kill()
        assert killed.end(60) == 1, "it fails at once, and does not hang"
        assert "training failed: a process was killed by SIGKILL" in killed.output.read_text()
        until(lambda: processes_with(JOB_MARK, "yes") == [], 30, "a process was left")

    again = training()
    candidate = again.candidate()
    assert re.search(rf"resuming from step \d\d+ of {4 * EPOCHS}", again.output.read_text())
    expected = load_version(store, unbroken).model.state_dict()
    resumed = load_version(store, candidate).model.state_dict()
    for name, tensor in expected.items():
        torch.testing.assert_close(resumed[name], tensor, atol=1e-6, rtol=0, msg=name)
    assert again.steps() == [], "checkpoints of finished work are no use"

    tracking.connect(platform)
    client = mlflow.MlflowClient()
    run_id = candidate.facts["run_id"]
    losses = client.get_metric_history(run_id, "train.loss")
    # One run, without a gap but for what was on its way to MLflow at a kill.
    assert len({metric.step for metric in losses}) >= 4 * EPOCHS - 2
    assert "matches.png" in [file.path for file in client.list_artifacts(run_id)]


@pytest.mark.release
def test_an_outage_of_the_servers_does_not_stop_a_training(platform, store, labels, tmp_path):
    training = Training(platform, store, labels, tmp_path, epochs=60)
    training.reach(5)
    control = supervision.control(platform.home)
    for server in ("s3", "mlflow"):
        control.stopProcess(server)
    threading.Timer(30, control.startProcess, ["s3"]).start()
    try:
        time.sleep(60)
    finally:
        supervision.control(platform.home).startProcess("mlflow")
    until(lambda: platform_is_well(platform), 120, "the servers did not come back")
    candidate = training.candidate()
    output = training.output.read_text()
    assert "the object store has been unavailable" in output or "skipped: the previous" in output
    assert "MLflow is unavailable" in output
    assert re.search(r"MLflow is available again: \d+ metrics are \d+ s late", output)
    tracking.connect(platform)
    history = mlflow.MlflowClient().get_metric_history(candidate.facts["run_id"], "train.loss")
    assert len({metric.step for metric in history}) == 240


def test_a_broken_shard_is_left_out_within_the_limit(platform, store, tmp_path):
    labels = publish(store, 2)
    covers = store.manifest("covers", labels.parents["covers"])
    store.client.put_object(
        Bucket=store.bucket, Key=f"{covers.prefix}shards/00001.tar", Body=b"other bytes"
    )
    training = Training(platform, store, labels, tmp_path, epochs=1)
    assert training.candidate().rows["pairs"] == TRAINED - A_SHARD
    assert "20 of 80 covers cannot be read and are left out" in training.output.read_text()
    strict = Training(platform, store, labels, tmp_path, epochs=1, max_broken_share=0.2)
    assert strict.end() == 1
    assert re.search(r"dustjacket: .*20 of 80 covers.*raise max_broken", strict.output.read_text())


@pytest.mark.parametrize("where", ["local", "cluster"])
def test_a_loss_that_is_not_finite_leaves_the_keys_of_its_batch(
    platform, store, labels, tmp_path, request, where
):
    master = request.getfixturevalue("cluster")[0] if where == "cluster" else "local[2]"
    broken = random_model("dustjacket-small", 1)
    with torch.no_grad():
        broken.model.logit_scale.fill_(1000)  # finite, but its exponential is not
    save(broken, tmp_path / MODEL_FOLDER)
    training = Training(
        platform, store, labels, tmp_path, master, epochs=1, model=str(tmp_path / MODEL_FOLDER)
    )
    assert training.end() == 1
    error = re.search(
        r"^dustjacket: training failed: .*$", training.output.read_text(), re.MULTILINE
    )
    address = re.search(rf"s3://{store.bucket}/(\S+{DIVERGED})", error[0])
    body = store.client.get_object(Bucket=store.bucket, Key=address[1])["Body"].read()
    assert len(json.loads(body)) == SLOW["batch_size"]
    assert "lower learning_rate" in error[0]
    assert store.versions("clip_candidate").count(training.plan.version) == 0
