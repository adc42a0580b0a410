"""Starting weights: a decoder that has them draws as they do, whatever the champion is."""

import pytest
import torch

from dustjacket.errors import CorruptVersionError
from dustjacket.generation.network import CHANNELS, HEIGHT, WIDTH, Decoder, DecoderShape
from dustjacket.generation.weights import FILE, StartingWeights, read_weights, write_weights
from dustjacket.pretrained.packages import SHA256

TEXT, IMAGE, COUNT = 5, 3, 2


def decoder(condition, width=32, seed=0):
    torch.manual_seed(seed)
    return Decoder(DecoderShape(condition, width)).eval()


@pytest.fixture
def pretrained():
    return decoder(TEXT)


@pytest.fixture
def weights(pretrained):
    return StartingWeights(pretrained.shape, 640, pretrained.state_dict())


def denoised(model, condition, reference):
    torch.manual_seed(1)
    noisy, level = torch.randn(COUNT, CHANNELS, HEIGHT, WIDTH), torch.zeros(COUNT)
    embedded = model.embed(condition, level, level.bool())
    with torch.no_grad():
        return model.denoise(noisy, level + 1, embedded, reference)


def test_training_begins_with_what_the_weights_draw(pretrained, weights):
    model = decoder(IMAGE + TEXT, seed=2)
    weights.copy_into(model)
    texts, images = torch.randn(COUNT, TEXT), torch.randn(COUNT, IMAGE)
    reference = torch.randn(COUNT, CHANNELS, HEIGHT, WIDTH)
    drawn = denoised(model, torch.cat([images, texts], 1), reference)
    wanted = denoised(pretrained, texts, torch.zeros_like(reference))
    torch.testing.assert_close(drawn, wanted, atol=1e-5, rtol=1e-4)


def test_training_reaches_image_embeddings_and_references(weights):
    model = decoder(IMAGE + TEXT)
    weights.copy_into(model)
    condition, level = torch.randn(COUNT, IMAGE + TEXT), torch.ones(COUNT)
    embedded = model.embed(condition, level, torch.zeros(COUNT, dtype=torch.bool))
    art = torch.randn(COUNT, CHANNELS, HEIGHT, WIDTH)
    model.denoise(art, level, embedded, art).square().mean().backward()
    assert model.condition[0].weight.grad[:, :IMAGE].abs().sum() > 0
    assert model.unet.conv_in.weight.grad[:, CHANNELS:].abs().sum() > 0


@pytest.mark.parametrize(("condition", "width"), [(IMAGE + TEXT, 64), (TEXT - 1, 32)])
def test_weights_of_another_shape_are_refused(weights, condition, width):
    with pytest.raises(ValueError, match="do not fit"):
        weights.copy_into(decoder(condition, width))


def test_a_file_keeps_weights_shape_and_image_steps(tmp_path, weights):
    file = tmp_path / "new" / "weights.safetensors"
    write_weights(weights, file)
    read = read_weights(file)
    assert (read.shape, read.images) == (weights.shape, 640)
    for name, tensor in weights.tensors.items():
        torch.testing.assert_close(read.tensors[name], tensor, atol=1e-2, rtol=1e-2)
    assert list(file.parent.iterdir()) == [file]


def test_no_file_is_no_weights(tmp_path):
    assert read_weights(tmp_path / "absent.safetensors") is None


def test_a_file_that_is_no_weights_is_named(tmp_path):
    file = tmp_path / "weights.safetensors"
    file.write_bytes(b"<html>")
    with pytest.raises(CorruptVersionError, match=r"weights\.safetensors has no starting weights"):
        read_weights(file)


@pytest.mark.skipif(not FILE.is_file(), reason="the package has no starting weights")
def test_the_package_has_weights_that_fit_the_usual_decoder():
    assert FILE.stat().st_size <= 20e6
    assert FILE.name in SHA256
    weights = read_weights()
    weights.copy_into(Decoder(DecoderShape(weights.shape.condition + 384)))
