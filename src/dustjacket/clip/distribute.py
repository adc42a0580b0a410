"""Training processes through Spark's TorchDistributor, on this machine or on a cluster."""

import os
import re
import shutil
import socket
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, Literal, Protocol

import psutil
from py4j.protocol import Py4JJavaError
from pyspark import BarrierTaskContext
from pyspark.errors import PySparkException
from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.spark import LOOPBACK, is_local

GLOO_INTERFACE = "GLOO_SOCKET_IFNAME"
RENDEZVOUS = "DUSTJACKET_RENDEZVOUS"
"""Environment variable: the file through which the processes of one machine meet."""
OUT_OF_MEMORY = re.compile(
    r"out of memory|not enough memory|(can't|cannot) allocate memory|\bMemoryError|std::bad_alloc"
    r"|memory allocation of \d+ bytes failed",
    re.IGNORECASE,
)
"""Messages of PyTorch, the operating system, Python, C++ and Rust."""
_RANK_ERROR = re.compile(r"^\[rank\d+\]: (\w[\w.]*: .*)$", re.MULTILINE)
_DUSTJACKET_ERROR = re.compile(  # without a rank if raised before the processes met
    rf"^(?:\[rank\d+\]: )?{re.escape(DustjacketError.__module__)}\.(\w+): (.*)$", re.MULTILINE
)
_EXECUTOR_LOST = re.compile(r"^ExecutorLostFailure .*$", re.MULTILINE)
_EXCEPTION = re.compile(r"^([\w.]+(?:Error|Exception): .+)$", re.MULTILINE)
_PY4J_PREFIX = re.compile(r"\AAn error occurred while calling \S+\s+: ")
_PEER_GONE = re.compile("Connection (closed|reset) by peer")
_SIGNAL = re.compile(r"\((SIG(?!TERM)\w+)\)")  # torchrun ends the other processes with SIGTERM
_PEER_ERROR_WAIT_S = 10.0


class DistributedParameters(Protocol):
    """Parameters of a training in several processes."""

    @property
    def processes(self) -> int:
        """Number of processes."""

    @property
    def device(self) -> Literal["cpu", "gpu"]:
        """Device to train on."""

    @property
    def batch_size(self) -> int:
        """Covers in a batch of all processes."""

    @property
    def micro_batch(self) -> int:
        """Covers per process and forward pass; 0: its whole share."""


def run_distributed(
    spark: SparkSession, parameters: DistributedParameters, train: Callable[..., None], *args: Any
) -> None:
    """Call ``train(*args)`` in ``parameters.processes`` processes; if one fails, all end.

    On one machine (``local[…]``) they meet through the file that ``DUSTJACKET_RENDEZVOUS`` names
    and communicate over loopback. On a cluster each is a Spark task, and they meet by address.

    Raises:
        BadInputError: a process found invalid input.
        DustjacketError: a process failed; the message is that of the error which caused it.
    """
    local = is_local(spark)
    try:
        distributor = _Distributor(
            parameters.processes,
            local_mode=local,
            # On one machine each process takes the GPU of its rank, without Spark's accounting.
            use_gpu=parameters.device == "gpu" and not local,
        )
        with _loopback() if local else nullcontext():
            distributor.run(train, *args)
    except (RuntimeError, Py4JJavaError, PySparkException) as error:
        raise error_from_output(str(error), parameters) from error


def error_from_output(output: str, parameters: DistributedParameters) -> DustjacketError:
    """Return the error that made a training fail.

    A process that fails takes the others with it: their errors, such as a closed connection, are
    reported only if there is no other.

    Args:
        output: the last lines of all processes, or Spark's error.
    """
    if ours := _DUSTJACKET_ERROR.search(output):
        kind = BadInputError if ours[1] == BadInputError.__name__ else DustjacketError
        return kind(f"training failed: {ours[2]}")
    return DustjacketError(f"training failed: {_foreign_error(output, parameters)}")


def _foreign_error(output: str, parameters: DistributedParameters) -> str:
    """Return the cause where no process raised an error of ours."""
    if OUT_OF_MEMORY.search(output):
        return out_of_memory_message(parameters)
    if killed := _SIGNAL.search(output):
        cure = _smaller_parts(parameters)
        return f"a process was killed by {killed[1]}; if memory ran out, {cure}"
    of_ranks: list[str] = _RANK_ERROR.findall(output)
    causes = [error for error in of_ranks if not _PEER_GONE.search(error)]
    lost: list[str] = _EXECUTOR_LOST.findall(output)
    exceptions: list[str] = _EXCEPTION.findall(output)
    candidates = [*causes, *of_ranks, *lost, *reversed(exceptions), _PY4J_PREFIX.sub("", output)]
    return candidates[0].splitlines()[0]


