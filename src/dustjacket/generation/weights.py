"""Starting weights of the decoder, which the package may carry."""

from pathlib import Path

from safetensors.torch import load_file

from dustjacket.generation.network import Decoder

STARTING_WEIGHTS = Path(__file__).parent / "weights" / "decoder.safetensors"
"""Made by ``make generator-weights``; see docs/generation.md."""


def load_starting_weights(decoder: Decoder, file: Path = STARTING_WEIGHTS) -> str:
    """Load the package's weights where they fit; return ``package``, or ``random`` if none do.

    Weights of another width, or conditioned on embeddings of other dimensions, do not fit.
    """
    if not file.is_file():
        return "random"
    weights, own = load_file(file), decoder.state_dict()
    if any(name not in weights or weights[name].shape != own[name].shape for name in own):
        print(f"{file.name} does not fit this decoder: training starts from random weights")
        return "random"
    decoder.load_state_dict({name: weights[name].to(own[name].dtype) for name in own})
    return "package"
