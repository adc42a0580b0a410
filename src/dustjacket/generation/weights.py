"""Starting weights of the decoder, which come with the package; :mod:`.pretrain` makes them.

They were trained with titles as the only condition. A champion's image embedding has other axes in
each library, and the art of a nearest cover is new to them too: their columns start at zero, so
that a training begins with what the weights draw, and learns how much to make of both.
"""

from dataclasses import dataclass
from pathlib import Path

import torch
from safetensors import safe_open
from safetensors.torch import save

from dustjacket.clip.conse import NAME
from dustjacket.errors import CorruptVersionError
from dustjacket.generation.network import CHANNELS, Decoder, DecoderShape
from dustjacket.pretrained.packages import find_weights
from dustjacket.storage.host import new_file

FILE = Path(__file__).with_name("weights") / "starting_decoder.safetensors"
ENCODER = NAME
"""Model whose text tower embeds titles for them."""
_CONDITION, _INPUT = "condition.0.weight", "unet.conv_in.weight"


@dataclass(frozen=True)
class StartingWeights:
    """Weights of a decoder whose condition is a title's embedding alone.

    Attributes:
        shape: of that decoder.
        images: image-steps of its training.
    """

    shape: DecoderShape
    images: int
    tensors: dict[str, torch.Tensor]

    def copy_into(self, decoder: Decoder) -> None:
        """Set the weights of a decoder of the same width, with image embeddings in its condition.

        Raises:
            ValueError: its width differs, or its condition is smaller.
        """
        added = decoder.shape.condition - self.shape.condition
        if decoder.shape.width != self.shape.width or added < 0:
            raise ValueError(f"weights of {self.shape} do not fit a decoder of {decoder.shape}")
        condition = self.tensors[_CONDITION]
        widened = torch.cat([condition.new_zeros(len(condition), added), condition], dim=1)
        noisy = self.tensors[_INPUT].clone()
        noisy[:, CHANNELS:] = 0  # the reference's channels
        decoder.load_state_dict({**self.tensors, _CONDITION: widened, _INPUT: noisy})


def read_weights(file: Path | None = None) -> StartingWeights | None:
    """Return the starting weights, or None if there are none.

    Args:
        file: None: that of the package.

    Raises:
        CorruptVersionError: the file is no such weights.
        NotReadyError: the package's file is not the expected one.
    """
    file = file or find_weights("dustjacket", FILE.name)
    if file is None or not file.is_file():
        return None
    try:
        with safe_open(file, "pt") as opened:
            about = opened.metadata()
            tensors = {name: opened.get_tensor(name).float() for name in opened.keys()}  # noqa: SIM118
        shape = DecoderShape(int(about["condition"]), int(about["width"]))
        return StartingWeights(shape, int(about["images"]), tensors)
    except Exception as error:  # noqa: BLE001  # every reader has errors of its own
        reason = (str(error).splitlines() or [type(error).__name__])[0][:200]
        raise CorruptVersionError(f"{file} has no starting weights ({reason})") from None


def write_weights(weights: StartingWeights, file: Path = FILE) -> None:
    """Write weights as bf16, in one step."""
    about = {**vars(weights.shape), "images": weights.images, "encoder": ENCODER}
    small = {
        name: tensor.to(torch.bfloat16).contiguous() for name, tensor in weights.tensors.items()
    }
    with new_file(file) as opened:
        opened.write(save(small, {name: str(value) for name, value in about.items()}))
