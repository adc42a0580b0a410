"""Embeddings: the same in any batches, from files too, and nearly the same in bf16."""

import numpy as np
import pytest
import torch

from dustjacket.clip.conse import build_conse
from dustjacket.clip.data import square
from dustjacket.clip.embed import embed_covers, embed_files, in_batches, optimize_for_inference
from dustjacket.clip.model import random_model
from dustjacket.pretrained.hardware import has_fast_bf16
from tests.support.images import drawn, saved

MODEL = "dustjacket-small"


@pytest.fixture(scope="module")
def bodies():
    return [saved(drawn(seed, (200, 300))) for seed in range(10)]


@pytest.fixture
def clip():
    return random_model(MODEL, 13)


@pytest.fixture
def images(clip, bodies):
    return torch.stack([square(body, clip.image_size) for body in bodies])


def test_files_are_embedded_as_their_pictures_are_and_what_is_none_is_left_out(
    clip, bodies, images
):
    files = [(f"cover {at}", body) for at, body in enumerate(bodies)]
    files[3:3] = [("text", b"not a cover"), ("cut", bodies[0][:100]), ("empty", b"")]
    found = list(embed_files(clip, iter(files), 4))
    assert [len(names) for names, _ in found] == [4, 4, 2]
    assert [name for names, _ in found for name in names] == [f"cover {at}" for at in range(10)]
    vectors = np.concatenate([part for _, part in found])
    np.testing.assert_allclose(vectors, embed_covers(clip, images), atol=1e-5)


def test_batches_change_nothing_and_a_model_in_training_stays_so(clip, images):
    clip.model.train()
    np.testing.assert_allclose(
        embed_covers(clip, images, 3), embed_covers(clip, images, 10), atol=1e-5
    )
    assert clip.model.training
    with pytest.raises(ValueError, match="nothing to embed"):
        in_batches(torch.clone, images[:0], 3, clip)


def test_bf16_gives_unit_length_and_ranks_covers_alike(clip, images):
    if not has_fast_bf16():
        pytest.skip("this processor has no bf16")
    exact, found = embed_covers(clip, images), embed_covers(optimize_for_inference(clip), images)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(found, axis=1), 1, atol=1e-5)
    assert np.abs(exact @ exact.T - found @ exact.T).max() < 1e-2
    assert list((found @ exact.T).argmax(axis=1)) == list(range(len(images)))


def test_batch_normalisations_are_folded_away_and_change_nothing(bodies):
    images = torch.stack([square(body, 224) for body in bodies])
    clip = build_conse(images, [])
    exact = embed_covers(clip, images)
    found = embed_covers(optimize_for_inference(clip), images)
    assert not [one for one in clip.model.modules() if isinstance(one, torch.nn.BatchNorm2d)]
    np.testing.assert_allclose(found, exact, atol=1e-5)
