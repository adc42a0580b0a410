"""WiSE-FT: the best model on the line between starting and fine-tuned weights.

Wortsman et al. 2022, "Robust fine-tuning of zero-shot models".
"""

from collections.abc import Callable

import torch

Score = tuple[float, float]
"""The higher the better; the second number decides between equal first ones."""
_SHARES = (1.0, 0.75, 0.5, 0.25)
"""Shares of the fine-tuned weights that are tried; the first of several best is kept."""


def copy_state(model: torch.nn.Module) -> dict[str, torch.Tensor]:
    """Return a copy of a model's weights and buffers."""
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def interpolate(
    model: torch.nn.Module, starting: dict[str, torch.Tensor], score: Callable[[], Score]
) -> tuple[float, Score]:
    """Load the interpolation of ``starting`` and the model's own weights that scores best.

    Args:
        model: with fine-tuned weights; changed in place.
        starting: the weights before fine-tuning, see :func:`copy_state`.
        score: validation score of the weights that ``model`` has now.

    Returns:
        The share of the fine-tuned weights, and its score.
    """
    tuned = copy_state(model)

    def load_mixture(share: float) -> None:
        model.load_state_dict(
            {
                name: torch.lerp(starting[name], tensor, share)
                if tensor.is_floating_point()
                else tensor
                for name, tensor in tuned.items()
            }
        )

    scores = {}
    for share in _SHARES:
        load_mixture(share)
        scores[share] = score()
    best = max(scores, key=lambda share: scores[share])
    load_mixture(best)
    return best, scores[best]
