"""The two towers as they are trained: what is locked is computed once, the rest at every step."""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
import torch.distributed as dist
from open_clip.timm_model import TimmModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import normalize

from dustjacket.clip.data import Images, normalised
from dustjacket.clip.loss import ProcessGroup
from dustjacket.clip.model import Clip
from dustjacket.pipeline.parameters import Recipe

LORA_RANK = 16
_BATCH = 64  # of what is computed once


def lock(clip: Clip, recipe: Recipe) -> None:
    """Leave those weights of ``clip`` trainable that ``recipe`` trains; LoRA's are added.

    ``full``: all of both towers. ``locked_image``: the text tower, and the image tower's projection
    where it has one of its own (Zhai et al. 2022, "LiT"). ``locked_text``: the image tower.
    ``locked``: that projection alone, both towers as they are (a linear probe, as in Radford et al.
    2021). ``lora``: low-rank additions to the linear layers of both (Hu et al. 2022).

    Dropout and running means of batches are off for all: what a process computes must not depend
    on how many share a batch.
    """
    model: Any = clip.model.eval()
    model.requires_grad_(True)
    if recipe == "lora":
        _add_lora(model)
    if recipe in ("locked_image", "locked"):
        part = model.visual.trunk if isinstance(model.visual, TimmModel) else model.visual
        part.requires_grad_(False)
    if recipe in ("locked_text", "locked"):
        model.text.requires_grad_(False)


def trainable(clip: Clip) -> dict[str, torch.nn.Parameter]:
    """Return the weights that are trained, by name."""
    return {name: one for name, one in clip.model.named_parameters() if one.requires_grad}


def merge_lora(clip: Clip) -> None:
    """Add LoRA's products to the weights they belong to; without LoRA, do nothing."""
    from peft.tuners.lora import LoraLayer

    for name, module in list(clip.model.named_modules()):
        if isinstance(module, LoraLayer):
            module.merge()
            clip.model.set_submodule(name, module.get_base_layer())


def _add_lora(model: torch.nn.Module) -> None:
    from peft import LoraConfig, inject_adapter_in_model

    layers = [
        name
        for name, module in model.named_modules()
        if (isinstance(module, torch.nn.Linear) and not name.endswith("out_proj"))
        or (isinstance(module, torch.nn.Conv2d) and module.kernel_size == (1, 1))
    ]
    config = LoraConfig(r=LORA_RANK, lora_alpha=2 * LORA_RANK, target_modules=layers)
    inject_adapter_in_model(config, model)
    model.logit_scale.requires_grad_(True)


