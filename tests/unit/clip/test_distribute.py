"""What a training that failed is said to have failed of."""

from unittest.mock import Mock

import pytest

from dustjacket.clip import distribute
from dustjacket.clip.distribute import failure
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.parameters import ClipParameters

PARAMETERS = ClipParameters(processes=2, batch_size=16)
PEER = "[rank1]: RuntimeError: [gloo/transport/tcp/pair.cc:561] Connection closed by peer [::1]:1"
OURS = f"{DustjacketError.__module__}.{DustjacketError.__name__}"
WRONG = f"{BadInputError.__module__}.{BadInputError.__name__}"
TERMINATED = "  exitcode  : -15 (pid: 7)  (SIGTERM)"
SMALLER = "set micro_batch=4, which gives the same training in smaller parts"
NO_MEMORY = f"out of memory with 8 pairs at a time in each process: {SMALLER}"
ABORTED = "org.apache.spark.SparkException: Job aborted due to stage failure: barrier task failed."
OF_SPARK = ["An error occurred while calling o45.collectToPython.", f": {ABORTED}"]
OF_A_TASK = [
    *OF_SPARK,
    "org.apache.spark.api.python.PythonException: An exception was thrown: Traceback (most recent",
    "RuntimeError: Command ['python'] failed with code 1. The task output is below: [rank1]:",
]
FRAME = "\tat org.apache.spark.scheduler.DAGScheduler.abortStage(DAGScheduler.scala:3310)"
LOST = "ExecutorLostFailure (executor 0 exited caused by one of the running tasks) Reason: gone"


@pytest.mark.parametrize(
    ("said", "why"),
    [
        ([PEER, f"[rank0]: {OURS}: no such covers", TERMINATED], "no such covers"),
        ([PEER, "[rank0]: OSError: [Errno 12] Cannot allocate memory"], NO_MEMORY),
        ([PEER, "terminate called after throwing an instance of 'std::bad_alloc'"], NO_MEMORY),
        (["memory allocation of 134442408 bytes failed", TERMINATED], NO_MEMORY),
        (
            [PEER, TERMINATED, "  exitcode  : -9 (pid: 6) (SIGKILL)"],
            f"a process was ended by SIGKILL; where memory ran out, {SMALLER}",
        ),
        ([PEER, TERMINATED, "[rank0]: KeyError: 'title'"], "KeyError: 'title'"),
        ([PEER, TERMINATED], PEER.removeprefix("[rank1]: ")),
        (["Command failed with return code 1", "no more"], "Command failed with return code 1"),
        ([*OF_A_TASK, f"[rank1]: {OURS}: its keys are in s3://x", FRAME], "its keys are in s3://x"),
        ([*OF_A_TASK, f"{OURS}: no such covers", FRAME], "no such covers"),
        ([*OF_A_TASK, "[rank1]: KeyError: 'title'", FRAME], "KeyError: 'title'"),
        ([*OF_A_TASK, "ModuleNotFoundError: No module named 'x'", FRAME],
         "ModuleNotFoundError: No module named 'x'"),
        ([*OF_SPARK, LOST, FRAME], LOST),
        ([*OF_SPARK, FRAME], ABORTED),
    ],
)  # fmt: skip
def test_a_training_failed_of_what_was_wrong_and_not_of_what_that_did_to_others(said, why):
    failed = failure("\n".join(said), PARAMETERS)
    assert str(failed) == f"training failed: {why}"
    assert not isinstance(failed, BadInputError)


@pytest.mark.parametrize("rank", ["[rank0]: ", ""])
def test_a_wrong_input_that_a_process_found_stays_one_that_is_not_tried_again(rank):
    failed = failure("\n".join([*OF_A_TASK, PEER, f"{rank}{WRONG}: no GPU", FRAME]), PARAMETERS)
    assert isinstance(failed, BadInputError)
    assert str(failed) == "training failed: no GPU"


@pytest.mark.parametrize(("said", "waits"), [(PEER, True), ("[rank1]: KeyError: 'title'", False)])
def test_a_task_of_a_cluster_lets_the_peer_that_is_gone_say_why_first(monkeypatch, said, waits):
    def torchrun(arguments, lines):
        raise RuntimeError(f"Command failed with return code 1:\n{said}\n")

    waited = []
    monkeypatch.setattr(distribute, "_torchrun", torchrun)
    monkeypatch.setattr(distribute.time, "sleep", waited.append)
    for name, value in {"MASTER_ADDR": "node", "MASTER_PORT": "1", "RANK": "0"}.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(RuntimeError, match="return code 1"):
        distribute._run_on_cluster({"num_processes": 2, "log_streaming_client": Mock()}, "train.py")
    assert bool(waited) is waits
