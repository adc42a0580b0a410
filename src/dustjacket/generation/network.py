"""The decoder: a diffusion model that draws small art from a condition.

EDM (Karras et al. 2022, "Elucidating the design space of diffusion-based generative models"): its
noise levels and Heun's method. The network sees art of 72x48 pixels as patches of 6x6, which costs
a fraction, and its output is the art itself: it has fewer channels than a patch of noise has values
(Li and He 2025, "Back to basics: let denoising generative models denoise").

Shapes: B images, H = 72, W = 48, 3 colours; K = 108 values of a patch, h = 12, w = 8 patches; C
dimensions of a condition; Q requests.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers import UNet2DModel
from torch.nn import functional

BASE = (48, 72)
"""Width and height of the art that is drawn, in pixels, before it is enlarged."""
PATCH = 6
"""Pixels of a patch's side."""
CHANNELS, HEIGHT, WIDTH = 3 * PATCH**2, BASE[1] // PATCH, BASE[0] // PATCH
SIGMA_DATA, SIGMA_MIN, SIGMA_MAX, RHO = 0.5, 0.02, 40.0, 7.0
_SIGMA_MEAN, _SIGMA_STD = 0.2, 1.2
"""Of the logarithm of the noise levels in training: shapes are decided where noise is strong."""
_MAX_SNR = 5.0
"""Largest signal-to-noise ratio that the loss counts (Hang et al. 2023, min-SNR)."""
MAX_CONDITION_NOISE = 0.2
"""Of the noise on a condition, whose entries have a variance of about 1; its level is an input."""
_EVEN_OUT = 0.05
"""Variance that is added to each direction of the conditions, as a share of the mean variance."""
_EMBEDDED = 256


@dataclass(frozen=True)
class DecoderShape:
    """What determines the decoder's weights.

    Attributes:
        condition: its dimensions.
        width: channels at the size of the patches; at half that size there are 1.5 times as many.
    """

    condition: int
    width: int = 64