class Towers:
    """Covers and prompts of books, as embeddings through which gradients flow.

    Attributes:
        loading_s: seconds spent so far on reading covers.
    """

    def __init__(
        self,
        clip: Clip,
        images: Images,
        texts: Sequence[Sequence[str]],
        group: ProcessGroup,
        *,
        bf16: bool = False,
    ) -> None:
        """Compute what is locked (see :func:`lock`), each process a part.

        Args:
            images: n covers of the model's size.
            texts: for each variant of the prompts, n of them.
            bf16: whether to compute in bfloat16; weights and losses stay in fp32.
        """
        self._clip, self._images, self._bf16 = clip, images, bf16
        model: Any = clip.model
        self._device = model.logit_scale.device
        self.loading_s = 0.0
        every, which = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        self._text_of = torch.from_numpy(which.reshape(len(texts), -1))
        self._tokens = clip.tokens(every.tolist())
        self._head: Any = None
        self._cover_features = self._text_features = None
        if not _trains(model.visual.trunk if isinstance(model.visual, TimmModel) else model.visual):
            own = isinstance(model.visual, TimmModel)
            self._head = model.visual.head if own else torch.nn.Identity()
            trunk = model.visual.trunk if own else model.visual
            self._cover_features = self._once(
                lambda at: trunk(self._pixels(at)), len(images), group
            )
        if not _trains(model.text):
            self._text_features = self._once(
                lambda at: model.text(self._cut(self._tokens[at])), len(self._tokens), group
            )

    def __call__(
        self, rows: torch.Tensor, variants: torch.Tensor, shifts: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return (b, d) embeddings of covers and of prompts, in fp32, of unit length.

        Args:
            rows: (b,) numbers of the books.
            variants: (b,) which prompt of each.
            shifts: (b, 2) by how many pixels to move each cover, down and right; locked towers
                see covers as they are.
        """
        model: Any = self._clip.model
        with self._computing():
            if self._cover_features is None:
                covers = model.visual(self._pixels(rows, shifts))
            else:
                covers = self._head(self._cover_features[rows])
            texts = self._text_of[variants, rows]
            if self._text_features is None:
                titles = model.text(self._cut(self._tokens[texts]))
            else:
                titles = self._text_features[texts]
        return normalize(covers.float(), dim=-1), normalize(titles.float(), dim=-1)

    @torch.no_grad()
    def embedded(self, group: ProcessGroup) -> tuple[np.ndarray, np.ndarray]:
        """Return (n, d) embeddings of all covers and of their first prompts, each process a part.

        They are the same on all processes.
        """
        every = torch.arange(len(self._images))
        first = torch.zeros_like(every)
        parts = [self(rows, first[rows]) for rows in _parts(every, group)]
        covers, titles = (
            _gathered([part[side] for part in parts], self._clip, group) for side in (0, 1)
        )
        return covers.cpu().numpy(), titles.cpu().numpy()

    @contextmanager
    def _computing(self) -> Iterator[None]:
        # On a CPU, fused attention's gradients take several times those of plain products here.
        plain = self._device.type == "cpu"
        with (
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16),
            sdpa_kernel(SDPBackend.MATH) if plain else nullcontext(),
        ):
            yield

    def _pixels(self, rows: torch.Tensor, shifts: torch.Tensor | None = None) -> torch.Tensor:
        began = time.monotonic()
        images = self._images[rows.numpy()].to(self._device)
        self.loading_s += time.monotonic() - began
        if shifts is not None:
            images = shifted(images, shifts)
        return normalised(images, self._clip.model)

    def _cut(self, tokens: torch.Tensor) -> torch.Tensor:
        return self._clip.cut(tokens).to(self._device)

    @torch.no_grad()
    def _once(self, compute: Any, count: int, group: ProcessGroup) -> torch.Tensor:
        with self._computing():
            parts = [compute(rows).float() for rows in _parts(torch.arange(count), group)]
        return _gathered(parts, self._clip, group)


def shifted(images: torch.Tensor, shifts: torch.Tensor) -> torch.Tensor:
    """Return (n, 3, size, size) images, each moved by its (n, 2) pixels, edges repeated."""
    size = images.shape[-1]
    reach = int(shifts.abs().max()) if len(shifts) else 0
    padded = torch.nn.functional.pad(images.float(), [reach] * 4, mode="replicate")
    corners = (reach + shifts).tolist()
    return torch.stack(
        [
            image[:, y : y + size, x : x + size]
            for image, (y, x) in zip(padded, corners, strict=True)
        ]
    )


def _trains(module: torch.nn.Module) -> bool:
    return any(one.requires_grad for one in module.parameters())


def _parts(rows: torch.Tensor, group: ProcessGroup) -> list[torch.Tensor]:
    """Return this process's share in batches; some models fail on an empty one."""
    share = rows.tensor_split(group.world)[group.rank]
    return [part for part in torch.split(share, _BATCH) if len(part)]


def _gathered(parts: list[torch.Tensor], clip: Clip, group: ProcessGroup) -> torch.Tensor:
    own = torch.cat(parts) if parts else torch.empty(0, int(clip.config["embed_dim"]))
    if group.world == 1:
        return own
    every: list[Any] = [None] * group.world
    dist.all_gather_object(every, own.cpu())
    # A process without a row does not know how wide they are.
    return torch.cat([one for one in every if len(one)] or [own]).to(own.device)
