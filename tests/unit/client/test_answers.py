"""Answers come from the Studio where one runs, and are the same as those of loaded models."""

import pytest

from dustjacket.client.answers import Answers
from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from tests.support.running_studio import studio_in_memory
from tests.support.studio_case import GENRES, HEADERS, RICE, make_app, running


def no_store():
    raise AssertionError("the models are loaded, though a Studio runs")


@pytest.fixture(scope="module")
def answers(tmp_path_factory):
    with running(make_app(tmp_path_factory.mktemp("home")), HEADERS) as client:
        yield Answers(studio_in_memory(client), no_store)


def test_a_genre(answers):
    answer = answers.genre(RICE["title"])
    assert (answer.title, answer.author, answer.classifier) == ("Rice, rice", None, "classifier-1")
    assert [row.genre for row in answer.genres] == GENRES
    assert sum(row.probability for row in answer.genres) == pytest.approx(1, abs=1e-3)


def test_why_a_genre(answers):
    reasons = answers.why("Rice in Paris, rice")
    assert (reasons.genre, reasons.exact, reasons.nearest) == ("Cooking", True, [])
    assert [row.word for row in reasons.words] == ["rice", "paris"]


def test_covers_and_the_picture_of_one(answers):
    answer = answers.covers("Rice", genre="Cooking", top=3)
    assert len(answer.covers) == 3
    assert {cover.genre for cover in answer.covers} == {"Cooking"}
    assert answer.index == "index-1"
    assert answers.image(answer.covers[0].key).startswith(b"\xff\xd8")


def test_a_published_cover_and_a_file_fit_prompts_alike(answers, tmp_path):
    key = answers.covers("Rice").covers[0].key
    file = tmp_path / "cover.jpg"
    file.write_bytes(answers.image(key))
    of_key, of_file = (answers.match(cover, ["a", "b"]) for cover in (key, str(file)))
    assert of_key.prompts == of_file.prompts
    assert [row.prompt for row in of_key.prompts] == ["a", "b"]
    assert of_key.model == "cover_clip/model-1"


@pytest.mark.parametrize("title", ["", " ", "\u2003\n", "x" * 501])
def test_a_title_that_is_none_is_refused_before_anything_is_sent(title):
    answers = Answers(RunningStudio(Settings(_env_file=None)), no_store)
    with pytest.raises(BadInputError, match="between 1 and 500"):
        answers.genre(title)
    with pytest.raises(BadInputError, match="between 1 and 500"):
        answers.covers(title)
