"""Batches of art with conditions and references, and the random draws of a training step.

Shapes: n covers, N training covers, V prompts a cover, C dimensions of a condition, K references a
cover, B covers of a batch; art is (72, 48, 3) 8-bit.
"""

from dataclasses import dataclass

import numpy as np
import torch

from dustjacket.generation.network import (
    CHANNELS,
    HEIGHT,
    MAX_CONDITION_NOISE,
    PATCH,
    WIDTH,
    Batch,
    noise_for_training,
    to_latent,
)
from dustjacket.generation.step import GeneratorParameters


@dataclass(frozen=True)
class ConditionedArt:
    """Art with conditions and references.

    Attributes:
        art: (n, 72, 48, 3).
        conditions: (V, n, C), one for each prompt.
        references: (n, K) rows of the training covers' art.
    """

    art: torch.Tensor
    conditions: torch.Tensor
    references: torch.Tensor

    def __len__(self) -> int:
        return len(self.art)


def draw_batch(
    data: ConditionedArt, art: torch.Tensor, parameters: GeneratorParameters, step: int
) -> Batch:
    """Return the global batch of a step, a function of seed and step alone.

    Args:
        art: (N, 72, 48, 3) of all references.
    """
    size = parameters.batch_size
    rng = np.random.default_rng([parameters.seed, step])
    rows = torch.from_numpy(rng.integers(len(data), size=size))
    prompts = torch.from_numpy(rng.integers(len(data.conditions), size=size))
    numbers = torch.from_numpy(rng.integers(data.references.shape[1], size=size))
    uniform = torch.from_numpy(rng.random((4, size)).astype(np.float32))
    noise = torch.Generator().manual_seed(int(rng.integers(2**62)))
    flipped = uniform[0] < 0.5
    references = flip(to_latent(art[data.references[rows, numbers]]), flipped)
    dropped = uniform[1] < parameters.null_share
    seen = (uniform[2] < parameters.reference_share) & ~dropped
    condition = data.conditions[prompts, rows]
    return Batch(
        art=flip(to_latent(data.art[rows]), flipped),
        reference=references * seen.view(-1, 1, 1, 1),
        noise=torch.randn(size, CHANNELS, HEIGHT, WIDTH, generator=noise),
        condition=condition,
        condition_noise=torch.randn(condition.shape, generator=noise),
        level=uniform[3] * MAX_CONDITION_NOISE,
        sigma=noise_for_training(torch.randn(size, generator=noise)),
        dropped=dropped,
    )


def flip(latent_BKhw: torch.Tensor, flipped_B: torch.Tensor) -> torch.Tensor:
    """Mirror some pictures left to right; within a patch, the columns change places too."""
    count, _, height, width = latent_BKhw.shape
    blocks = latent_BKhw.view(count, -1, PATCH, PATCH, height, width).flip(-1, 3).flatten(1, 3)
    return torch.where(flipped_B.view(-1, 1, 1, 1), blocks, latent_BKhw)
