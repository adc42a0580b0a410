"""The text on covers: read by OCR, and painted over."""

from dataclasses import dataclass
from typing import Any

import numpy as np

_SIDE = 512  # pixels; larger covers are read at this size, in about 0.1 s
_MARGIN = 0.02  # of the longer side, painted over around each line of text


@dataclass(frozen=True)
class CoverText:
    """The text on a cover.

    Attributes:
        lines: as read.
        boxes: left, top, right and bottom of each line, as shares of the cover's width and height.
        painted: the cover as a PNG file, with the text painted over.
    """

    lines: tuple[str, ...]
    boxes: tuple[tuple[float, float, float, float], ...]
    painted: bytes


class CoverReader:
    """Reads covers with RapidOCR, whose models are in its package.

    Text is painted over by Telea's method (An Image Inpainting Technique Based on the Fast Marching
    Method, 2004).
    """

    def __init__(self) -> None:
        from rapidocr import RapidOCR

        self._engine = RapidOCR(
            params={
                "Global.log_level": "error",
                "Global.use_cls": False,
                # By default small images are enlarged: the same text in four times the time.
                "Det.limit_type": "max",
                "Det.limit_side_len": _SIDE,
                # Its threads wait for each other busily, which takes the cores from all else.
                "EngineConfig.onnxruntime.intra_op_num_threads": 1,
            }
        )

    def read(self, body: bytes) -> CoverText | None:
        """Return the text on an image file; None if the file cannot be decoded."""
        import cv2

        image = cv2.imdecode(np.frombuffer(body, np.uint8), cv2.IMREAD_COLOR)
        if image is None:
            return None
        scale = min(1.0, _SIDE / max(image.shape[:2]))
        image = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
        found: Any = self._engine(image)
        lines = [
            (text, box)
            for text, box in zip(
                found.txts or (), () if found.boxes is None else found.boxes, strict=True
            )
            if len(text) > 1  # a single character is most often a shape
        ]
        size = np.array(image.shape[1::-1])
        corners = (np.asarray(box) / size for _, box in lines)
        boxes = tuple(
            (float(x.min()), float(y.min()), float(x.max()), float(y.max()))
            for x, y in (four.T for four in corners)
        )
        if lines:
            mask = np.zeros(image.shape[:2], np.uint8)
            cv2.fillPoly(mask, [np.round(box).astype(np.int32) for _, box in lines], 255)
            side = 2 * round(_MARGIN * max(image.shape[:2])) + 1
            mask = cv2.dilate(mask, np.ones((side, side), np.uint8))
            image = cv2.inpaint(image, mask, 3, cv2.INPAINT_TELEA)
        painted = cv2.imencode(".png", image)[1].tobytes()
        return CoverText(tuple(text for text, _ in lines), boxes, painted)
