"""The optimizer of the decoder: Muon for its matrices, AdamW for all else.

Muon (Jordan et al. 2024, "Muon: an optimizer for hidden layers in neural networks") makes the steps
of a matrix orthogonal, so that rare directions are learnt as fast as frequent ones. PyTorch's takes
matrices only: a convolution is one with a row for each output channel. AdamW has the first and last
convolution, the condition's layers, which learn colours sooner with it, biases, scales and the null
token. Muon's steps are scaled to the size of AdamW's, so that one learning rate suits both (Liu et
al. 2025, "Muon is scalable for LLM training").
"""

import torch

from dustjacket.errors import CorruptVersionError

_ENDS = ("condition.", "unet.conv_in.", "unet.conv_out.")
_MOMENTUM = "momentum/"


class MuonAdamW:
    """One step and one learning rate of both.

    Attributes:
        adamw: the optimizer of the weights that are no hidden matrices.
    """

    def __init__(
        self, weights: dict[str, torch.nn.Parameter], learning_rate: float, weight_decay: float
    ) -> None:
        hidden = {
            name: weight
            for name, weight in weights.items()
            if weight.ndim > 1 and not name.startswith(_ENDS)
        }
        self._hidden = {name: (weight, _matrix(weight)) for name, weight in hidden.items()}
        self._muon = torch.optim.Muon(
            [matrix for _, matrix in self._hidden.values()],
            lr=learning_rate,
            weight_decay=weight_decay,
            adjust_lr_fn="match_rms_adamw",
        )
        self.adamw = torch.optim.AdamW(
            [weight for name, weight in weights.items() if name not in hidden],
            lr=learning_rate,
            weight_decay=weight_decay,
            betas=(0.9, 0.99),
            fused=True,
        )

    def set_rate(self, learning_rate: float) -> None:
        """Set the learning rate of the next steps."""
        for optimizer in (self._muon, self.adamw):
            optimizer.param_groups[0]["lr"] = learning_rate

    def zero_grad(self) -> None:
        """Forget the gradients."""
        for weight, _ in self._hidden.values():
            weight.grad = None
        self.adamw.zero_grad(set_to_none=True)

    def step(self) -> None:
        """Move all weights along their gradients."""
        for weight, matrix in self._hidden.values():
            matrix.grad = None if weight.grad is None else _rows(weight.grad)
        self._muon.step()  # type: ignore[no-untyped-call]
        self.adamw.step()

    def momentum(self) -> dict[str, torch.Tensor]:
        """Copy Muon's momentum to main memory, by ``momentum/`` and the weight's name."""
        return {
            f"{_MOMENTUM}{name}": state["momentum_buffer"].cpu().clone()
            for name, (_, matrix) in self._hidden.items()
            if (state := self._muon.state.get(matrix))
        }

    def restore_momentum(self, moments: dict[str, torch.Tensor]) -> None:
        """Set Muon's momentum to that of a checkpoint.

        Raises:
            CorruptVersionError: the checkpoint is of another optimizer.
        """
        for name, (_, matrix) in self._hidden.items():
            kept = moments.get(f"{_MOMENTUM}{name}")
            if kept is None:
                if f"first/{name}" in moments:
                    raise CorruptVersionError(
                        "the checkpoint is of another optimizer: delete it and train again"
                    )
                continue
            self._muon.state[matrix] = {"momentum_buffer": kept.to(matrix.device)}


def _rows(weight: torch.Tensor) -> torch.Tensor:
    """Return a weight or its gradient as a matrix with a row for each output."""
    # channels_last keeps a filter's values in this order, so that no weight is copied.
    return weight if weight.ndim == 2 else weight.permute(0, 2, 3, 1).flatten(1)


def _matrix(weight: torch.nn.Parameter) -> torch.nn.Parameter:
    """Return the same memory as a matrix, which can be changed in place."""
    rows = _rows(weight.detach())
    if rows.data_ptr() != weight.data_ptr():
        raise ValueError("the convolutions' weights are not in the memory format channels_last")
    return torch.nn.Parameter(rows)
