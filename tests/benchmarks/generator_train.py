"""Images a second of ``train_generator``'s loop beside the training loop of diffusers' examples.

Both train the same U-Net of diffusers on the same art in the same batch and precision (bf16 where
the processor has it), one process, with EMA, in turn: ``RUNS`` (3) times ``STEPS`` (10) steps after
some that do not count. The peer's loop follows diffusers' unconditional example: a data loader that
flips and normalises PIL images, ``DDPMScheduler.add_noise``, mean squared error, AdamW, clipped
gradients, ``EMAModel``. It gets our patches and embeddings, so that the network works alike. Our
Muon costs more a step than AdamW, and learns more from it.
"""

import os
import random
import time
from statistics import median
from typing import Any

import numpy as np
import torch
from diffusers import DDPMScheduler
from diffusers.training_utils import EMAModel
from PIL import Image
from torch.utils.data import DataLoader
from torchvision.transforms import v2

from dustjacket.generation.batches import ConditionedArt
from dustjacket.generation.network import (
    BASE,
    CHANNELS,
    PATCH,
    Decoder,
    DecoderShape,
    precision_context,
)
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.train import GeneratorState, fit
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.sample.drawing import draw_cover
from dustjacket.sample.grammar import make_book
from tests.benchmarks.measure import line

STEPS, RUNS = int(os.environ.get("STEPS") or 10), int(os.environ.get("RUNS") or 3)
BATCH, CONDITION, COVERS, WARM = 32, 768, 128, 3
PARAMETERS = GeneratorParameters(
    batch_size=BATCH, precision="bf16" if has_fast_bf16() else "fp32", reference_share=0.8
)


def pictures() -> list[Image.Image]:
    """Return art of the sample's kind without text."""
    rng = random.Random(0)
    covers = (draw_cover(make_book(rng), rng, text=False) for _ in range(COVERS))
    return [cover.convert("RGB").resize(BASE) for cover in covers]


def ours(art: torch.Tensor) -> float:
    """Return images a second of our loop."""
    rng, ends = torch.Generator().manual_seed(0), []
    data = ConditionedArt(
        art, torch.randn(1, COVERS, CONDITION, generator=rng), torch.zeros(COVERS, 1).long()
    )

    def note(metrics: dict[str, float], _step: int) -> None:
        if "train.loss" in metrics:
            ends.append(time.monotonic())

    decoder = Decoder(DecoderShape(CONDITION, PARAMETERS.width))
    state = GeneratorState(steps=WARM + STEPS)
    fit(decoder, data, data, PARAMETERS, log_metrics=note, state=state)
    return STEPS * BATCH / (ends[-1] - ends[WARM - 1])


def peer(images: list[Image.Image]) -> float:
    """Return images a second of the example's loop."""
    transform = v2.Compose(
        [v2.PILToTensor(), v2.RandomHorizontalFlip(), v2.ToDtype(torch.float32, scale=True),
         v2.Normalize([0.5], [0.5])]
    )  # fmt: skip
    decoder = Decoder(DecoderShape(CONDITION, PARAMETERS.width)).unet

    def batch(some: list[Image.Image]) -> torch.Tensor:
        return torch.stack([transform(image) for image in some])

    loader: Any = DataLoader([*images], BATCH, shuffle=True, drop_last=True, collate_fn=batch)
    scheduler: Any = DDPMScheduler()  # type: ignore[no-untyped-call]
    optimizer = torch.optim.AdamW(decoder.parameters(), 1e-4, (0.95, 0.999), weight_decay=1e-6)
    average = EMAModel(decoder.parameters(), use_ema_warmup=True)
    embedded, step = torch.zeros(BATCH, 4 * PARAMETERS.width), 0
    while step < WARM + STEPS:
        for pixels in loader:
            if step == WARM:
                begun = time.monotonic()
            if step == WARM + STEPS:
                break
            clean = torch.nn.functional.pixel_unshuffle(pixels, PATCH)
            noise = torch.randn_like(clean)
            level = torch.randint(0, scheduler.config.num_train_timesteps, (BATCH,))
            noisy = scheduler.add_noise(clean, noise, level)
            inputs = torch.cat([noisy, torch.zeros(BATCH, CHANNELS, *clean.shape[2:])], 1)
            with precision_context(torch.device("cpu"), bf16=PARAMETERS.precision == "bf16"):
                output = decoder(inputs, level, embedded).sample
                loss = torch.nn.functional.mse_loss(output.float(), noise)
            loss.backward()
            torch.nn.utils.clip_grad_norm_(decoder.parameters(), 1.0)
            optimizer.step()
            optimizer.zero_grad()
            average.step(decoder.parameters())
            step += 1
    return STEPS * BATCH / (time.monotonic() - begun)


def main() -> None:
    """Print the median of both rates."""
    images = pictures()
    art = torch.from_numpy(np.stack([np.asarray(image) for image in images]))
    rates = [(ours(art), peer(images)) for _ in range(RUNS)]
    one, other = (median(each) for each in zip(*rates, strict=True))
    ratios = sorted(mine / theirs for mine, theirs in rates)
    note = f"ratios {ratios[0]:.2f} to {ratios[-1]:.2f}, {torch.get_num_threads()} threads"
    line("training of the decoder", one, other, "images/s", RUNS, note)


if __name__ == "__main__":
    main()
