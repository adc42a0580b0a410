"""The contrastive loss beside open_clip's own."""

import pytest
import torch
from open_clip.loss import ClipLoss

from dustjacket.clip.loss import contrastive_loss
from dustjacket.clip.process_group import ProcessGroup

ONE = ProcessGroup()


def loss_and_gradients(loss, count=12):
    """Return a loss of ``count`` drawn pairs, and its gradients by covers, texts and scale."""
    draw = torch.Generator().manual_seed(5)
    drawn = [torch.randn(count, 8, generator=draw, requires_grad=True) for _ in range(2)]
    log_scale = torch.tensor(2.0, requires_grad=True)
    found = loss(*(torch.nn.functional.normalize(rows, dim=1) for rows in drawn), log_scale.exp())
    found.backward()
    return found, *(tensor.grad for tensor in (*drawn, log_scale))


def ours(books):
    return lambda *given: contrastive_loss(*given, torch.tensor(books), ONE)


def test_of_different_books_value_and_gradients_are_those_of_open_clip():
    for found, expected in zip(
        loss_and_gradients(ours(range(12))), loss_and_gradients(ClipLoss()), strict=True
    ):
        torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-6)
    assert loss_and_gradients(ours([0, 0, *range(10)]))[0] < loss_and_gradients(ClipLoss())[0]


@pytest.mark.parametrize("count", [1, 12])
def test_a_batch_of_one_book_has_no_loss_and_finite_gradients(count):
    loss, *gradients = loss_and_gradients(ours([7] * count), count)
    assert float(loss) == 0
    for gradient in gradients:
        assert torch.equal(gradient, torch.zeros_like(gradient))
