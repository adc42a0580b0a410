"""The processes that train together, and what they exchange through torch.distributed.

All collective calls are here, so that model, loss and training loop look as for one process.

Shapes: B pairs of this process, G = B * world pairs of the global batch.
"""

from dataclasses import dataclass
from typing import Any, TypeVar

import torch
import torch.distributed as dist

T = TypeVar("T")


@dataclass(frozen=True)
class ProcessGroup:
    """This process as a member of the group of training processes.

    With ``world`` 1, nothing is exchanged and torch.distributed need not be initialised.

    Attributes:
        rank: number of this process, from 0.
        world: number of processes.
    """

    rank: int = 0
    world: int = 1

    def share(self, rows_G: torch.Tensor) -> torch.Tensor:
        """Return this process's (B,) part of the global batch's rows."""
        return rows_G.chunk(self.world)[self.rank]

    def broadcast(self, value: T) -> T:
        """Return the value that rank 0 passed; it must be picklable."""
        if self.world == 1:
            return value
        values = [value]
        dist.broadcast_object_list(values)
        return values[0]

    def gather(self, value: T) -> list[T]:
        """Return the value of every process, by rank; values must be picklable."""
        if self.world == 1:
            return [value]
        values: list[Any] = [None] * self.world
        dist.all_gather_object(values, value)
        return values

    def mean(self, value: torch.Tensor) -> float:
        """Return the mean of a scalar over processes; ``value`` is overwritten."""
        if self.world > 1:
            dist.all_reduce(value)
        return float(value) / self.world

    def average_gradients(self, parameters: list[torch.nn.Parameter]) -> None:
        """Replace each gradient by its mean over processes, in one all-reduce.

        DistributedDataParallel would do this during ``backward``, but it allows one forward pass
        per step, and GradCache needs two (:func:`dustjacket.clip.gradients.backward`).
        """
        if self.world == 1:
            return
        gradients = [weight.grad for weight in parameters if weight.grad is not None]
        flat = torch.cat([gradient.flatten() for gradient in gradients])
        dist.all_reduce(flat)
        sizes = [gradient.numel() for gradient in gradients]
        parts = torch.split(flat / self.world, sizes)
        for gradient, part in zip(gradients, parts, strict=True):
            gradient.copy_(part.view(gradient.shape))

    def barrier(self) -> None:
        """Wait until every process has called this."""
        if self.world > 1:
            dist.barrier()
