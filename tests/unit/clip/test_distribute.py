"""The error that a failed training reports."""

import os
import socket
from types import SimpleNamespace
from unittest.mock import Mock

import pytest

from dustjacket.clip import distribute
from dustjacket.clip.distribute import error_from_output
from dustjacket.clip.step import ClipParameters
from dustjacket.errors import BadInputError, DustjacketError

PARAMETERS = ClipParameters(processes=2, batch_size=16)
PEER = "[rank1]: RuntimeError: [gloo/transport/tcp/pair.cc:561] Connection closed by peer [::1]:1"
ERROR = f"{DustjacketError.__module__}.{DustjacketError.__name__}"
BAD_INPUT = f"{BadInputError.__module__}.{BadInputError.__name__}"
TERMINATED = "  exitcode  : -15 (pid: 7)  (SIGTERM)"
SMALLER = "set micro_batch=4, which computes the same gradients in smaller parts"
NO_MEMORY = f"out of memory with 8 pairs at a time in each process: {SMALLER}"
ABORTED = "org.apache.spark.SparkException: Job aborted due to stage failure: barrier task failed."
SPARK_ERROR = ["An error occurred while calling o45.collectToPython.", f": {ABORTED}"]
TASK_ERROR = [
    *SPARK_ERROR,
    "org.apache.spark.api.python.PythonException: An exception was thrown: Traceback (most recent",
    "RuntimeError: Command ['python'] failed with code 1. The task output is below: [rank1]:",
]
FRAME = "\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:3310)"
LOST = "ExecutorLostFailure (executor 0 exited caused by one of the running tasks) Reason: gone"


@pytest.mark.parametrize(
    ("output", "cause"),
    [
        ([PEER, f"[rank0]: {ERROR}: no such covers", TERMINATED], "no such covers"),
        ([PEER, "[rank0]: OSError: [Errno 12] Cannot allocate memory"], NO_MEMORY),
        ([PEER, "terminate called after throwing an instance of 'std::bad_alloc'"], NO_MEMORY),
        (["memory allocation of 134442408 bytes failed", TERMINATED], NO_MEMORY),
        (
            [PEER, TERMINATED, "  exitcode  : -9 (pid: 6) (SIGKILL)"],
            f"a process was killed by SIGKILL; if memory ran out, {SMALLER}",
        ),
        ([PEER, TERMINATED, "[rank0]: KeyError: 'title'"], "KeyError: 'title'"),
        ([PEER, TERMINATED], PEER.removeprefix("[rank1]: ")),
        (["Command failed with return code 1", "no more"], "Command failed with return code 1"),
        ([*TASK_ERROR, f"[rank1]: {ERROR}: its keys are in s3://x", FRAME], "its keys are in s3://x"),
        ([*TASK_ERROR, f"{ERROR}: no such covers", FRAME], "no such covers"),
        ([*TASK_ERROR, "[rank1]: KeyError: 'title'", FRAME], "KeyError: 'title'"),
        ([*TASK_ERROR, "ModuleNotFoundError: No module named 'x'", FRAME],
         "ModuleNotFoundError: No module named 'x'"),
        ([*SPARK_ERROR, LOST, FRAME], LOST),
        ([*SPARK_ERROR, FRAME], ABORTED),
    ],
)  # fmt: skip
def test_a_failed_training_reports_the_cause_and_not_its_effects_on_other_processes(output, cause):
    error = error_from_output("\n".join(output), PARAMETERS)
    assert str(error) == f"training failed: {cause}"
    assert not isinstance(error, BadInputError)


@pytest.mark.parametrize("rank", ["[rank0]: ", ""])
def test_bad_input_found_by_a_process_stays_an_error_that_is_not_retried(rank):
    output = "\n".join([*TASK_ERROR, PEER, f"{rank}{BAD_INPUT}: no GPU", FRAME])
    error = error_from_output(output, PARAMETERS)
    assert isinstance(error, BadInputError)
    assert str(error) == "training failed: no GPU"


@pytest.mark.parametrize(("output", "waits"), [(PEER, True), ("[rank1]: KeyError: 'title'", False)])
def test_a_cluster_s_task_whose_peer_is_gone_lets_that_peer_s_error_arrive_first(
    monkeypatch, output, waits
):
    def torchrun(arguments, log_stream):
        raise RuntimeError(f"Command failed with return code 1:\n{output}\n")

    waited = []
    monkeypatch.setattr(distribute, "_torchrun", torchrun)
    monkeypatch.setattr(distribute, "_address_of_this_task", lambda: "127.0.0.1")
    monkeypatch.setattr(distribute.time, "sleep", waited.append)
    monkeypatch.setenv(distribute.GLOO_INTERFACE, "lo")
    for name, value in {"MASTER_ADDR": "node", "MASTER_PORT": "1", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match="return code 1"):
        distribute._run_on_cluster({"num_processes": 2, "log_streaming_client": Mock()}, "train.py")
    assert bool(waited) is waits


@pytest.fixture
def interfaces(monkeypatch):
    """A machine with loopback and one network, whose name resolves to none of its addresses."""

    def interface(family, address):
        return SimpleNamespace(family=family, address=address)

    found = {
        "lo": [interface(socket.AF_INET, "127.0.0.1")],
        "eth7": [interface(socket.AF_INET6, "fe80::1"), interface(socket.AF_INET, "10.77.0.2")],
    }
    hosts = {"127.0.0.1": "127.0.0.1", "10.77.0.2": "10.77.0.2", "worker-2": "10.77.0.2",
             "worker-3": "10.77.0.3"}  # fmt: skip

    def resolve(host):
        if host not in hosts:
            raise socket.gaierror("no such host")
        return hosts[host]

    monkeypatch.setattr("psutil.net_if_addrs", lambda: found)
    monkeypatch.setattr("socket.gethostbyname", resolve)


@pytest.mark.parametrize(
    ("host", "name"),
    [("10.77.0.2", "eth7"), ("worker-2", "eth7"), ("127.0.0.1", "lo"), ("worker-3", ""), ("x", "")],
)
def test_gloo_gets_the_interface_by_which_others_reach_the_task(interfaces, host, name):
    assert distribute.interface_of(host) == name


@pytest.mark.parametrize(("given", "used"), [(None, "eth7"), ("bond0", "bond0")])
def test_a_process_on_a_cluster_listens_where_its_task_is_known(
    interfaces, monkeypatch, given, used
):
    infos = [SimpleNamespace(address=f"worker-{number}:4040") for number in (3, 2)]
    task = SimpleNamespace(getTaskInfos=lambda: infos, partitionId=lambda: 1)
    monkeypatch.setattr(distribute.BarrierTaskContext, "get", lambda: task)
    monkeypatch.setenv(distribute.GLOO_INTERFACE, given or "none")  # put back after the test
    if not given:
        monkeypatch.delenv(distribute.GLOO_INTERFACE)
    for name in ("MASTER_ADDR", "MASTER_PORT", "RANK"):
        monkeypatch.setenv(name, "1")
    seen = []
    monkeypatch.setattr(
        distribute, "_torchrun", lambda *_: seen.append(os.environ[distribute.GLOO_INTERFACE])
    )
    parameters = {"num_processes": 2, "log_streaming_client": SimpleNamespace(send=None)}
    distribute._run_on_cluster(parameters, "train.py")
    assert seen == [used]
