"""A figure of covers as they are stored."""

import io
import textwrap

from matplotlib.figure import Figure
from PIL import Image

_ACROSS = 8


def contact_sheet(covers: list[tuple[str, bytes]]) -> Figure:
    """Return a grid of ``(title, image file)``."""
    down = -(-len(covers) // _ACROSS)
    figure = Figure(figsize=(1.6 * _ACROSS, 2.6 * down), layout="constrained")
    grid = figure.subplots(down, _ACROSS, squeeze=False)
    for axes in grid.flat:
        axes.axis("off")
    for axes, (title, body) in zip(grid.flat, covers, strict=False):
        with Image.open(io.BytesIO(body)) as image:
            axes.imshow(image)
        axes.set_title("\n".join(textwrap.wrap(title, 22)[:2]), fontsize=7)
    return figure
