"""General recognition: pictures that are always the same, and a model that knows nothing."""

from unittest.mock import patch

import numpy as np
import pytest
import torch

from dustjacket.clip.model import random_model
from dustjacket.evaluation import recognition
from dustjacket.evaluation.recognition import draw_images, embed_drawn, measure_recognition
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


@pytest.fixture
def embeds():
    """Count how often a kind of images is embedded, and do so at once: by the first weight."""

    def embed(clip, images, _batch_size):
        weight = next(clip.model.visual.parameters()).flatten()[0].item()
        return np.full((len(images), 2), weight, np.float32)

    with patch.object(recognition, "embed_covers", side_effect=embed) as counted:
        yield counted


def test_an_image_tower_is_embedded_once_for_all_evaluations(tmp_path, embeds):
    first = embed_drawn(random_model("dustjacket-small", 13), 128, tmp_path)
    assert embeds.call_count == 3
    locked = random_model("dustjacket-small", 13)
    with torch.no_grad():
        locked.model.logit_scale.add_(1)
    again = embed_drawn(locked, 64, tmp_path)
    assert embeds.call_count == 3
    assert all(np.array_equal(first[kind], again[kind]) for kind in first)
    other = embed_drawn(random_model("dustjacket-small", 14), 128, tmp_path)
    assert embeds.call_count == 6
    assert not np.array_equal(first["signs"], other["signs"])


@pytest.mark.parametrize("damage", [b"", b"\x00" * 100, None], ids=["empty", "zeros", "cut"])
def test_a_damaged_file_is_embedded_anew(tmp_path, embeds, damage):
    clip = random_model("dustjacket-small", 13)
    first = embed_drawn(clip, 128, tmp_path)
    (file,) = tmp_path.iterdir()
    file.write_bytes(file.read_bytes()[:-9] if damage is None else damage)
    again = embed_drawn(clip, 128, tmp_path)
    assert embeds.call_count == 6
    assert np.array_equal(first["digits"], again["digits"])


def test_the_embeddings_of_few_image_towers_are_kept(tmp_path, monkeypatch, embeds):
    monkeypatch.setattr(recognition, "_KEPT", 2)
    for seed in range(4):
        embed_drawn(random_model("dustjacket-small", seed), 128, tmp_path)
    assert embeds.call_count == 12
    assert len(list(tmp_path.iterdir())) == 2
