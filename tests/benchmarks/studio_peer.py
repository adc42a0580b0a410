"""The peer of ``studio``: open_clip in a FastAPI app, as its own examples use it.

``MODEL`` is a folder that open_clip reads, ``GALLERY`` an ``.npy`` of unit vectors, ``ROWS`` what
is known of each cover as JSON, ``THREADS`` PyTorch's.
"""

import json
import os
from pathlib import Path

import numpy as np
import open_clip
import torch
from fastapi import FastAPI
from pydantic import BaseModel

torch.set_num_threads(int(os.environ["THREADS"]))
ADDRESS = f"local-dir:{os.environ['MODEL']}"
MODEL = open_clip.create_model(ADDRESS).eval()
TOKENIZER = open_clip.get_tokenizer(ADDRESS)
GALLERY = np.load(os.environ["GALLERY"])
ROWS = json.loads(Path(os.environ["ROWS"]).read_text())
app = FastAPI()


class Query(BaseModel):
    """A search."""

    title: str
    top: int = 12


@app.post("/search")
def search(query: Query) -> list[dict]:
    """Return the nearest covers and what is known of them."""
    with torch.inference_mode():
        vector = MODEL.encode_text(TOKENIZER([query.title]), normalize=True)[0].numpy()
    scores = GALLERY @ vector
    best = np.argpartition(-scores, query.top)[: query.top]
    best = best[np.argsort(-scores[best])]
    return [ROWS[at] | {"score": float(scores[at])} for at in best]
