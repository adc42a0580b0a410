"""Sources of weights: installed packages, tags, folders, checkpoints; and what is refused."""

import json
import pickle
import time
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import torch
from safetensors.torch import load_file, save_file

from dustjacket.clip.conse import TEMPERATURE, build_conse, fit_projection
from dustjacket.clip.data import Pairs, square
from dustjacket.clip.embed import embed_covers, embed_texts, optimize_for_inference
from dustjacket.clip.model import Clip, load, random_model, save
from dustjacket.clip.starting import ensure_starting
from dustjacket.clip.step import ClipParameters
from dustjacket.clip.train import fit
from dustjacket.clip.weights import open_model
from dustjacket.errors import BadInputError, NotReadyError
from tests.support.images import drawn, saved

pytestmark = pytest.mark.integration
TITLES = ["The Jungle Book by Rudyard Kipling", "Emma by Jane Austen", "Dracula", "Walden"]
STORE = SimpleNamespace(settings=None)  # only s3:// addresses need one


@pytest.fixture(scope="module")
def covers():
    return torch.randint(
        0, 255, (4, 3, 224, 224), dtype=torch.uint8, generator=torch.manual_seed(1)
    )


@pytest.fixture(scope="module")
def conse(covers):
    return build_conse(covers, TITLES)


def test_conse_is_one_model_of_two_towers_that_is_saved_and_loaded(conse, covers, tmp_path):
    save(conse, tmp_path)
    assert {file.suffix for file in tmp_path.iterdir()} == {".json", ".safetensors"}
    again = load(tmp_path)
    np.testing.assert_allclose(embed_texts(again, TITLES), embed_texts(conse, TITLES), atol=1e-6)
    np.testing.assert_allclose(embed_covers(again, covers), embed_covers(conse, covers), atol=1e-6)


def trained_once(clip, covers, recipe):
    """Train one epoch of one batch, without validation."""
    books = pd.DataFrame({"key": list("abcd"), "group": list("abcd"), "title": TITLES})
    pairs = Pairs(books.assign(author=None, genre="Classics", probability=0.9), covers)
    parameters = ClipParameters(recipe=recipe, processes=1, epochs=1, batch_size=4)
    return fit(clip, pairs, Pairs(pairs.books[:0], covers[:0]), parameters)


def test_conse_is_trained_without_validation_too(conse, covers, tmp_path):
    save(conse, tmp_path)
    trained = trained_once(load(tmp_path), covers, "locked")
    assert (trained.steps, trained.validation_recall_at_10) == (1, None)


def test_conse_knows_what_words_mean(conse):
    vectors = embed_texts(conse, ["a tiger in the jungle", "a big cat", "tax law of Delaware"])
    assert vectors[0] @ vectors[1] > vectors[0] @ vectors[2] + 0.2


def test_the_projection_is_conse_near_the_mean_of_the_covers():
    torch.manual_seed(1)
    classifier = torch.nn.Linear(12, 40)
    classes = torch.nn.functional.normalize(torch.randn(40, 6), dim=1)
    features = 0.3 * torch.randn(200, 12)
    weight, bias = fit_projection(features, classifier, classes)
    with torch.no_grad():
        conse = (classifier(features) / TEMPERATURE).softmax(dim=1) @ classes
    expected = conse - conse.mean(dim=0)
    projected = features @ weight.T + bias
    assert float((projected - expected).norm() / expected.norm()) < 0.1
    without, _ = fit_projection(features[:0], classifier, classes)
    cosine = torch.nn.functional.cosine_similarity(features @ without.T, expected, dim=1)
    assert float(cosine.mean()) > 0.8


def test_an_unknown_model_is_refused_with_the_known_names():
    with pytest.raises(BadInputError, match=r"'nope'.*lite0-minilm.*ViT-B-32"):
        open_model("nope", "", 13, store=STORE)
    with pytest.raises(BadInputError, match=r"'nope' of ViT-B-32.*laion2b"):
        open_model("ViT-B-32", "nope", 13, store=STORE)


