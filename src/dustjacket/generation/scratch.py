"""The generator that Dustjacket trains itself, as files and as what draws.

Shapes: N training covers, T and D dimensions of text and image embeddings, Q requests.
"""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
import torch
from PIL import Image
from safetensors.numpy import load_file, save_file
from safetensors.torch import load_file as load_torch
from safetensors.torch import save_file as save_torch

from dustjacket.clip.embed import embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.model import load as load_clip
from dustjacket.clip.prompts import prompt
from dustjacket.errors import CorruptVersionError
from dustjacket.generation.conditions import Conditioner
from dustjacket.generation.generator import Request
from dustjacket.generation.network import (
    CHANNELS,
    HEIGHT,
    WIDTH,
    Decoder,
    DecoderShape,
    precision_context,
    sample,
    to_art,
    to_latent,
)
from dustjacket.generation.prior import Prior
from dustjacket.generation.step import CONDITIONER_FOLDER, GENERATOR_FOLDER
from dustjacket.generation.textless import LARGE
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.storage.manifest import check_format

FORMAT = 2
_EARLIER_FORMATS = (1,)
_CONFIG, _DECODER, _CONDITIONER = "generator.json", "decoder.safetensors", "prior.safetensors"


@dataclass(frozen=True)
class ScratchGenerator:
    """A decoder with its conditioner; see :class:`dustjacket.generation.generator.Generator`.

    Attributes:
        text: the model whose text tower embeds titles.
        art: (N, 72, 48, 3) textless art of the training covers, the references.
        steps: of Heun's method.
    """

    version: str
    text: Clip
    conditioner: Conditioner
    decoder: Decoder
    art: np.ndarray
    steps: int
    size: tuple[int, int] = LARGE

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        """Return (n, height, width, 3) 8-bit RGB art of n requests.

        Each is drawn by itself, so that its bytes do not depend on the others. The art is drawn at
        48x72 pixels and enlarged by Lanczos's filter.
        """
        pictures = [self._draw_one(request) for request in requests]
        width, height = self.size
        return np.stack(pictures) if pictures else np.zeros((0, height, width, 3), np.uint8)

    def _draw_one(self, request: Request) -> np.ndarray:
        device = next(self.decoder.parameters()).device
        rng = np.random.default_rng([request.seed & 0xFFFFFFFF, request.seed >> 32 & 0xFFFFFFFF])
        draws = rng.standard_normal((1, len(self.conditioner.prior.residual)))
        condition = self.conditioner.conditions(self._text(request), draws)
        nearest = self.conditioner.references(condition)[0]
        reference = self.art[nearest[rng.integers(len(nearest))]]
        noise = rng.standard_normal((1, CHANNELS, HEIGHT, WIDTH)).astype(np.float32)
        bf16 = device.type != "cpu" or has_fast_bf16()
        with precision_context(device, bf16=bf16):
            latent = sample(
                self.decoder,
                torch.from_numpy(condition).to(device),
                to_latent(torch.from_numpy(reference[None])).to(device),
                torch.from_numpy(noise).to(device),
                torch.tensor([request.guidance], device=device),
                self.steps,
            )
        small = Image.fromarray(to_art(latent)[0].cpu().numpy())
        return np.asarray(small.resize(self.size, Image.Resampling.LANCZOS))

    def _text(self, request: Request) -> np.ndarray:
        """Return the (1, T) embedding; with a description, the mean of both."""
        texts = [prompt(request.title, request.author or None, request.genre or None)]
        texts += [request.description] if request.description else []
        mean: np.ndarray = embed_texts(self.text, texts).mean(0, keepdims=True)
        return mean


def save(
    folder: Path, decoder: Decoder, conditioner: Conditioner, art: np.ndarray, steps: int
) -> None:
    """Write all but the text encoder below ``folder``; :func:`load` reads it."""
    own = folder / GENERATOR_FOLDER
    own.mkdir(parents=True, exist_ok=True)
    prior = conditioner.prior
    config = {
        "format": FORMAT,
        "shape": asdict(decoder.shape),
        "sampling_steps": steps,
        "prior": prior.kind,
        "temperature": prior.temperature,
        "image_scale": conditioner.image_scale,
        "text_scale": conditioner.text_scale,
    }
    (own / _CONFIG).write_text(json.dumps(config))
    weights = {name: tensor.contiguous() for name, tensor in decoder.state_dict().items()}
    save_torch(weights, own / _DECODER)
    save_file({**prior.arrays(), "known": conditioner.known, "art": art}, own / _CONDITIONER)


def load(folder: Path, version: str) -> ScratchGenerator:
    """Return the generator whose files are below ``folder``.

    Args:
        version: ``<kind>/<version>``, for messages.

    Raises:
        CorruptVersionError: a file is missing, or is not what its name says.
    """
    own = folder / GENERATOR_FOLDER
    try:
        config = json.loads((own / _CONFIG).read_text())
        if config["format"] in _EARLIER_FORMATS:
            raise CorruptVersionError(
                f"{version} is of an earlier release, whose decoder this one lacks: train it again"
            )
        check_format(version, config["format"], (FORMAT,))
        decoder = Decoder(DecoderShape(**config["shape"]))
        decoder.load_state_dict(load_torch(own / _DECODER))
        arrays = load_file(own / _CONDITIONER)
        known, art = arrays.pop("known"), arrays.pop("art")
        prior = Prior(kind=config["prior"], temperature=config["temperature"], **arrays)
        scales = config["image_scale"], config["text_scale"]
        text = load_clip(folder / CONDITIONER_FOLDER)
    except CorruptVersionError:
        raise
    except Exception as error:  # noqa: BLE001  # every reader has errors of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise CorruptVersionError(
            f"{version} is no generator that this release reads ({reason}): train it again"
        ) from None
    decoder.eval().to(memory_format=torch.channels_last)
    return ScratchGenerator(
        version, text, Conditioner(prior, *scales, known), decoder, art, config["sampling_steps"]
    )
