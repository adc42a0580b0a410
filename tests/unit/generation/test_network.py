"""The decoder: shapes, guidance, and sampling from a decoder that knows the answer."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.generation.batches import flip
from dustjacket.generation.network import (
    SIGMA_MAX,
    SIGMA_MIN,
    Decoder,
    DecoderShape,
    noise_levels,
    sample,
    to_art,
    to_latent,
)


def pictures(count, seed=0):
    rng = np.random.default_rng(seed)
    return torch.from_numpy(rng.integers(0, 256, (count, 72, 48, 3), dtype=np.uint8))


def test_art_survives_the_way_to_the_decoders_form_and_back():
    art = pictures(3)
    assert to_latent(art).shape == (3, 108, 12, 8)
    assert torch.equal(to_art(to_latent(art)), art)


def test_a_flip_mirrors_the_pixels():
    art = pictures(2)
    flipped = to_art(flip(to_latent(art), torch.tensor([True, False])))
    assert torch.equal(flipped, torch.stack([art[0].flip(1), art[1]]))


@given(st.integers(2, 100))
def test_noise_levels_fall_from_the_highest_to_the_lowest(steps):
    levels = noise_levels(steps)
    assert len(levels) == steps
    assert levels == sorted(levels, reverse=True)
    assert levels[0] == pytest.approx(SIGMA_MAX)
    assert levels[-1] == pytest.approx(SIGMA_MIN)


class Knows:
    """A decoder that denoises to one picture with a condition, and to another without."""

    def __init__(self, wanted, other):
        self.wanted, self.other = wanted, other

    def embed(self, condition, noise, dropped):  # noqa: ARG002
        return dropped

    def denoise(self, noisy, sigma, embedded, reference):  # noqa: ARG002
        return torch.where(embedded.view(-1, 1, 1, 1), self.other, self.wanted)


@pytest.mark.parametrize("guidance", [0.0, 1.0, 2.0])
def test_sampling_ends_where_the_guided_decoder_points(guidance):
    wanted, other = to_latent(pictures(2))
    noise = torch.randn(1, *wanted.shape)
    drawn = sample(
        Knows(wanted, other), torch.zeros(1, 5), torch.zeros_like(noise), noise,
        torch.tensor([guidance]), 12,
    )  # fmt: skip
    torch.testing.assert_close(drawn[0], other + guidance * (wanted - other), atol=1e-3, rtol=0)


def test_a_dropped_condition_does_not_matter_and_the_others_do():
    torch.manual_seed(0)
    decoder = Decoder(DecoderShape(condition=5, width=32))
    conditions, level = torch.randn(2, 5), torch.zeros(2)
    dropped = decoder.embed(conditions, level, torch.tensor([True, True]))
    kept = decoder.embed(conditions, level, torch.tensor([False, False]))
    assert torch.equal(dropped[0], dropped[1])
    assert not torch.allclose(kept[0], kept[1])
    assert not torch.allclose(kept, decoder.embed(conditions, level + 0.5, torch.tensor([False])))


def test_all_directions_of_conditions_are_seen_with_the_same_variance():
    torch.manual_seed(0)
    decoder = Decoder(DecoderShape(condition=2, width=32))
    scales = torch.tensor([2.0, 0.7])
    decoder.even_out(torch.randn(4000, 2) * scales)
    seen = (decoder.condition[0].weight[:, :2].detach() * scales).std(0)
    assert seen[0] == pytest.approx(float(seen[1]), rel=0.2)
