"""Training processes through Spark: on this machine, or on the executors of a cluster."""

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
from typing import Any

import psutil
from py4j.protocol import Py4JJavaError  # type: ignore[import-untyped]
from pyspark.errors import PySparkException
from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession

from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.parameters import ClipParameters
from dustjacket.pipeline.spark import LOOPBACK, is_local

RENDEZVOUS = "DUSTJACKET_RENDEZVOUS"
_RAISED = re.compile(r"^\[rank\d+\]: (\w[\w.]*: .*)$", re.MULTILINE)
_OURS = re.compile(  # one raised before the processes met has no rank
    rf"^(?:\[rank\d+\]: )?{re.escape(DustjacketError.__module__)}\.(\w+): (.*)$", re.MULTILINE
)
_LOST = re.compile(r"^ExecutorLostFailure .*$", re.MULTILINE)
_ANY = re.compile(r"^([\w.]+(?:Error|Exception): .+)$", re.MULTILINE)
_CALL = re.compile(r"\AAn error occurred while calling \S+\s+: ")
_PEER_GONE = re.compile("Connection (closed|reset) by peer")
_SIGNAL = re.compile(r"\((SIG(?!TERM)\w+)\)")  # torchrun ends the others with SIGTERM
NO_MEMORY = re.compile(
    r"out of memory|not enough memory|(can't|cannot) allocate memory|\bMemoryError|std::bad_alloc"
    r"|memory allocation of \d+ bytes failed",
    re.IGNORECASE,
)
"""How PyTorch, the operating system, C++ and Rust say it."""
_PATIENCE_S = 10.0


def run_distributed(
    spark: SparkSession, parameters: ClipParameters, train: Callable[..., None], *args: Any
) -> None:
    """Call ``train(*args)`` in as many processes as asked for; all end when one fails.

    On one machine (``local[…]``) they meet in a file that ``DUSTJACKET_RENDEZVOUS`` names and
    talk over loopback; on a cluster each is a Spark task, and they meet by address.

    Raises:
        BadInputError: a process found that its input is wrong.
        DustjacketError: a process failed; the text is the error that it ended with.
    """
    local = is_local(spark)
    try:
        distributor = _Distributor(
            parameters.processes,
            local_mode=local,
            # Spark need not be told of this machine's: a process takes the one of its number.
            use_gpu=parameters.device == "gpu" and not local,
        )
        with _loopback() if local else nullcontext():
            distributor.run(train, *args)
    except (RuntimeError, Py4JJavaError, PySparkException) as error:
        raise failure(str(error), parameters) from error


def failure(said: str, parameters: ClipParameters) -> DustjacketError:
    """Return what training failed of, of the last lines its processes ``said``."""
    if ours := _OURS.search(said):
        kind = BadInputError if ours[1] == BadInputError.__name__ else DustjacketError
        return kind(f"training failed: {ours[2]}")
    return DustjacketError(f"training failed: {_reason(said, parameters)}")


def _reason(said: str, parameters: ClipParameters) -> str:
    """Return it where no process told it in our words.

    One that fails takes the others with it: what they complain of then says nothing.
    """
    if NO_MEMORY.search(said):
        return out_of_memory(parameters)
    if ended := _SIGNAL.search(said):
        cure = _smaller_parts(parameters)
        return f"a process was ended by {ended[1]}; where memory ran out, {cure}"
    raised: list[str] = _RAISED.findall(said)
    alone = [one for one in raised if not _PEER_GONE.search(one)]
    last: list[str] = [*_LOST.findall(said), *reversed(_ANY.findall(said)), _CALL.sub("", said)]
    return [*alone, *raised, *last][0].splitlines()[0]


def out_of_memory(parameters: ClipParameters) -> str:
    """Return what to do where memory ran out."""
    tried = _at_once(parameters)
    cure = _smaller_parts(parameters)
    return f"out of memory with {tried} pairs at a time in each process: {cure}"


def _smaller_parts(parameters: ClipParameters) -> str:
    half = max(1, _at_once(parameters) // 2)
    return f"set micro_batch={half}, which gives the same training in smaller parts"


def _at_once(parameters: ClipParameters) -> int:
    share = max(1, parameters.batch_size // parameters.processes)
    return min(parameters.micro_batch or share, share)


class _Distributor(TorchDistributor):
    """TorchDistributor without what would listen on every address, or end a training for its logs.

    On one machine its processes meet in a file. On a cluster they train on without the connection
    to the driver by which their lines come.
    """

    def run(self, train_object: Callable[..., None] | str, *args: Any, **kwargs: Any) -> Any:
        start = _run_on_loopback if self.local_mode else _run_on_cluster
        return self._run(train_object, start, *args, **kwargs)


class _Lines:
    """Sends lines to the driver while it listens; all of them go to the executor's log too."""

    failed = True  # else each line asks for the address of a peer that may be gone

    def __init__(self, client: Any) -> None:
        self.send = client.send  # which gives up quietly


def _run_on_cluster(input_params: dict[str, Any], train_file: str, *args: Any) -> None:
    where, here = TorchDistributor._get_torchrun_args(False, input_params["num_processes"])
    lines: Any = _Lines(input_params["log_streaming_client"])
    try:
        _torchrun([*where, f"--nproc_per_node={here}", train_file, *args], lines)
    except RuntimeError as error:
        raised = _RAISED.findall(str(error))
        if raised and all(map(_PEER_GONE.search, raised)):
            time.sleep(_PATIENCE_S)  # Spark tells of the first task that fails: the peer knows why
        raise


def _run_on_loopback(input_params: dict[str, Any], train_file: str, *args: Any) -> None:
    where = [
        *("--nnodes=1", f"--nproc_per_node={input_params['num_processes']}"),
        *("--rdzv_backend=c10d", "--rdzv_conf=store_type=file", f"--local_addr={LOOPBACK}"),
        f"--rdzv_endpoint={os.environ[RENDEZVOUS]}.torchrun",
    ]
    _torchrun([*where, train_file, *args])


def _torchrun(arguments: list[Any], lines: Any = None) -> None:
    # Not through pyspark's wrapper, which ends well whatever torchrun did. It is there to end
    # torchrun with its parent: Spark's daemon sends both a SIGHUP when its executor is gone.
    command = [sys.executable, "-m", "torch.distributed.run", *map(str, arguments)]
    TorchDistributor._execute_command(command, log_streaming_client=lines)


@contextmanager
def _loopback() -> Iterator[None]:
    interface = next(
        name
        for name, addresses in psutil.net_if_addrs().items()
        if any(one.family == socket.AF_INET and one.address == LOOPBACK for one in addresses)
    )
    folder = tempfile.mkdtemp()
    added = {
        RENDEZVOUS: str(Path(folder) / "rendezvous"),
        "GLOO_SOCKET_IFNAME": interface,
        # Otherwise torchrun opens a store of its own beside the file.
        "TORCH_DISABLE_SHARE_RDZV_TCP_STORE": "1",
    }
    before = {name: os.environ.get(name) for name in added}
    os.environ.update(added)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        shutil.rmtree(folder, ignore_errors=True)