class Decoder(torch.nn.Module):
    """A U-Net that removes noise from art, given a condition and the art of a reference cover."""

    def __init__(self, shape: DecoderShape) -> None:
        super().__init__()
        self.shape = shape
        self.unet: Any = UNet2DModel(  # type: ignore[no-untyped-call]
            sample_size=(HEIGHT, WIDTH),
            in_channels=2 * CHANNELS,
            out_channels=CHANNELS,
            down_block_types=("DownBlock2D", "AttnDownBlock2D"),
            up_block_types=("AttnUpBlock2D", "UpBlock2D"),
            block_out_channels=(shape.width, 3 * shape.width // 2),
            layers_per_block=1,
            attention_head_dim=48,
            norm_num_groups=16,
            resnet_time_scale_shift="scale_shift",
            class_embed_type="identity",
        )
        self.condition = torch.nn.Sequential(
            torch.nn.Linear(shape.condition + 1, 2 * _EMBEDDED),
            torch.nn.SiLU(),
            torch.nn.Linear(2 * _EMBEDDED, 4 * shape.width),
        )
        self.null = torch.nn.Parameter(torch.zeros(4 * shape.width))

    @torch.no_grad()
    def even_out(self, conditions_NC: torch.Tensor) -> None:
        """Let a new decoder's first layer see all directions of conditions with the same variance.

        Text embeddings vary most in what all titles have, and little in the thing that one names.
        """
        variances, axes = torch.linalg.eigh(torch.cov(conditions_NC.T))
        scales = (variances.clamp(min=0) + _EVEN_OUT * variances.mean()) ** -0.5
        weight = self.condition[0].get_parameter("weight")[:, : conditions_NC.shape[1]]
        weight.copy_(weight @ (axes * scales) @ axes.T)

    def embed(
        self, condition_BC: torch.Tensor, noise_B: torch.Tensor, dropped_B: torch.Tensor
    ) -> torch.Tensor:
        """Return what conditions the U-Net.

        Args:
            noise_B: standard deviation of the noise on each condition.
            dropped_B: whether the learnt null token takes the condition's place.
        """
        embedded: torch.Tensor = self.condition(torch.cat([condition_BC, noise_B[:, None]], dim=1))
        return torch.where(dropped_B[:, None], self.null.to(embedded.dtype), embedded)

    def denoise(
        self,
        noisy_BKhw: torch.Tensor,
        sigma_B: torch.Tensor,
        embedded: torch.Tensor,
        reference_BKhw: torch.Tensor,
    ) -> torch.Tensor:
        """Return the (B, K, h, w) art that is expected under the noise of ``sigma_B``."""
        sigma = sigma_B.view(-1, 1, 1, 1)
        total = (sigma**2 + SIGMA_DATA**2).sqrt()
        inputs = torch.cat([noisy_BKhw / total, reference_BKhw / SIGMA_DATA], dim=1)
        level_B = 250 * sigma_B.log()  # the sinusoids of timesteps have periods from 6 to 60,000
        output: torch.Tensor = self.unet(
            inputs.contiguous(memory_format=torch.channels_last), level_B, embedded
        ).sample.float()
        return SIGMA_DATA * output


@dataclass(frozen=True)
class Batch:
    """One batch of training, with all its random draws.

    Attributes:
        art, reference, noise: (B, K, h, w).
        condition: (B, C), without noise; condition_noise: (B, C) standard normal.
        level: (B,) of the noise on the condition; sigma: (B,) of the noise on the art.
        dropped: (B,) whether the condition is replaced by the null token.
    """

    art: torch.Tensor
    reference: torch.Tensor
    noise: torch.Tensor
    condition: torch.Tensor
    condition_noise: torch.Tensor
    level: torch.Tensor
    sigma: torch.Tensor
    dropped: torch.Tensor

    def map(self, function: Callable[[torch.Tensor], torch.Tensor]) -> "Batch":
        """Return a batch of what ``function`` returns for each tensor."""
        return Batch(**{name: function(tensor) for name, tensor in vars(self).items()})


def denoising_loss(decoder: Decoder, batch: Batch) -> torch.Tensor:
    """Return the mean squared error, weighted by the signal-to-noise ratio up to a largest one."""
    condition_BC = batch.condition + batch.level[:, None] * batch.condition_noise
    embedded = decoder.embed(condition_BC, batch.level, batch.dropped)
    sigma = batch.sigma.view(-1, 1, 1, 1)
    denoised = decoder.denoise(
        batch.art + sigma * batch.noise, batch.sigma, embedded, batch.reference
    )
    ratio = (SIGMA_DATA / sigma) ** 2
    weight = (ratio.clamp(max=_MAX_SNR) + 1) / SIGMA_DATA**2
    return (weight * (denoised - batch.art) ** 2).mean()


def noise_for_training(normal_B: torch.Tensor) -> torch.Tensor:
    """Return training's noise levels for standard normal numbers."""
    return (normal_B * _SIGMA_STD + _SIGMA_MEAN).exp()


@torch.inference_mode()
def sample(
    decoder: Decoder,
    condition_QC: torch.Tensor,
    reference_QKhw: torch.Tensor,
    noise_QKhw: torch.Tensor,
    guidance_Q: torch.Tensor,
    steps: int,
) -> torch.Tensor:
    """Return (Q, K, h, w) art by Heun's method, with classifier-free guidance.

    The source of guidance is Ho and Salimans 2022, "Classifier-free diffusion guidance": 0 draws
    without the condition, 1 with it, and more moves further away from what has no condition.
    """
    count = len(condition_QC)
    none_Q = torch.zeros(count, device=condition_QC.device)
    embedded = torch.cat(
        [
            decoder.embed(condition_QC, none_Q, torch.zeros_like(none_Q, dtype=torch.bool)),
            decoder.embed(condition_QC, none_Q, torch.ones_like(none_Q, dtype=torch.bool)),
        ]
    )
    references = torch.cat([reference_QKhw, torch.zeros_like(reference_QKhw)])
    guidance = guidance_Q.view(-1, 1, 1, 1)

    def slope(art: torch.Tensor, sigma: float) -> torch.Tensor:
        both = torch.cat([art, art])
        sigmas = torch.full((len(both),), sigma, device=art.device)
        with_text, without = decoder.denoise(both, sigmas, embedded, references).chunk(2)
        return (art - (without + guidance * (with_text - without))) / sigma

    levels = noise_levels(steps)
    art = noise_QKhw * levels[0]
    for sigma, after in zip(levels, [*levels[1:], 0.0], strict=True):
        first = slope(art, sigma)
        moved = art + (after - sigma) * first
        if after:
            moved = art + (after - sigma) * (first + slope(moved, after)) / 2
        art = moved
    return art


def noise_levels(steps: int) -> list[float]:
    """Return EDM's decreasing noise levels."""
    ends = SIGMA_MAX ** (1 / RHO), SIGMA_MIN ** (1 / RHO)
    shares = [step / max(1, steps - 1) for step in range(steps)]
    return [(ends[0] + share * (ends[1] - ends[0])) ** RHO for share in shares]


def to_latent(art_BHW3: torch.Tensor) -> torch.Tensor:
    """Return (B, K, h, w) floats from -1 to 1 of (B, H, W, 3) 8-bit art."""
    pixels = art_BHW3.permute(0, 3, 1, 2).float() / 127.5 - 1
    return functional.pixel_unshuffle(pixels, PATCH)


def to_art(latent_BKhw: torch.Tensor) -> torch.Tensor:
    """Return (B, H, W, 3) 8-bit art; the inverse of :func:`to_latent`."""
    pixels = functional.pixel_shuffle(latent_BKhw.float(), PATCH)
    return ((pixels + 1) * 127.5).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1)


def precision_context(device: torch.device, *, bf16: bool) -> torch.autocast:
    """Return autocast to bf16, or its no-op."""
    return torch.autocast(device.type, torch.bfloat16, enabled=bf16)
