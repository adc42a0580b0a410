"""What every generator of cover art offers, whatever draws it."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np


@dataclass(frozen=True)
class Request:
    """One cover concept that is wanted.

    Attributes:
        seed: of the random draws: one seed, request and version give one picture.
        guidance: weight of the text; 0: any typical cover; the higher, the closer to the text.
    """

    title: str
    author: str = ""
    description: str = ""
    genre: str = ""
    seed: int = 0
    guidance: float = 2.0


class Generator(Protocol):
    """Draws textless art."""

    @property
    def version(self) -> str:
        """``<kind>/<version>`` of its weights."""

    @property
    def size(self) -> tuple[int, int]:
        """Width and height of the art, in pixels."""

    def draw(self, requests: Sequence[Request]) -> np.ndarray:
        """Return (n, height, width, 3) 8-bit RGB art of n requests.

        The picture of a request does not depend on the other requests.
        """
