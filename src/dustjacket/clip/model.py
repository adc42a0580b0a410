"""The CLIP model: an open_clip model with its tokenizer, kept as a folder that open_clip reads."""

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
MODEL_FOLDER = "model"  # of a published version
_TEXT_CONFIG = "config.json"  # of a Hugging Face text tower


@dataclass(frozen=True)
class Clip:
    """A model with what turns titles into its tokens.

    Attributes:
        model: open_clip's model; ``encode_image`` takes (n, 3, size, size) and ``encode_text``
            (n, tokens) and both give (n, dimensions).
        tokenizer: texts to (n, context) integers.
        config: open_clip's model config.
    """

    model: torch.nn.Module
    tokenizer: Any
    config: dict[str, Any]

    def __post_init__(self) -> None:
        """Let open_clip's text transformer take fewer tokens, and its image transformer be fast.

        Raises:
            BadInputError: the model is no pair of towers.
        """
        if "multimodal_cfg" in self.config:
            raise BadInputError("it writes captions (CoCa), which needs more than two towers")
        if isinstance(text := self.model.text, TextTransformer):
            text.transformer.register_forward_pre_hook(_fit_mask, with_kwargs=True)
        if isinstance(visual := self.model.visual, VisionTransformer):
            visual.conv1.__class__ = _Patches

    @property
    def image_size(self) -> int:
        """Pixels of each side of the model's square input."""
        size: Any = self.model.visual.image_size  # type: ignore[union-attr]
        return int(size[0] if isinstance(size, tuple) else size)

    @property
    def scale(self) -> float:
        """What cosines are multiplied by for probabilities, as learnt."""
        return float(self.model.logit_scale.detach().exp())  # type: ignore[operator]

    def tokens(self, texts: Sequence[str]) -> torch.Tensor:
        """Return (n, tokens) integers, as wide as the longest text needs; see :meth:`cut`."""
        if not texts:
            return torch.empty((0, 0), dtype=torch.long)  # which some tokenizers refuse
        return self.cut(self.tokenizer(list(texts)))

    def cut(self, tokens: torch.Tensor) -> torch.Tensor:
        """Return (n, context) tokens without the columns that only pad, where the model can.

        A title has about 10 tokens; most models' context has 77.
        """
        text: Any = self.model.text
        if isinstance(text, HFTextEncoder):
            padding = int(text.config.pad_token_id)
        elif text.pool_type in ("argmax", "eos") and text.cls_emb is None and not text.use_pad_mask:
            padding = int(text.pad_id)
        else:
            return tokens  # it reads the last place, whatever is there
        columns = (tokens != padding).any(dim=0).nonzero()  # the last is that of an end of text
        return tokens[:, : int(columns.max()) + 1] if len(columns) else tokens


def _fit_mask(
    _module: torch.nn.Module, args: tuple[Any, ...], kwargs: dict[str, Any]
) -> tuple[tuple[Any, ...], dict[str, Any]]:
    mask, tokens = kwargs.get("attn_mask"), args[0].shape[1]
    return args, kwargs if mask is None else {**kwargs, "attn_mask": mask[..., :tokens, :tokens]}


class _Patches(torch.nn.Conv2d):
    """The patches' projection as one matrix product: on a CPU its gradients take a tenth so."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        (height, width), (n, channels, *_) = self.kernel_size, images.shape
        high, wide = images.shape[2] // height, images.shape[3] // width
        patches = images.reshape(n, channels, high, height, wide, width)
        rows = patches.permute(0, 2, 4, 1, 3, 5).reshape(n, high * wide, -1)
        projected = torch.nn.functional.linear(rows, self.weight.flatten(1), self.bias)
        return projected.mT.reshape(n, -1, high, wide)


def random_model(name: str, seed: int) -> Clip:
    """Return the model of a config of ours or open_clip's, with random weights that repeat.

    Raises:
        KeyError: there is no config of that name.
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
    """Return the model that :func:`save` wrote to ``folder``; nothing is unpickled or fetched.

    A folder that open_clip itself saved is read too.
    """
    address = f"local-dir:{folder}"
    config = json.loads((folder / HF_CONFIG_NAME).read_text())["model_cfg"]
    text = dict(config["text_cfg"])
    if "hf_model_name" in text and (folder / _TEXT_CONFIG).is_file():
        # What it is called elsewhere is for others; here its shape comes from its own folder.
        text |= {"hf_model_name": str(folder), "hf_model_pretrained": False}
    model = open_clip.create_model(
        address, force_custom_text=True, pretrained_image=False, pretrained_text=False,
        text_cfg=text,
    )  # fmt: skip
    return Clip(model.eval(), open_clip.get_tokenizer(address), {**config, "custom_text": True})
