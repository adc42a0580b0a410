"""The help of the command line, and what a shell may complete."""

import os
import subprocess
import sys

import pytest
from pydantic_settings import CliSettingsSource

from dustjacket.cli.app import Dustjacket
from dustjacket.cli.help_text import HelpText


@pytest.fixture(scope="module")
def parsers():
    """Return the parser of each command, by its name."""
    root = CliSettingsSource(Dustjacket, formatter_class=HelpText).root_parser
    return next(action.choices for action in root._actions if action.choices)


def test_the_usage_of_many_flags_is_one_line(parsers):
    usage, _, flags = parsers["run"].format_help().partition("\n\n")
    assert usage == "usage: dustjacket run [--FLAG VALUE ...]"
    assert "--finetune-clip.epochs INTEGER" in flags


def test_the_usage_of_few_flags_names_them(parsers):
    assert "[--author TEXT]" in parsers["genre"].format_usage()


@pytest.mark.parametrize("command", ["run", "genre", "covers", "rollback", "ingest"])
def test_no_type_of_python_and_no_empty_default_is_shown(parsers, command):
    shown = parsers[command].format_help()
    for word in ("tuple[", "[JSON]", "(default: )", "default: null", "default: ()", " str\n"):
        assert word not in shown


def test_a_real_default_is_shown(parsers):
    assert "(default: 10)" in parsers["run"].format_help()


@pytest.mark.parametrize(
    ("line", "completed"),
    [
        ("dustjacket stat", "status"),
        ("dustjacket run --finetune-clip.rec", "--finetune-clip.recipe"),
    ],
)
def test_a_shell_completes_commands_and_flags(tmp_path, line, completed):
    answer = tmp_path / "answer"
    variables = {
        "_ARGCOMPLETE": "1", "COMP_LINE": line, "COMP_POINT": str(len(line)),
        "_ARGCOMPLETE_STDOUT_FILENAME": str(answer),
    }  # fmt: skip
    code = "import sys; sys.argv = ['dustjacket']; from dustjacket.cli.app import main; main()"
    subprocess.run([sys.executable, "-c", code], env={**os.environ, **variables}, check=True)
    assert answer.read_text().strip() == completed
