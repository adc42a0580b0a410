"""What a training process starts from."""

from types import SimpleNamespace

import pytest

from dustjacket.generation import process
from dustjacket.generation.network import DecoderShape
from dustjacket.generation.step import GeneratorParameters
from dustjacket.generation.weights import ENCODER, StartingWeights

WEIGHTS = StartingWeights(DecoderShape(5, 32), 640, {})


@pytest.mark.parametrize(
    ("encoder", "given", "published", "starts"),
    [
        (ENCODER, {}, WEIGHTS, WEIGHTS),
        (ENCODER, {"start": "random"}, WEIGHTS, None),
        (ENCODER, {"width": 64}, WEIGHTS, None),
        ("ViT-B-32", {}, WEIGHTS, None),
        (ENCODER, {}, None, None),
    ],
)
def test_training_starts_from_weights_where_they_fit(
    monkeypatch, encoder, given, published, starts
):
    monkeypatch.setattr(process, "read_weights", lambda: published)
    parameters = GeneratorParameters.model_validate({"width": 32} | given)
    task = SimpleNamespace(parameters=parameters, encoder=encoder)
    assert process.starting_weights(task) is starts
