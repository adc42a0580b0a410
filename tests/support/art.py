"""Art that a tiny decoder can learn: its colour is its condition."""

import numpy as np
import torch

from dustjacket.generation.batches import ConditionedArt


def coloured_art(count: int, seed: int = 0) -> ConditionedArt:
    """Return plain art whose condition is its colour, in two prompts, with itself as reference."""
    rng = np.random.default_rng(seed)
    colours = rng.integers(0, 256, (count, 3), dtype=np.uint8)
    art = np.broadcast_to(colours[:, None, None], (count, 72, 48, 3)).copy()
    conditions = np.stack([colours, colours]).astype(np.float32) / 64 - 2
    references = np.arange(count)[:, None] % max(1, count)
    return ConditionedArt(
        torch.from_numpy(art), torch.from_numpy(conditions), torch.from_numpy(references)
    )
