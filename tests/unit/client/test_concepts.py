"""Concepts of covers, by the Studio and in this process."""

import pytest

from dustjacket.client import concepts
from dustjacket.client.concepts import make_covers
from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.settings import Settings
from dustjacket.studio.concept_jobs import ConceptJobs
from tests.support.generators import WorkerInThread, drawing_tools
from tests.support.running_studio import studio_in_memory
from tests.support.studio_case import make_app, running

BOOK = {"title": "Rice", "n": 2, "genre": "Cooking"}


@pytest.fixture(scope="module")
def studio(tmp_path_factory):
    app = make_app(tmp_path_factory.mktemp("home"))
    app.state.studio.concepts = ConceptJobs(WorkerInThread(drawing_tools))
    with running(app) as client:
        yield studio_in_memory(client)


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(concepts, "_POLL_S", 0.02)


@pytest.mark.usefixtures("quick")
def test_the_studio_makes_concepts_that_can_be_shown_and_saved(studio, tmp_path):
    made = make_covers(studio, BOOK)
    assert len(made) == 2
    assert {one.seed for one in made} == {0, 1}
    assert made[0].fit >= made[1].fit
    assert made[0]._repr_jpeg_().startswith(b"\xff\xd8")
    assert made[0].save(tmp_path / "rice.png").read_bytes().startswith(b"\x89PNG")
    with pytest.raises(BadInputError, match=r"end in one of \.png, \.jpeg"):
        made[0].save(tmp_path / "rice.gif")


def test_a_wrong_field_is_refused(studio):
    with pytest.raises(BadInputError, match="colour"):
        make_covers(studio, {**BOOK, "colour": "red"})


@pytest.mark.usefixtures("quick")
def test_a_job_that_failed_says_why(monkeypatch):
    studio = RunningStudio(Settings(_env_file=None))
    job = {"state": "failed", "job": "1", "problem": "no memory", "concepts": []}
    monkeypatch.setattr(studio, "post", lambda *_, **__: job)
    with pytest.raises(NotReadyError, match="no memory"):
        make_covers(studio, BOOK)


def test_without_a_studio_this_process_makes_them(monkeypatch):
    tools = drawing_tools()
    monkeypatch.setattr("dustjacket.generation.published_tools.open_tools", lambda _: tools)
    made = make_covers(RunningStudio(Settings(_env_file=None)), BOOK)
    assert len(made) == 2
    with pytest.raises(BadInputError, match="n: "):
        make_covers(RunningStudio(Settings(_env_file=None)), {**BOOK, "n": 99})
