"""A search from the command line: model and index are downloaded once, and verified each time."""

import numpy as np
import pandas as pd
import pytest
from safetensors.numpy import save as save_tensors

from dustjacket.clip import model as clip_model
from dustjacket.retrieval.read import EMBEDDINGS, INDEX_COLUMNS, ROWS, VECTORS, search_covers
from dustjacket.retrieval.read import weights_of as digest_of_weights
from dustjacket.settings import Settings
from tests.support.bucket import store_in_memory


@pytest.fixture
def store(tmp_path):
    store = store_in_memory()
    store.settings = Settings(_env_file=None, home=tmp_path / "home")
    clip = clip_model.random_model("dustjacket-small", 1)
    clip_model.save(clip, tmp_path / "model")
    draft = store.draft("cover_clip", "m1")
    for file in (tmp_path / "model").iterdir():
        draft.upload(f"model/{file.name}", file)
    model, _ = draft.publish()
    dimensions = clip.config["embed_dim"]
    vectors = np.eye(3, dimensions, dtype=np.float32)
    rows = {name: [0] * 3 for name in INDEX_COLUMNS}
    rows |= {"key": list("abc"), "title": ["Rice", "Paris", "Tea"], "author": ["A"] * 3}
    rows |= {"category": ["x"] * 3, "look": [0, 1, 2], "sha256": ["0" * 64] * 3, "shard": ["s"] * 3}
    draft = store.draft("cover_index", "i1")
    draft.put(ROWS, pd.DataFrame(rows).to_parquet(None))
    draft.put(EMBEDDINGS, save_tensors({VECTORS: vectors}))
    facts = {"model": "cover_clip/m1", "weights": digest_of_weights(model)}
    draft.publish(parents={"covers": "c1"}, facts={**facts, "dimensions": dimensions})
    return store


def found(store):
    index = store.manifest("cover_index", "i1")
    return [(hit.key, hit.score) for hit in search_covers(store, index, "Rice", top=3)]


def test_the_second_search_downloads_nothing_and_a_changed_byte_is_noticed(store):
    before, requests = found(store), []
    get = store.client.get_object
    store.client.get_object = lambda **call: (requests.append(call["Key"]), get(**call))[1]
    assert found(store) == before
    assert {key.rpartition("/")[2] for key in requests} == {"manifest.json"}

    cache = store.settings.cache
    for file in [*cache.rglob("*.safetensors"), *cache.rglob("*.parquet")]:
        body = bytearray(file.read_bytes())
        body[len(body) // 2] ^= 0xFF
        file.write_bytes(body)
        requests.clear()
        assert found(store) == before
        (again,) = [key for key in requests if not key.endswith("manifest.json")]
        assert again.endswith(file.name)
