"""A cover matched with prompts, and files that are not a cover."""

import io
import json
import math
import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from botocore.exceptions import ClientError
from pydantic_settings import CliApp

from dustjacket.cli.app import Dustjacket
from dustjacket.clip.match import class_probabilities, match, match_figure, match_prompts
from dustjacket.clip.match_input import check_prompts, read_cover
from dustjacket.clip.model import random_model
from dustjacket.clip.read import newest_model
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from tests.support.images import drawn, png, saved

PROMPTS = ["a tiger", "a $5 cook book", "Kochbücher für Anfänger"]


class Objects:
    """A store of one object, and of no versions."""

    settings = Settings(_env_file=None)

    def __init__(self, body=b""):
        self.body = body
        self.client = self

    def newest(self, _kind):
        return None

    def get_object(self, **request):
        if request["Bucket"] != "here":
            reply = {"Error": {"Code": "NoSuchKey"}, "ResponseMetadata": {"HTTPStatusCode": 404}}
            raise ClientError(reply, "GetObject")
        last = int(request["Range"].rpartition("-")[2])
        return {"Body": io.BytesIO(self.body[: last + 1])}


@pytest.fixture(scope="module")
def matched():
    return match(random_model("dustjacket-small", 13), "a.jpg", saved(drawn(1)), PROMPTS)


def test_probabilities_are_a_softmax_of_the_cosines(matched):
    scale = float(random_model("dustjacket-small", 13).model.logit_scale.exp())
    weights = [math.exp(scale * row.cosine) for row in matched.prompts]
    for row, weight in zip(matched.prompts, weights, strict=True):
        assert row.probability == pytest.approx(weight / sum(weights), rel=1e-3)
        assert -1 <= row.cosine <= 1
    assert [row["prompt"] for row in matched.facts()["prompts"]] == PROMPTS


def test_without_prompts_or_classes_there_are_no_probabilities():
    clip = random_model("dustjacket-small", 13)
    assert match_prompts(clip, np.zeros(8), []) == ()
    assert class_probabilities(clip, np.empty(0)).tolist() == []


def test_input_of_a_match_is_checked_without_pytorch():
    command = "import sys, dustjacket.clip.match_input; print('torch' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", command], capture_output=True, check=True)
    assert done.stdout.strip() == b"False"


def test_the_figure_shows_the_cover_and_one_bar_per_prompt(matched):
    body = io.BytesIO()
    figure = match_figure(matched)
    figure.savefig(body, format="png")
    assert body.getvalue().startswith(b"\x89PNG")
    bars = figure.axes[1]
    assert len(bars.patches) == len(PROMPTS)
    assert bars.get_xlim() == (0, 1)
    edge = figure.bbox.width
    assert all(text.get_window_extent().x1 <= edge for text in bars.texts), "no label is cut off"


def test_a_cover_is_read_from_a_file_and_from_s3(tmp_path):
    file = tmp_path / "cover.png"
    file.write_bytes(saved(drawn(2), "PNG"))
    stored = read_cover(Objects(), str(file))
    assert stored == read_cover(Objects(file.read_bytes()), "s3://here/cover.png")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"", "the file is empty"),
        (b"no image", "no picture that can be read"),
        (png(60_000, 60_000), "too many pixels: at most 12 megapixels"),
        (b"x" * 20_000_001, "more than 20 MB"),
    ],
)
def test_an_invalid_cover_is_refused_with_the_reason_in_one_line(tmp_path, body, reason):
    file = tmp_path / "cover.jpg"
    file.write_bytes(body)
    for source in (str(file), "s3://here/cover.jpg"):
        with pytest.raises(BadInputError, match=reason) as refused:
            read_cover(Objects(body), source)
        assert source in str(refused.value)


@pytest.mark.parametrize("source", ["nowhere.jpg", "s3://elsewhere/a.jpg"])
def test_the_error_names_a_missing_cover(source):
    with pytest.raises(BadInputError, match=source):
        read_cover(Objects(), source)


@pytest.mark.parametrize("prompts", [[], [" "], ["x" * 1001], ["x"] * 101])
def test_prompts_of_the_wrong_number_or_length_are_refused(prompts):
    with pytest.raises(BadInputError, match="give between 1 and"):
        check_prompts(prompts)


def test_prompts_are_stripped():
    assert check_prompts([" a tiger\n"]) == ["a tiger"]


def test_the_promoted_model_goes_before_starting_weights_and_without_both_the_error_has_the_cure():
    both = {"cover_clip": "promoted", "starting_clip": "starting"}
    assert newest_model(SimpleNamespace(newest=both.get)) == "promoted"
    assert newest_model(SimpleNamespace(newest={"starting_clip": "it"}.get)) == "it"
    with pytest.raises(NotReadyError, match="dustjacket run"):
        newest_model(Objects())


def test_the_command_matches_a_file_and_draws_it(tmp_path, monkeypatch, capsys):
    store = Objects()
    store.newest = {"cover_clip": SimpleNamespace(kind="cover_clip", version="one")}.get
    monkeypatch.setattr("dustjacket.cli.context.open_store", lambda: store)
    clip = random_model("dustjacket-small", 13)
    monkeypatch.setattr("dustjacket.clip.read.load_version", lambda _store, _model, _cache: clip)
    file, figure = tmp_path / "cover.jpg", tmp_path / "match.png"
    file.write_bytes(saved(drawn(1)))
    words = ["match", str(file), *PROMPTS, "--json", "--figure", str(figure)]
    CliApp.run(Dustjacket, cli_args=words)
    output = json.loads(capsys.readouterr().out)
    assert output["model"] == "cover_clip/one"
    assert [row["prompt"] for row in output["prompts"]] == PROMPTS
    assert sum(row["probability"] for row in output["prompts"]) == pytest.approx(1)
    assert figure.read_bytes().startswith(b"\x89PNG")
    with pytest.raises(BadInputError, match="cannot be written"):
        CliApp.run(Dustjacket, cli_args=[*words[:-1], str(tmp_path / "nowhere" / "a.png")])
    for prompts, shown in ((["a fish"], "give two or more"), (PROMPTS, "%")):
        CliApp.run(Dustjacket, cli_args=["match", str(file), *prompts])
        printed = capsys.readouterr().out
        assert shown in printed
        assert ("%" in printed) == (len(prompts) > 1), "a share of one prompt says nothing"
