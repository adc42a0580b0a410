"""Training processes through Spark: on this machine, or on the executors of a cluster."""

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any

import psutil
from pyspark.ml.torch.distributor import TorchDistributor
from pyspark.sql import SparkSession

from dustjacket.errors import DustjacketError
from dustjacket.parameters import ClipParameters
from dustjacket.spark import LOOPBACK, is_local

RENDEZVOUS = "DUSTJACKET_RENDEZVOUS"
_RAISED = re.compile(r"^\[rank\d+\]: (\w[\w.]*: .*)$", re.MULTILINE)


def run_distributed(
    spark: SparkSession, parameters: ClipParameters, train: Callable[..., None], *args: Any
) -> None:
    """Call ``train(*args)`` in as many processes as asked for; all end when one fails.

    On one machine (``local[…]``) they meet in a file that ``DUSTJACKET_RENDEZVOUS`` names and
    talk over loopback; on a cluster each is a Spark task, and they meet by address.

    Raises:
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
    except RuntimeError as error:
        raised = _RAISED.findall(str(error)) or [_ended(str(error))]
        raise DustjacketError(f"training failed: {raised[0]}") from error


def _ended(said: str) -> str:
    """Return how a process ended that raised nothing."""
    if "SIGKILL" in said:
        return "a process was killed; where memory ran out, set a smaller micro_batch"
    return said.splitlines()[0]


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
    command = TorchDistributor._create_torchrun_command(input_params, train_file, *args)
    lines: Any = _Lines(input_params["log_streaming_client"])
    TorchDistributor._execute_command(command, log_streaming_client=lines)


def _run_on_loopback(input_params: dict[str, Any], train_file: str, *args: Any) -> None:
    # Not through pyspark's wrapper, which ends well whatever torchrun did.
    command = [
        *(sys.executable, "-m", "torch.distributed.run"),
        *("--nnodes=1", f"--nproc_per_node={input_params['num_processes']}"),
        *("--rdzv_backend=c10d", "--rdzv_conf=store_type=file", f"--local_addr={LOOPBACK}"),
        f"--rdzv_endpoint={os.environ[RENDEZVOUS]}.torchrun",
        train_file,
        *args,
    ]
    TorchDistributor._execute_command(command)


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
