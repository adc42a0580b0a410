"""What every training process does, whatever it trains: join the others, resume, and log."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal, Protocol

import torch
import torch.distributed as dist

from dustjacket.clip.checkpoints import Checkpoint, Checkpoints
from dustjacket.clip.distribute import (
    OUT_OF_MEMORY,
    RENDEZVOUS,
    DistributedParameters,
    out_of_memory_message,
)
from dustjacket.clip.metric_logger import AsyncMetricLogger
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.clip.train import MetricLogger
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.settings import Settings
from dustjacket.tracking import runs as tracking


class MemberParameters(DistributedParameters, Protocol):
    """Parameters of a training process."""

    @property
    def precision(self) -> Literal["fp32", "bf16"]:
        """Precision of the computation."""


@contextmanager
def join_group(parameters: MemberParameters) -> Iterator[tuple[ProcessGroup, torch.device]]:
    """Join the group of processes that torchrun started, for a block.

    Yields:
        The group and this process's device.

    Raises:
        BadInputError: there are fewer GPUs than processes.
        DustjacketError: memory ran out.
    """
    group = ProcessGroup(int(os.environ["RANK"]), int(os.environ["WORLD_SIZE"]))
    device = _select_device(parameters)
    rendezvous = os.environ.get(RENDEZVOUS)
    if rendezvous:  # on one machine; on a cluster, Spark sets the threads of each task
        cores, processes = len(os.sched_getaffinity(0)), int(os.environ["LOCAL_WORLD_SIZE"])
        torch.set_num_threads(max(1, cores // processes))
    dist.init_process_group(
        "nccl" if device.type == "cuda" else "gloo",
        init_method=f"file://{rendezvous}" if rendezvous else "env://",
        rank=group.rank,
        world_size=group.world,
    )
    try:
        yield group, device
    except (RuntimeError, MemoryError, OSError) as error:
        if not isinstance(error, MemoryError) and not OUT_OF_MEMORY.search(str(error)):
            raise
        raise DustjacketError(out_of_memory_message(parameters)) from None
    finally:
        dist.destroy_process_group()


def _select_device(parameters: MemberParameters) -> torch.device:
    if parameters.device == "cpu":
        if parameters.precision == "bf16" and not has_fast_bf16():
            print("this processor emulates bf16, which is slow: use precision=fp32")
        return torch.device("cpu")
    gpus, processes = torch.cuda.device_count(), int(os.environ["LOCAL_WORLD_SIZE"])
    if gpus < processes:
        raise BadInputError(
            f"device=gpu with {processes} processes on a machine with {gpus} GPUs that PyTorch can "
            "use: use fewer processes, or device=cpu"
        )
    device = torch.device("cuda", int(os.environ["LOCAL_RANK"]))
    torch.cuda.set_device(device)
    return device


def find_checkpoint(checkpoints: Checkpoints, keys: str, group: ProcessGroup) -> Checkpoint | None:
    """Return the newest checkpoint of the same training pairs; delete those after it.

    Args:
        keys: digest of the training pairs.
    """
    version = group.broadcast(checkpoints.newest() if group.rank == 0 else None)
    checkpoint = checkpoints.read(version) if version else None
    if checkpoint is not None and checkpoint.state.pairs != keys:
        print("the readable covers differ from the checkpoint's: training restarts from step 0")
        version = checkpoint = None
    group.barrier()  # until all processes have read it
    if group.rank == 0:
        retry_while_unavailable(checkpoints.discard_after)(version)
    return checkpoint


@contextmanager
def metric_logger(settings: Settings, run_id: str, group: ProcessGroup) -> Iterator[MetricLogger]:
    """Yield what logs metrics to an MLflow run on rank 0, and nothing on others."""
    if group.rank:
        yield lambda _metrics, _step: None
        return
    # With MLflow's many retries, the logger would notice an outage only after minutes.
    os.environ.setdefault("MLFLOW_HTTP_REQUEST_MAX_RETRIES", "1")
    tracking.connect(settings)
    logger = AsyncMetricLogger(run_id)
    try:
        yield logger
    finally:
        logger.close()
