"""Embeddings: independent of the batch size, the same from files, and nearly so in bf16."""

import numpy as np
import pytest
import timm
import torch
from timm.layers.norm_act import BatchNormAct2d

from dustjacket.clip.data import square
from dustjacket.clip.embed import (
    embed_covers,
    embed_files,
    embed_texts,
    fold_activations,
    fold_batch_norms,
    in_batches,
    optimize_for_inference,
)
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


def test_files_are_embedded_like_their_images_and_unreadable_files_are_left_out(
    clip, bodies, images
):
    files = [(f"cover {number}", body) for number, body in enumerate(bodies)]
    files[3:3] = [("text", b"not a cover"), ("cut", bodies[0][:100]), ("empty", b"")]
    batches = list(embed_files(clip, iter(files), 4))
    assert [len(names) for names, _ in batches] == [4, 4, 2]
    embedded = [name for names, _ in batches for name in names]
    assert embedded == [f"cover {number}" for number in range(10)]
    vectors = np.concatenate([part for _, part in batches])
    np.testing.assert_allclose(vectors, embed_covers(clip, images), atol=1e-5)


def test_the_batch_size_changes_nothing_and_training_mode_is_restored(clip, images):
    clip.model.train()
    np.testing.assert_allclose(
        embed_covers(clip, images, 3), embed_covers(clip, images, 10), atol=1e-5
    )
    assert clip.model.training
    with pytest.raises(ValueError, match="nothing to embed"):
        in_batches(torch.clone, images[:0], 3, clip)


def test_a_text_is_embedded_alone_as_among_others_however_long_these_are(clip):
    texts = [f"The Road to Town {number}" for number in range(30)]
    texts += ["Emma", " ".join(["word"] * 200)]
    together = embed_texts(clip, texts)
    for place in (0, 29, 30, 31):
        np.testing.assert_allclose(embed_texts(clip, [texts[place]])[0], together[place], atol=1e-5)


def test_bf16_gives_unit_length_and_ranks_covers_alike(clip, images):
    if not has_fast_bf16():
        pytest.skip("this processor has no bf16")
    exact = embed_covers(clip, images)
    optimized = embed_covers(optimize_for_inference(clip), images)
    assert optimized.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(optimized, axis=1), 1, atol=1e-5)
    assert np.abs(exact @ exact.T - optimized @ exact.T).max() < 1e-2
    assert list((optimized @ exact.T).argmax(axis=1)) == list(range(len(images)))


@pytest.mark.parametrize("name", ["tf_efficientnet_lite0", "efficientnet_lite0"])
def test_an_efficientnet_for_inference_computes_the_same(name):
    trunk = timm.create_model(name, num_classes=0).eval()
    with torch.random.fork_rng(devices=[]), torch.no_grad():
        torch.manual_seed(5)
        images = torch.rand(3, 3, 96, 80).contiguous(memory_format=torch.channels_last)
        for module in trunk.modules():
            if isinstance(module, BatchNormAct2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
        exact = trunk(images)
        fold_batch_norms(trunk)
        fold_activations(trunk)
        folded = trunk(images)
    assert not [m for m in trunk.modules() if isinstance(m, BatchNormAct2d | torch.nn.ReLU6)]
    assert exact.std() > 1e-3
    np.testing.assert_allclose(folded, exact, atol=1e-4 * float(exact.abs().max()))