def out_of_memory_message(parameters: DistributedParameters) -> str:
    """Return what to do when memory ran out."""
    pairs, cure = _pairs_at_a_time(parameters), _smaller_parts(parameters)
    return f"out of memory with {pairs} pairs at a time in each process: {cure}"


def _smaller_parts(parameters: DistributedParameters) -> str:
    half = max(1, _pairs_at_a_time(parameters) // 2)
    return f"set micro_batch={half}, which computes the same gradients in smaller parts"


def _pairs_at_a_time(parameters: DistributedParameters) -> int:
    share = max(1, parameters.batch_size // parameters.processes)
    return min(parameters.micro_batch or share, share)


class _Distributor(TorchDistributor):
    """TorchDistributor that listens on no public address and survives the loss of its log stream.

    On one machine, its processes meet through a file. On a cluster, they continue without the
    connection to the driver that carries their output.
    """

    def run(self, train_object: Callable[..., None] | str, *args: Any, **kwargs: Any) -> Any:
        run_torchrun = _run_on_loopback if self.local_mode else _run_on_cluster
        return self._run(train_object, run_torchrun, *args, **kwargs)


class _LogStream:
    """Sends output to the driver while it listens; the executor's log has all of it too."""

    failed = True  # otherwise TorchDistributor asks for a peer's address, which may be gone

    def __init__(self, client: Any) -> None:
        self.send = client.send  # gives up silently


def _run_on_cluster(input_params: dict[str, Any], train_file: str, *args: Any) -> None:
    if interface := interface_of(_address_of_this_task()):
        os.environ.setdefault(GLOO_INTERFACE, interface)
    arguments, processes = TorchDistributor._get_torchrun_args(False, input_params["num_processes"])
    log_stream: Any = _LogStream(input_params["log_streaming_client"])
    try:
        _torchrun([*arguments, f"--nproc_per_node={processes}", train_file, *args], log_stream)
    except RuntimeError as error:
        errors = _RANK_ERROR.findall(str(error))
        if errors and all(map(_PEER_GONE.search, errors)):
            # Spark reports the first task that fails: let it be the peer's, which has the cause.
            time.sleep(_PEER_ERROR_WAIT_S)
        raise


def _address_of_this_task() -> str:
    """Return the host or address by which the other tasks of a training reach this one."""
    task = BarrierTaskContext.get()
    return str(task.getTaskInfos()[task.partitionId()].address).rpartition(":")[0]


def interface_of(host: str) -> str:
    """Return the name of this machine's network interface that has a host's address; or empty.

    Left alone, Gloo takes the address that the machine's own name resolves to. Where that is none,
    it takes loopback, and the processes of other machines wait for it in vain.
    """
    try:
        address = socket.gethostbyname(host)
    except OSError:
        return ""
    for name, addresses in psutil.net_if_addrs().items():
        if any(each.family == socket.AF_INET and each.address == address for each in addresses):
            return name
    return ""


def _run_on_loopback(input_params: dict[str, Any], train_file: str, *args: Any) -> None:
    arguments = [
        *("--nnodes=1", f"--nproc_per_node={input_params['num_processes']}"),
        *("--rdzv_backend=c10d", "--rdzv_conf=store_type=file", f"--local_addr={LOOPBACK}"),
        f"--rdzv_endpoint={os.environ[RENDEZVOUS]}.torchrun",
    ]
    _torchrun([*arguments, train_file, *args])


def _torchrun(arguments: list[Any], log_stream: Any = None) -> None:
    # Not through pyspark's wrapper, which exits with 0 even if torchrun failed. The wrapper only
    # ends torchrun with its parent; Spark's daemon does that too, with SIGHUP.
    command = [sys.executable, "-m", "torch.distributed.run", *map(str, arguments)]
    TorchDistributor._execute_command(command, log_streaming_client=log_stream)


@contextmanager
def _loopback() -> Iterator[None]:
    """Let torchrun and Gloo use the loopback interface and a rendezvous file alone."""
    folder = tempfile.mkdtemp()
    variables = {
        RENDEZVOUS: str(Path(folder) / "rendezvous"),
        GLOO_INTERFACE: interface_of(LOOPBACK),
        # Otherwise torchrun opens a TCP store beside the file.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
