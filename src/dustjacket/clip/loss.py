"""The contrastive loss, over the batch of all processes, with gradients through it."""

from dataclasses import dataclass

import torch
from open_clip.loss import gather_features
from torch.nn.functional import cross_entropy


@dataclass(frozen=True)
class ProcessGroup:
    """The processes that train together: which this one is, and how many there are."""

    rank: int = 0
    world: int = 1

    def share(self, rows: torch.Tensor) -> torch.Tensor:
        """Return this process's part of a batch's rows."""
        return rows.chunk(self.world)[self.rank]


def contrastive_loss(
    covers: torch.Tensor,
    titles: torch.Tensor,
    scale: torch.Tensor,
    books: torch.Tensor,
    group: ProcessGroup,
) -> torch.Tensor:
    """Return the symmetric cross-entropy of this process's rows against all processes'.

    Radford et al. 2021 (CLIP). Its mean over processes is the loss of one process with the whole
    batch, and so is its gradient. Covers of the same book are no negatives of each other.

    Args:
        covers, titles: (b, d) of unit length; row i of both is a pair.
        scale: what cosines are multiplied by.
        books: (b * world,) numbers of the books of the whole batch, this process's among them.
    """
    all_covers, all_titles = covers, titles
    if group.world > 1:
        all_covers, all_titles = gather_features(
            covers, titles, local_loss=True, gather_with_grad=True,
            rank=group.rank, world_size=group.world,
        )  # fmt: skip
    own = torch.arange(len(covers), device=covers.device) + group.rank * len(covers)
    same = books[own][:, None] == books[None, :]
    same[torch.arange(len(own), device=own.device), own] = False
    by_cover = (scale * covers @ all_titles.T).masked_fill(same, -torch.inf)
    by_title = (scale * titles @ all_covers.T).masked_fill(same, -torch.inf)
    return (cross_entropy(by_cover, own) + cross_entropy(by_title, own)) / 2
