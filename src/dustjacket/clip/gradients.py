"""Gradients of one training step over the global batch, even if it is embedded in parts.

Shapes: B pairs of this process, M of them embedded at a time, G pairs of the global batch,
D embedding dimensions.
"""

from typing import Any

import torch

from dustjacket.clip.data import EpochDraws
from dustjacket.clip.loss import contrastive_loss
from dustjacket.clip.model import Clip
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.towers import Towers


def backward(
    towers: Towers,
    clip: Clip,
    group: ProcessGroup,
    rows_G: torch.Tensor,
    books_G: torch.Tensor,
    draws: EpochDraws,
    micro_batch: int,
) -> torch.Tensor:
    """Accumulate the gradients of this process's loss; return that loss, detached.

    A share larger than ``micro_batch`` is embedded twice (GradCache; Gao et al. 2021, "Scaling deep
    contrastive learning batch size under memory limited setup"): without gradients, to get the loss
    and its gradients with respect to the embeddings; then part by part, to pass those gradients on
    to the weights. The result is that of the whole batch at once.

    Args:
        rows_G: rows of the global batch's pairs.
        books_G: number of the book of each of these pairs.
        draws: the prompt variant and the shift of each pair in this epoch.
        micro_batch: pairs that this process embeds at a time.
    """

    def embed(rows_M: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return towers(rows_M, draws.variants[rows_M], draws.shifts[rows_M])

    log_scale: Any = clip.model.logit_scale
    books_G = books_G.to(log_scale.device)
    parts = torch.split(group.share(rows_G), micro_batch)
    if len(parts) == 1:
        loss = contrastive_loss(*embed(parts[0]), log_scale.exp(), books_G, group)
        loss.backward()  # type: ignore[no-untyped-call]
        return loss.detach()

    with torch.no_grad():
        embedded = [embed(rows_M) for rows_M in parts]
    covers_BD, texts_BD = (torch.cat(side).requires_grad_() for side in zip(*embedded, strict=True))
    loss = contrastive_loss(covers_BD, texts_BD, log_scale.exp(), books_G, group)
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = (_split_gradient(side_BD, micro_batch) for side_BD in (covers_BD, texts_BD))
    for rows_M, *gradients_MD in zip(parts, *gradients, strict=True):
        sides = zip(embed(rows_M), gradients_MD, strict=True)
        trained = [pair for pair in sides if pair[0].requires_grad]  # a locked tower's are not
        torch.autograd.backward([side for side, _ in trained], [grad for _, grad in trained])
    return loss.detach()


def _split_gradient(embeddings_BD: torch.Tensor, size: int) -> tuple[torch.Tensor, ...]:
    if embeddings_BD.grad is None:
        raise AssertionError("the loss depends on every embedding")
    return torch.split(embeddings_BD.grad, size)
