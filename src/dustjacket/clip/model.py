"""The CLIP model: an open_clip model with its tokenizer, stored as a folder that open_clip reads.

Shapes: B images or texts, C channels, H = W image size, P patches, L tokens, D embedding
dimensions.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import open_clip
import torch
from open_clip.constants import HF_CONFIG_NAME, HF_SAFE_WEIGHTS_NAME
from open_clip.hf_model import HFTextEncoder
from open_clip.push_to_hf_hub import save_config_for_hf
from open_clip.tokenizer import HFTokenizer
from open_clip.transformer import TextTransformer, VisionTransformer
from safetensors.torch import save_file

from dustjacket.errors import BadInputError

CONFIGS = Path(__file__).parent / "configs"
"""Folder of the model in a published version."""
_TEXT_CONFIG = "config.json"  # of a Hugging Face text tower


@dataclass(frozen=True)
class Clip:
    """A model and its tokenizer.

    Attributes:
        model: open_clip's model; ``encode_image`` takes (B, 3, H, W) floats, ``encode_text`` takes
            (B, L) tokens, and both return (B, D).
        tokenizer: converts B texts to (B, L) tokens, L being the model's context length.
        config: open_clip's model config.
    """

    model: torch.nn.Module
    tokenizer: Any
    config: dict[str, Any]

    def __post_init__(self) -> None:
        """Make open_clip's text transformer accept fewer tokens, and its image transformer faster.

        Raises:
            BadInputError: the model has more than two towers, or its input is no square.
        """
        if "multimodal_cfg" in self.config:
            raise BadInputError("CoCa models are not supported: they have a third tower")
        height, width = self._sides
        if height != width:
            raise BadInputError(f"its input is {height} x {width}: only squares are read")
        if isinstance(text := self.model.text, TextTransformer):
            text.transformer.register_forward_pre_hook(_fit_mask, with_kwargs=True)
        if isinstance(visual := self.model.visual, VisionTransformer):
            visual.conv1.__class__ = _PatchEmbedding

    @property
    def image_size(self) -> int:
        """Pixels of each side of the model's square input."""
        return self._sides[0]

    @property
    def _sides(self) -> tuple[int, int]:
        size: Any = self.model.visual.image_size  # type: ignore[union-attr]
        height, width = (size, size) if isinstance(size, int) else size
        return int(height), int(width)

    @property
    def scale(self) -> float:
        """Learnt factor on cosines, before a softmax makes probabilities of them."""
        return float(self.model.logit_scale.detach().exp())  # type: ignore[operator]

    def tokens(self, texts: Sequence[str]) -> torch.Tensor:
        """Return the (B, L) tokens of texts, L being what the longest text needs (:meth:`cut`)."""
        if not texts:  # which some tokenizers refuse
            return torch.empty((0, 0), dtype=torch.long)
        return self.cut(self.tokenizer(list(texts)))

    def cut(self, tokens_BL: torch.Tensor) -> torch.Tensor:
        """Remove the columns that hold only padding, if the model allows it.

        That saves most of the time: a title has about 10 tokens, most models' context 77.
        """
        text: Any = self.model.text
        if isinstance(text, HFTextEncoder):
            padding = int(text.config.pad_token_id)
        elif text.pool_type in ("argmax", "eos") and text.cls_emb is None and not text.use_pad_mask:
            padding = int(text.pad_id)
        else:
            return tokens_BL  # the model reads the last column, whatever it holds
        used = (tokens_BL != padding).any(dim=0).nonzero()  # includes the end-of-text token
        return tokens_BL[:, : int(used.max()) + 1] if len(used) else tokens_BL


def _fit_mask(
    _module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    """Cut the causal mask to the number of tokens."""
    mask, length = kwargs.get("attn_mask"), args[0].shape[1]
    return args, kwargs if mask is None else {**kwargs, "attn_mask": mask[..., :length, :length]}


class _PatchEmbedding(torch.nn.Conv2d):
    """A vision transformer's patch embedding as one matrix product.

    On a CPU, its backward pass takes a tenth of the convolution's.
    """

    def forward(self, images_BCHW: torch.Tensor) -> torch.Tensor:
        (height, width), (count, channels, *_) = self.kernel_size, images_BCHW.shape
        rows, columns = images_BCHW.shape[2] // height, images_BCHW.shape[3] // width
        patches = images_BCHW.reshape(count, channels, rows, height, columns, width)
        flat = patches.permute(0, 2, 4, 1, 3, 5).reshape(count, rows * columns, -1)
        embedded_BPD = torch.nn.functional.linear(flat, self.weight.flatten(1), self.bias)
        return embedded_BPD.mT.reshape(count, -1, rows, columns)


def random_model(name: str, seed: int) -> Clip:
    """Return a model with random weights, a function of ``seed``.

    Args:
        name: of a config in ``configs/`` or of open_clip.

    Raises:
        KeyError: no config has that name.
    """
    open_clip.add_model_config(CONFIGS)
    config = open_clip.get_model_config(name)
    if config is None:
        raise KeyError(name)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = open_clip.create_model(name, load_weights=False, force_custom_text=True)
    return Clip(model.eval(), open_clip.get_tokenizer(name), {**config, "custom_text": True})


def save(clip: Clip, folder: Path) -> None:
    """Write the model to ``folder``: weights as safetensors, config and tokenizer as JSON."""
    folder.mkdir(parents=True, exist_ok=True)
    weights = {name: tensor.contiguous() for name, tensor in clip.model.state_dict().items()}
    save_file(weights, folder / HF_SAFE_WEIGHTS_NAME)
    save_config_for_hf(clip.model, folder / HF_CONFIG_NAME, model_config=clip.config)
    if isinstance(clip.tokenizer, HFTokenizer):
        clip.tokenizer.save_pretrained(folder)
    if isinstance(text := clip.model.text, HFTextEncoder):
        text.config.to_json_file(folder / _TEXT_CONFIG)


def load(folder: Path) -> Clip:
    """Read a model that :func:`save` or open_clip wrote; nothing is unpickled or downloaded."""
    address = f"local-dir:{folder}"
    config = json.loads((folder / HF_CONFIG_NAME).read_text())["model_cfg"]
    text = dict(config["text_cfg"])
    if "hf_model_name" in text and (folder / _TEXT_CONFIG).is_file():
        # Take the text tower's architecture from this folder, not from the hub.
        text |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
    model = open_clip.create_model(
        address, force_custom_text=True, pretrained_image=False, pretrained_text=False,
        text_cfg=text,
    )  # fmt: skip
    return Clip(model.eval(), open_clip.get_tokenizer(address), {**config, "custom_text": True})


def same_image_tower(one: Clip, other: Clip) -> bool:
    """Return whether two models embed images alike: their image towers have equal weights."""
    ours, theirs = (clip.model.visual.state_dict() for clip in (one, other))  # type: ignore[union-attr]
    return (
        one.image_size == other.image_size
        and ours.keys() == theirs.keys()
        and all(torch.equal(weight, theirs[name]) for name, weight in ours.items())
    )