@pytest.mark.parametrize(
    "named",
    [
        ("hf-hub:some/model", ""),
        ("ViT-B-32", "laion2b_s34b_b79k"),
        ("ViT-B-16-SigLIP", ""),  # its tokenizer is on the hub, and of the others the text tower
        ("xlm-roberta-base-ViT-B-32", ""),
        ("roberta-ViT-B-32", ""),
        ("nllb-clip-base", ""),
    ],
)
def test_a_model_that_cannot_be_downloaded_fails_in_seconds_with_the_cure(named, monkeypatch):
    monkeypatch.setattr("huggingface_hub.constants.ENDPOINT", "http://127.0.0.1:9")
    began = time.monotonic()
    with pytest.raises(
        NotReadyError, match=rf"cannot download the weights of {named[0]}.*local folder"
    ):
        open_model(*named, 13, store=STORE)
    assert time.monotonic() - began < 20


@pytest.mark.parametrize("suffix", ["safetensors", "pt"])
def test_a_checkpoint_of_open_clip_is_loaded(suffix, tmp_path):
    made, file = random_model("dustjacket-small", 1), tmp_path / f"weights.{suffix}"
    if suffix == "pt":
        torch.save({"state_dict": made.model.state_dict()}, file)
    else:
        save_file(made.model.state_dict(), file)
    found = open_model("dustjacket-small", str(file), 13, store=STORE)
    for name, tensor in made.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], tensor)


