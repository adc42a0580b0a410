"""The gradients of one step: of the whole batch, however it is shared out."""

from typing import Any

import torch
import torch.distributed as dist
from torch.nn.utils import parameters_to_vector, vector_to_parameters

from dustjacket.clip.data import Epoch
from dustjacket.clip.loss import ProcessGroup, contrastive_loss
from dustjacket.clip.model import Clip
from dustjacket.clip.towers import Towers


def backward(
    towers: Towers,
    clip: Clip,
    group: ProcessGroup,
    batch: torch.Tensor,
    books: torch.Tensor,
    draws: Epoch,
    at_once: int,
) -> torch.Tensor:
    """Add the gradients of the loss of a batch; return this process's loss.

    A batch that does not fit into memory is embedded in parts, twice: first without gradients,
    for the loss and its gradients at the embeddings, then part by part with them (Gao et al. 2021,
    "GradCache"). The gradients are those of the whole batch at once.

    Args:
        batch, books: (size,) the rows of the whole batch, and the numbers of their books.
        at_once: how many of this process's pairs are embedded at a time.
    """

    def embed(rows: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return towers(rows, draws.variants[rows], draws.shifts[rows])

    scale: Any = clip.model.logit_scale
    books = books.to(scale.device)
    parts = torch.split(group.share(batch), at_once)
    if len(parts) == 1:
        loss = contrastive_loss(*embed(parts[0]), scale.exp(), books, group)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()
    with torch.no_grad():
        embedded = zip(*(embed(rows) for rows in parts), strict=True)
        covers, titles = (torch.cat(side).requires_grad_() for side in embedded)
    loss = contrastive_loss(covers, titles, scale.exp(), books, group)
    loss.backward()  # type: ignore[no-untyped-call]
    of_covers, of_titles = (torch.split(_gradient(one), at_once) for one in (covers, titles))
    for rows, *gradients in zip(parts, of_covers, of_titles, strict=True):
        sides = zip(embed(rows), gradients, strict=True)
        trained = [(side, gradient) for side, gradient in sides if side.requires_grad]
        torch.autograd.backward([side for side, _ in trained], [one for _, one in trained])
    return loss.detach()


def _gradient(embeddings: torch.Tensor) -> torch.Tensor:
    if embeddings.grad is None:
        raise AssertionError("the loss depends on all embeddings")
    return embeddings.grad


def average_gradients(parameters: list[torch.nn.Parameter], group: ProcessGroup) -> None:
    """Make every process's gradients their mean over processes.

    In one piece and not through DistributedDataParallel, which counts on one forward a step and so
    cannot train in parts (:func:`backward`).
    """
    if group.world == 1:
        return
    gradients = [one.grad for one in parameters if one.grad is not None]
    together = parameters_to_vector(gradients)
    dist.all_reduce(together)
    vector_to_parameters(together / group.world, gradients)


def mean(value: torch.Tensor, group: ProcessGroup) -> float:
    """Return the mean over processes of what each has."""
    if group.world > 1:
        dist.all_reduce(value)
    return float(value) / group.world
