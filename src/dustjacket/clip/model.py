"""The CLIP model: built from a config of ours, kept as a folder that open_clip itself reads."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME
from open_clip.push_to_hf_hub import save_config_for_hf
from safetensors.torch import save_file

from dustjacket.errors import BadInputError

CONFIGS = Path(__file__).parent / "configs"
MODEL_FOLDER = "model"  # of a published version


@dataclass(frozen=True)
class Clip:
    """A model with what turns titles into its tokens.

    Attributes:
        model: open_clip's model; ``encode_image`` takes (n, 3, size, size) and ``encode_text``
            (n, context) and both give (n, dimensions).
        tokenizer: texts to (n, context) integers.
        config: open_clip's model config.
    """

    model: torch.nn.Module
    tokenizer: Any
    config: dict[str, Any]

    @property
    def image_size(self) -> int:
        """Pixels of each side of the model's square input."""
        size: Any = self.model.visual.image_size  # type: ignore[union-attr]
        return int(size[0] if isinstance(size, tuple) else size)


def build(name: str, seed: int) -> Clip:
    """Return the model of config ``name`` with random weights, the same for the same seed.

    Raises:
        BadInputError: we have no config of that name.
    """
    known = sorted(file.stem for file in CONFIGS.glob("*.json"))
    if name not in known:
        raise BadInputError(f"there is no CLIP model {name!r}: name one of {', '.join(known)}")
    open_clip.add_model_config(CONFIGS)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = open_clip.create_model(name, force_image_size=None, load_weights=False)
    config: dict[str, Any] = json.loads((CONFIGS / f"{name}.json").read_text())
    return Clip(model.eval(), open_clip.get_tokenizer(name), config)


def save(clip: Clip, folder: Path) -> None:
    """Write the model to ``folder``: its weights as safetensors, its config as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in clip.model.state_dict().items()}
    save_file(weights, folder / HF_SAFE_WEIGHTS_NAME)
    save_config_for_hf(clip.model, folder / HF_CONFIG_NAME, model_config=clip.config)


def load(folder: Path) -> Clip:
    """Return the model that :func:`save` wrote to ``folder``; nothing is unpickled or fetched."""
    address = f"local-dir:{folder}"
    model = open_clip.create_model(address)
    config = json.loads((folder / HF_CONFIG_NAME).read_text())["model_cfg"]
    return Clip(model.eval(), open_clip.get_tokenizer(address), config)
