"""CLIP's contrastive loss (InfoNCE) over the batch of all processes, with gradients through it.

Shapes: B pairs of this process, G = B * group.world pairs of the global batch, D embedding
dimensions.
"""

import torch
from open_clip.loss import gather_features
from torch.nn.functional import cross_entropy

from dustjacket.clip.process_group import ProcessGroup


def contrastive_loss(
    covers_BD: torch.Tensor,
    texts_BD: torch.Tensor,
    scale: torch.Tensor,
    books_G: torch.Tensor,
    group: ProcessGroup,
) -> torch.Tensor:
    """Return the symmetric cross-entropy of this process's pairs against the global batch.

    InfoNCE (van den Oord et al. 2018) in both directions, as in CLIP (Radford et al. 2021). The
    mean over processes equals the loss of one process with the whole batch, and so does the
    gradient. Unlike in CLIP, pairs of the same book are not negatives of each other.

    Args:
        covers_BD, texts_BD: embeddings of unit length; row i of both is a pair.
        scale: factor on cosines, the inverse of InfoNCE's temperature.
        books_G: number of the book of each pair of the global batch.
    """
    covers_GD, texts_GD = covers_BD, texts_BD
    if group.world > 1:
        covers_GD, texts_GD = gather_features(
            covers_BD, texts_BD, local_loss=True, gather_with_grad=True,
            rank=group.rank, world_size=group.world,
        )  # fmt: skip
    rows_B = torch.arange(len(covers_BD), device=covers_BD.device)
    own_B = rows_B + group.rank * len(covers_BD)
    excluded_BG = books_G[own_B][:, None] == books_G[None, :]
    excluded_BG[rows_B, own_B] = False
    by_cover_BG = (scale * covers_BD @ texts_GD.T).masked_fill(excluded_BG, -torch.inf)
    by_text_BG = (scale * texts_BD @ covers_GD.T).masked_fill(excluded_BG, -torch.inf)
    return (cross_entropy(by_cover_BG, own_B) + cross_entropy(by_text_BG, own_B)) / 2
