"""The two towers during training: features of locked parts are computed once.

Shapes: N pairs, V prompt variants, T distinct texts, B pairs embedded together, C = 3 colours,
H = W image size, F features before a head, D embedding dimensions, L tokens.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, nullcontext
from typing import Any

import numpy as np
import torch
from open_clip.timm_model import TimmModel
from torch.nn.attention import SDPBackend, sdpa_kernel
from torch.nn.functional import normalize

from dustjacket.clip.data import Images, normalize_pixels
from dustjacket.clip.model import Clip
from dustjacket.clip.process_group import ProcessGroup

_INFERENCE_BATCH = 64


class Towers:
    """Embeds covers and prompts of books, with gradients for the weights that are trained.

    Attributes:
        loading_s: seconds spent on reading covers so far.
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
        """Compute the features of locked parts, shared between the processes of ``group``.

        Args:
            clip: a model to which a recipe was applied.
            images: N covers of the model's size.
            texts: N prompts for each of the V variants.
            bf16: whether to compute in bfloat16; weights and losses stay in float32.
        """
        self._clip, self._images, self._bf16 = clip, images, bf16
        model: Any = clip.model
        self._device = model.logit_scale.device
        self.loading_s = 0.0
        distinct, index = np.unique(np.array(texts, dtype=object).astype(str), return_inverse=True)
        self._text_index_VN = torch.from_numpy(index.reshape(len(texts), -1))
        self._tokens_TL = clip.tokens(distinct.tolist())
        has_trunk = isinstance(model.visual, TimmModel)
        trunk = model.visual.trunk if has_trunk else model.visual
        self._head: Any = model.visual.head if has_trunk else torch.nn.Identity()
        self._cover_features_NF: torch.Tensor | None = None
        self._text_features_TD: torch.Tensor | None = None
        if not _is_trained(trunk):
            self._cover_features_NF = self._precompute(
                lambda rows_B: trunk(self._load(rows_B)), len(images), group
            )
        if not _is_trained(model.text):
            self._text_features_TD = self._precompute(
                lambda rows_B: model.text(self._cut(self._tokens_TL[rows_B])),
                len(self._tokens_TL),
                group,
            )

    def __call__(
        self, rows_B: torch.Tensor, variants_B: torch.Tensor, shifts_B2: torch.Tensor | None = None
    ) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the (B, D) float32 embeddings of covers and of prompts, of unit length.

        Args:
            rows_B: rows of the books.
            variants_B: prompt variant of each.
            shifts_B2: pixels by which each cover is moved, down and right; not applied to covers
                whose features were computed once.
        """
        model: Any = self._clip.model
        with self._compute_context():
            if self._cover_features_NF is None:
                covers_BD = model.visual(self._load(rows_B, shifts_B2))
            else:
                covers_BD = self._head(self._cover_features_NF[rows_B])
            texts_B = self._text_index_VN[variants_B, rows_B]
            if self._text_features_TD is None:
                texts_BD = model.text(self._cut(self._tokens_TL[texts_B]))
            else:
                texts_BD = self._text_features_TD[texts_B]
        return normalize(covers_BD.float(), dim=-1), normalize(texts_BD.float(), dim=-1)

    @torch.no_grad()
    def embed_all(self, group: ProcessGroup) -> tuple[np.ndarray, np.ndarray]:
        """Return the (N, D) embeddings of all covers and of their first prompts.

        Each process computes a part; the result is the same on all of them.
        """
        rows_N = torch.arange(len(self._images))
        first_variant_N = torch.zeros_like(rows_N)
        parts = [self(rows_B, first_variant_N[rows_B]) for rows_B in _own_batches(rows_N, group)]
        covers_ND, texts_ND = (
            _gather_rows([part[side] for part in parts], self._clip, group) for side in (0, 1)
        )
        return covers_ND.cpu().numpy(), texts_ND.cpu().numpy()

    @contextmanager
    def _compute_context(self) -> Iterator[None]:
        # On a CPU, the backward pass of fused attention takes several times that of plain products.
        on_cpu = self._device.type == "cpu"
        with (
            torch.autocast(self._device.type, torch.bfloat16, enabled=self._bf16),
            sdpa_kernel(SDPBackend.MATH) if on_cpu else nullcontext(),
        ):
            yield

    def _load(self, rows_B: torch.Tensor, shifts_B2: torch.Tensor | None = None) -> torch.Tensor:
        started = time.monotonic()
        images_BCHW = self._images[rows_B.numpy()].to(self._device)
        self.loading_s += time.monotonic() - started
        if shifts_B2 is not None:
            images_BCHW = shift_images(images_BCHW, shifts_B2)
        return normalize_pixels(images_BCHW, self._clip.model)

    def _cut(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        return self._clip.cut(tokens_BL).to(self._device)

    @torch.no_grad()
    def _precompute(
        self, compute: Callable[[torch.Tensor], torch.Tensor], count: int, group: ProcessGroup
    ) -> torch.Tensor:
        with self._compute_context():
            batches = _own_batches(torch.arange(count), group)
            parts = [compute(rows_B).float() for rows_B in batches]
        return _gather_rows(parts, self._clip, group)


def shift_images(images_BCHW: torch.Tensor, shifts_B2: torch.Tensor) -> torch.Tensor:
    """Move each image by its pixels, down and right, and repeat the pixels of the edges."""
    size = images_BCHW.shape[-1]
    padding = int(shifts_B2.abs().max()) if len(shifts_B2) else 0
    padded = torch.nn.functional.pad(images_BCHW.float(), [padding] * 4, mode="replicate")
    corners = (padding + shifts_B2).tolist()
    return torch.stack(
        [
            image[:, top : top + size, left : left + size]
            for image, (top, left) in zip(padded, corners, strict=True)
        ]
    )


def _is_trained(module: torch.nn.Module) -> bool:
    return any(weight.requires_grad for weight in module.parameters())


def _own_batches(rows_N: torch.Tensor, group: ProcessGroup) -> list[torch.Tensor]:
    """Split this process's share of the rows into batches; some models fail on an empty one."""
    share = rows_N.tensor_split(group.world)[group.rank]
    return [batch for batch in torch.split(share, _INFERENCE_BATCH) if len(batch)]


def _gather_rows(parts: list[torch.Tensor], clip: Clip, group: ProcessGroup) -> torch.Tensor:
    """Concatenate the rows of all processes."""
    own = torch.cat(parts) if parts else torch.empty(0, int(clip.config["embed_dim"]))
    if group.world == 1:
        return own
    # A process without a row does not know the width of the others' rows.
    gathered = [rows for rows in group.gather(own.cpu()) if len(rows)]
    return torch.cat(gathered or [own]).to(own.device)