@pytest.mark.parametrize("kind", ["of data parallelism", "half", "without a text tower"])
def test_a_checkpoint_of_any_trainer_is_loaded(kind, tmp_path):
    made, file = random_model("dustjacket-small", 1), tmp_path / "weights.pt"
    state = made.model.state_dict()
    saved_as = {
        "of data parallelism": {
            "epoch": 3,
            "state_dict": {f"module.{name}": tensor for name, tensor in state.items()},
            "optimizer": {"state": {0: {"exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1.0}]},
        },
        "half": {name: tensor.half() for name, tensor in state.items()},
        "without a text tower": {name.removeprefix("text."): one for name, one in state.items()},
    }[kind]
    torch.save(saved_as, file)
    found = open_model("dustjacket-small", str(file), 13, store=STORE)
    exact = kind != "half"
    for name, tensor in state.items():
        torch.testing.assert_close(
            found.model.state_dict()[name], tensor, rtol=0, atol=0 if exact else 1e-2
        )


def test_numbers_of_numpy_in_a_checkpoint_run_no_code(tmp_path):
    made, file = random_model("dustjacket-small", 1), tmp_path / "scalars.pt"
    torch.save({"epoch": np.float64(3), "state_dict": made.model.state_dict()}, file)
    with pytest.raises(BadInputError, match=r"scalars\.pt.*safetensors") as caught:
        open_model("dustjacket-small", str(file), 13, store=STORE)
    assert "\n" not in str(caught.value)


class Hostile:
    def __reduce__(self):
        return (print, ("unpickled",))


def test_a_checkpoint_that_would_run_code_is_refused(tmp_path, capsys):
    (tmp_path / "evil.pt").write_bytes(pickle.dumps({"state_dict": Hostile()}))
    torch.save({"state_dict": Hostile()}, tmp_path / "worse.pt")
    for name in ("evil.pt", "worse.pt"):
        with pytest.raises(BadInputError, match=rf"{name}.*safetensors"):
            open_model("dustjacket-small", str(tmp_path / name), 13, store=STORE)
    assert "unpickled" not in capsys.readouterr().out


def test_weights_of_another_model_are_refused(tmp_path):
    file = tmp_path / "other.safetensors"
    save_file({"a": torch.zeros(1)}, file)
    with pytest.raises(BadInputError, match=r"other\.safetensors.*not a checkpoint of"):
        open_model("dustjacket-small", str(file), 13, store=STORE)


def test_a_file_that_is_no_checkpoint_is_refused_with_the_cause(tmp_path):
    text, named = tmp_path / "text.pt", tmp_path / "hfnames.bin"
    text.write_text("hello")
    torch.save({"vision_model.weight": torch.zeros(1)}, named)
    with pytest.raises(BadInputError, match=r"text\.pt.*neither a safetensors file nor one of Py"):
        open_model("dustjacket-small", str(text), 13, store=STORE)
    with pytest.raises(
        BadInputError, match=r"hfnames\.bin.*Missing key\(s\).*logit_scale"
    ) as error:
        open_model("dustjacket-small", str(named), 13, store=STORE)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_weights_that_are_not_finite_are_refused(value, tmp_path):
    made = random_model("dustjacket-small", 1)
    made.model.text.token_embedding.weight.data[5, 3] = value
    torch.save(made.model.state_dict(), tmp_path / "diverged.pt")
    save(made, tmp_path / "folder")
    for model, weights, named in (
        ("dustjacket-small", str(tmp_path / "diverged.pt"), "diverged.pt"),
        (str(tmp_path / "folder"), "", "folder"),
    ):
        with pytest.raises(BadInputError, match=rf"{named}.*not finite, in text.token_embedding"):
            open_model(model, weights, 13, store=STORE)


@pytest.mark.parametrize("sides", [[64, 48], (48, 64)])
def test_a_model_whose_input_is_no_square_is_refused_before_it_is_published(sides, tmp_path):
    save(random_model("dustjacket-small", 5), tmp_path)
    config = tmp_path / "open_clip_config.json"
    described = json.loads(config.read_text())
    described["model_cfg"]["vision_cfg"]["image_size"] = list(sides)
    config.write_text(json.dumps(described))
    clip = random_model("dustjacket-small", 5)
    clip.model.visual.image_size = sides
    with pytest.raises(BadInputError, match=rf"its input is {sides[0]} x {sides[1]}: only squares"):
        Clip(clip.model, clip.tokenizer, clip.config)
    published = []
    store = SimpleNamespace(
        settings=None, with_digest=lambda *_: None, draft=lambda *named: published.append(named)
    )
    parameters = ClipParameters(model=str(tmp_path))
    with pytest.raises(BadInputError, match=rf"its input is {sides[0]} x {sides[1]}: only squares"):
        ensure_starting(store, parameters, SimpleNamespace(version="v"))
    assert not published


def test_a_folder_that_open_clip_saved_is_a_model(tmp_path):
    made = random_model("dustjacket-small", 5)
    save(made, tmp_path)
    found = open_model(str(tmp_path), "", 13, store=STORE)
    assert torch.equal(found.model.logit_scale, made.model.logit_scale)
    (tmp_path / "open_clip_config.json").unlink()
    with pytest.raises(BadInputError, match=r"no open_clip_config\.json"):
        open_model(str(tmp_path), "", 13, store=STORE)


def test_a_folder_with_weights_of_pytorchs_own_is_a_model_unless_they_run_code(tmp_path, capsys):
    made = random_model("dustjacket-small", 5)
    save(made, tmp_path)
    (tmp_path / "open_clip_model.safetensors").unlink()
    with pytest.raises(BadInputError, match=r"no open_clip_model\.safetensors or open_clip_py"):
        open_model(str(tmp_path), "", 13, store=STORE)
    torch.save(made.model.state_dict(), tmp_path / "open_clip_pytorch_model.bin")
    found = open_model(str(tmp_path), "", 13, store=STORE)
    for name, tensor in made.model.state_dict().items():
        assert torch.equal(found.model.state_dict()[name], tensor)
    torch.save({"state_dict": Hostile()}, tmp_path / "open_clip_pytorch_model.bin")
    with pytest.raises(BadInputError, match="cannot be read"):
        open_model(str(tmp_path), "", 13, store=STORE)
    assert "unpickled" not in capsys.readouterr().out


def damage_config(folder):
    (folder / "open_clip_config.json").write_text("{")


def empty_it(folder):
    for file in folder.iterdir():
        file.unlink()


def cut_weights(folder):
    file = folder / "open_clip_model.safetensors"
    file.write_bytes(file.read_bytes()[:-1000])


def drop_keys(folder):
    save_file({"logit_scale": torch.zeros(())}, folder / "open_clip_model.safetensors")


@pytest.mark.parametrize("damage", [damage_config, empty_it, cut_weights, drop_keys])
def test_a_damaged_folder_is_refused_in_one_line(damage, tmp_path):
    save(random_model("dustjacket-small", 5), tmp_path)
    damage(tmp_path)
    with pytest.raises(BadInputError, match=str(tmp_path)) as caught:
        open_model(str(tmp_path), "", 13, store=STORE)
    assert "\n" not in str(caught.value)


def test_of_a_folder_with_weights_in_both_formats_safetensors_are_read(tmp_path):
    made = random_model("dustjacket-small", 5)
    save(made, tmp_path)
    torch.save({"state_dict": Hostile()}, tmp_path / "open_clip_pytorch_model.bin")
    found = open_model(str(tmp_path), "", 13, store=STORE)
    assert torch.equal(found.model.logit_scale, made.model.logit_scale)


def test_a_model_with_a_bias_of_sigmoid_losses_is_trained_saved_and_read(covers, tmp_path):
    save(random_model("dustjacket-small", 5), tmp_path / "plain")
    config = tmp_path / "plain/open_clip_config.json"
    described = json.loads(config.read_text())
    described["model_cfg"]["init_logit_bias"] = -10
    config.write_text(json.dumps(described))
    weights = tmp_path / "plain/open_clip_model.safetensors"
    save_file({**load_file(weights), "logit_bias": torch.tensor(-10.0)}, weights)
    clip = open_model(str(tmp_path / "plain"), "", 13, store=STORE)
    before = {name: tensor.clone() for name, tensor in clip.model.state_dict().items()}
    small = torch.nn.functional.interpolate(covers.float(), clip.image_size).to(torch.uint8)
    assert trained_once(clip, small, "full").steps == 1
    after = clip.model.state_dict()
    assert float(after["logit_bias"]) == -10, "the loss has no bias"
    assert not torch.equal(after["visual.head.proj.weight"], before["visual.head.proj.weight"])
    save(clip, tmp_path / "again")
    found = open_model(str(tmp_path / "again"), "", 13, store=STORE).model.state_dict()
    assert found.keys() == after.keys()
    assert all(torch.equal(found[name], tensor) for name, tensor in after.items())


@pytest.mark.release
@pytest.mark.parametrize(
    "name", ["RN50", "MobileCLIP-S1", "ViTamin-S", "convnext_base", "ViT-B-32-quickgelu"]
)
def test_models_of_every_family_are_built_and_embed(name):
    clip = open_model(name, "", 13, store=STORE)
    images = torch.zeros((1, 3, clip.image_size, clip.image_size), dtype=torch.uint8)
    for vectors in (embed_covers(clip, images), embed_texts(clip, ["Emma"])):
        np.testing.assert_allclose(np.linalg.norm(vectors, axis=1), 1, atol=1e-5)


def test_a_model_that_writes_captions_is_refused_by_its_name():
    with pytest.raises(BadInputError, match=r"'coca_ViT-B-32'.*CoCa"):
        open_model("coca_ViT-B-32", "", 1, store=STORE)


def test_vit_b_32_is_loaded_trained_and_saved(covers, tmp_path):
    made = random_model("ViT-B-32", 1)
    save_file(made.model.state_dict(), tmp_path / "weights.safetensors")
    clip = open_model("ViT-B-32", str(tmp_path / "weights.safetensors"), 13, store=STORE)
    assert trained_once(clip, covers, "full").steps == 1
    save(clip, tmp_path / "model")
    found = open_model(str(tmp_path / "model"), "", 13, store=STORE).model.state_dict()
    for name, tensor in clip.model.state_dict().items():
        assert torch.equal(found[name], tensor)
    patches = "visual.conv1.weight"
    assert not torch.equal(found[patches], made.model.state_dict()[patches])


def test_patches_projected_as_one_product_are_those_of_the_convolution():
    clip, images = random_model("ViT-B-32", 1), torch.randn(2, 3, 224, 224)
    projection = clip.model.visual.conv1
    assert type(projection) is not torch.nn.Conv2d
    torch.testing.assert_close(
        projection(images), torch.nn.Conv2d.forward(projection, images), rtol=1e-4, atol=1e-4
    )


def test_folding_batch_normalisations_changes_nothing():
    bodies = [saved(drawn(seed, (200, 300))) for seed in range(10)]
    images = torch.stack([square(body, 224) for body in bodies])
    clip = build_conse(images, [])
    exact = embed_covers(clip, images)
    optimized = embed_covers(optimize_for_inference(clip), images)
    assert not [layer for layer in clip.model.modules() if isinstance(layer, torch.nn.BatchNorm2d)]
    np.testing.assert_allclose(optimized, exact, atol=1e-5)
