"""General recognition: pictures that are always the same, and a model that knows nothing."""

import pytest
import torch

from dustjacket.clip.model import random_model
from dustjacket.evaluation.recognition import draw_images, measure_recognition
from dustjacket.sample.grammar import MOTIFS


def test_every_class_has_as_many_pictures_and_no_two_are_the_same():
    for shown in draw_images(64).values():
        counts = torch.bincount(torch.from_numpy(shown.labels))
        assert len(counts) == len(shown.classes)
        assert len(set(counts.tolist())) == 1
        assert len(torch.unique(shown.images.flatten(1), dim=0)) == len(shown.images)


def test_the_pictures_are_the_same_in_every_process():
    once = draw_images(64)
    draw_images.cache_clear()
    for kind, again in draw_images(64).items():
        assert torch.equal(once[kind].images, again.images)


def test_no_class_is_what_the_samples_covers_show():
    words = {
        word
        for shown in draw_images(64).values()
        for name in shown.classes
        for word in name.split()
    }
    assert words.isdisjoint(motif.lower() for motif in MOTIFS)


def test_a_random_model_is_near_chance():
    found = measure_recognition(random_model("dustjacket-small", 13), 128)
    assert found.accuracy == pytest.approx(found.chance, abs=0.1)
    low, high = found.interval
    assert low <= found.accuracy <= high
    assert set(found.by_kind) == {"signs", "forms", "digits"}
