"""The MCP server, as the SDK's own client uses it."""

import asyncio
import base64
import json
import os
import sys

import pytest
from mcp import Client, StdioServerParameters

from dustjacket.client.answers import Answers
from dustjacket.client.mcp_server import mcp_server
from dustjacket.client.studio import RunningStudio
from dustjacket.settings import Settings
from dustjacket.studio.concept_jobs import ConceptJobs
from tests.support.bucket import store_in_memory
from tests.support.generators import WorkerInThread, drawing_tools
from tests.support.running_studio import studio_in_memory
from tests.support.studio_case import GENRES, make_app, running

TOOLS = {"genre_of", "find_covers", "match_cover", "create_cover", "run_status"}


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    app = make_app(tmp_path_factory.mktemp("home"))
    app.state.studio.concepts = ConceptJobs(WorkerInThread(drawing_tools))
    app.state.studio.models.store.client = store_in_memory().client
    with running(app) as client:
        studio = studio_in_memory(client)
        yield mcp_server(Answers(studio, store_in_memory), studio)


def asked(server, *calls):
    """Return the results of calls, each a tool and its arguments."""

    async def ask():
        async with Client(server) as client:
            assert {tool.name for tool in (await client.list_tools()).tools} == TOOLS
            return [await client.call_tool(name, arguments) for name, arguments in calls]

    return asyncio.run(ask())


def test_a_title_has_genres_and_covers(server):
    genres, covers = asked(
        server, ("genre_of", {"title": "Rice"}), ("find_covers", {"title": "Rice", "top": 2})
    )
    assert [row["genre"] for row in genres.structured_content["genres"]] == GENRES
    assert "sure" in genres.structured_content
    found = covers.structured_content["covers"]
    assert len(found) == 2
    (matched,) = asked(
        server, ("match_cover", {"cover": found[0]["key"], "prompts": ["a sword", "a bowl"]})
    )
    assert [row["prompt"] for row in matched.structured_content["prompts"]] == ["a sword", "a bowl"]


def test_a_concept_is_a_picture_with_its_facts(server):
    (result,) = asked(server, ("create_cover", {"title": "Rice", "genre": "Cooking", "n": 1}))
    facts, picture = result.content
    assert json.loads(facts.text)[0]["copy_of"] is None
    assert picture.mime_type == "image/jpeg"
    assert base64.b64decode(picture.data).startswith(b"\xff\xd8")


def test_where_each_step_stands(server):
    (result,) = asked(server, ("run_status", {}))
    assert {row["step"] for row in json.loads(result.content[0].text)} >= {"ingest_catalog"}


@pytest.mark.parametrize(
    ("tool", "arguments", "words"),
    [
        ("genre_of", {"title": ""}, "title"),
        ("genre_of", {"title": " "}, "between 1 and 500"),
        ("find_covers", {"title": "x", "genre": "Nonsense"}, "no cover has the genre 'Nonsense'"),
        ("find_covers", {"title": "x", "top": 1000}, "top"),
        ("match_cover", {"cover": "nothing", "prompts": ["a"]}, "neither a file nor the key"),
        ("create_cover", {"title": "x", "n": 50}, "n"),
    ],
)
def test_wrong_input_is_an_error_of_the_tool_with_the_reason(server, tool, arguments, words):
    (result,) = asked(server, (tool, arguments))
    assert result.is_error
    assert words in result.content[0].text


def test_without_a_studio_the_status_names_the_cure():
    studio = RunningStudio(Settings(_env_file=None))
    (result,) = asked(mcp_server(Answers(studio, store_in_memory), studio), ("run_status", {}))
    assert result.is_error
    assert "dustjacket status" in result.content[0].text


def test_the_command_speaks_over_standard_input_and_output(tmp_path):
    command = StdioServerParameters(
        command=sys.executable,
        args=["-m", "dustjacket.cli.app", "--home", str(tmp_path), "mcp"],
        env=dict(os.environ),
    )
    (result,) = asked(command, ("genre_of", {"title": "Rice"}))
    assert result.is_error
    assert f"no platform was started in {tmp_path}" in result.content[0].text
