"""Training processes through Spark: on this machine, or on the executors of a cluster."""

import os
import re
import shutil
import socket
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
    processes = parameters.processes
    try:
        if is_local(spark):
            # A process takes the GPU of its number: Spark need not be told of this machine's.
            with _loopback():
                _LoopbackDistributor(processes, use_gpu=False).run(train, *args)
        else:
            on_gpus = parameters.device == "gpu"
            TorchDistributor(processes, local_mode=False, use_gpu=on_gpus).run(train, *args)
    except RuntimeError as error:
        raised = _RAISED.findall(str(error)) or [_ended(str(error))]
        raise DustjacketError(f"training failed: {raised[0]}") from error


def _ended(said: str) -> str:
    """Return how a process ended that raised nothing."""
    if "SIGKILL" in said:
        return "a process was killed; where memory ran out, set a smaller micro_batch"
    return said.splitlines()[0]


class _LoopbackDistributor(TorchDistributor):
    """TorchDistributor whose processes meet in a file: its own way listens on every address."""

    def run(self, train_object: Callable[..., None] | str, *args: Any, **kwargs: Any) -> Any:
        return self._run(train_object, _run_on_loopback, *args, **kwargs)


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
