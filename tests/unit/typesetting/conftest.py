import io

import numpy as np
import pytest
from PIL import Image, ImageDraw


def landscape(width=400, height=640, sky=(96, 132, 170), ground=(46, 60, 40)):
    """Return art with a calm sky, and a busy lower half."""
    image = Image.new("RGB", (width, height), sky)
    rng = np.random.default_rng(5)
    noise = rng.integers(0, 90, (height // 2, width, 3), dtype=np.uint8)
    lower = Image.fromarray(noise + np.array(ground, np.uint8))
    image.paste(lower, (0, height - height // 2))
    ImageDraw.Draw(image).ellipse((240, 60, 320, 140), fill=(240, 200, 90))
    return image


def png_of(image):
    encoded = io.BytesIO()
    image.save(encoded, "PNG")
    return encoded.getvalue()


@pytest.fixture(scope="session")
def art():
    return landscape()


@pytest.fixture(scope="session")
def art_png(art):
    return png_of(art)
