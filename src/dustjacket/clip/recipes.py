"""Training recipes: which weights of the two towers are trained; LoRA, added and merged."""

from typing import Any

import torch
from open_clip.timm_model import TimmModel

from dustjacket.clip.model import Clip
from dustjacket.clip.step import Recipe

LORA_RANK = 16


def apply_recipe(clip: Clip, recipe: Recipe) -> None:
    """Leave the weights trainable that ``recipe`` trains, in place; the logit scale always is.

    - ``full``: both towers.
    - ``locked_image``: the text tower, and the image tower's projection head if it is a layer of
      its own (LiT; Zhai et al. 2022, "LiT: Zero-shot transfer with locked-image text tuning").
    - ``locked_text``: the image tower.
    - ``locked``: the image tower's projection head alone, a linear probe as in CLIP (Radford et al.
      2021).
    - ``lora``: low-rank additions to the linear layers of both towers (Hu et al. 2022, "LoRA:
      Low-rank adaptation of large language models"); :func:`merge_lora` adds them to the weights.

    Both towers stay in evaluation mode, without dropout and with the stored batch statistics:
    embeddings must not depend on how many processes share a batch.
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


def trainable_weights(clip: Clip) -> dict[str, torch.nn.Parameter]:
    """Return the weights that are trained, by name."""
    return {name: weight for name, weight in clip.model.named_parameters() if weight.requires_grad}


def merge_lora(clip: Clip) -> None:
    """Add LoRA's products to the weights of their layers, in place; without LoRA, do nothing."""
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
