"""The command line as a whole: its home, its exit status, and the trace of a failure."""

import errno
import subprocess
import sys

import httpx
import pytest
from botocore.exceptions import EndpointConnectionError

from dustjacket.cli import app
from dustjacket.settings import home
from tests.support.bucket import refused

ANSWER = {
    "genres": [{"genre": "Crime", "probability": 1.0}],
    "subjects": [],
    "sure": True,
    "doubt": None,
    "statement": "Sure.",
    "max_error": None,
    "by": [{"kind": "genre_classifier", "version": "v1"}],
}
ASK_THE_STUDIO = f"""
import sys
from dustjacket.cli import app
from dustjacket.client.studio import RunningStudio
RunningStudio.post = lambda *_, **__: {ANSWER}
sys.argv = ["dustjacket", "genre", "A Murder"]
app.main()
print("imported", {{"numpy", "PIL", "yaml", "typst", "fontTools", "torch"}} & set(sys.modules))
"""


@pytest.fixture
def run(monkeypatch, capsys, tmp_path):
    """Run a command; return its exit status, and what it printed to both streams."""
    monkeypatch.delenv("DUSTJACKET_HOME", raising=False)
    monkeypatch.delenv(app.DEBUG, raising=False)
    monkeypatch.setattr(app, "prepare_process", lambda: None)
    monkeypatch.chdir(tmp_path)

    def run(*arguments):
        monkeypatch.setattr(sys, "argv", ["dustjacket", *arguments])
        try:
            app.main()
        except SystemExit as end:
            return end.code, *capsys.readouterr()
        return 0, *capsys.readouterr()

    with pytest.MonkeyPatch.context() as patch:  # the commands set variables
        patch.setenv("DUSTJACKET_HOME", "")
        patch.setenv(app.DEBUG, "")
        yield run


@pytest.fixture
def failing(monkeypatch):
    def fail(error):
        def raise_it(_):
            raise error

        monkeypatch.setattr(app.Down, "cli_cmd", raise_it)

    return fail


def test_the_version_is_printed(run):
    assert run("--version")[:2] == (0, "dustjacket 0.1.0\n")


def test_a_home_can_be_named(run, monkeypatch, tmp_path):
    homes = []
    monkeypatch.setattr(app.Down, "cli_cmd", lambda _: homes.append(home()))
    run("--home", "elsewhere", "down")
    assert homes == [tmp_path / "elsewhere"]


def test_wrong_arguments_have_a_status_of_their_own(run):
    assert run("down", "--nothing")[0] == 2
    status, _, errors = run("covers", "x", "--top", "0")
    assert status == 2
    assert errors.startswith("dustjacket: covers.top: Input should be greater")


def test_a_question_without_a_platform_names_the_folder_and_the_cure(run, tmp_path):
    status, _, errors = run("genre", "x")
    assert status == 1
    assert errors.count("\n") == 1
    assert f"{tmp_path}/.dustjacket: run `dustjacket up`" in errors


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (OSError(errno.ENOSPC, "no space", "/x"), "/x: no space; free space on that disk"),
        (PermissionError(errno.EACCES, "denied", "/x"), "/x: denied; check that file"),
    ],
)
def test_a_failure_is_one_line(run, failing, error, words):
    failing(error)
    status, output, errors = run("down")
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert words in errors


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), "http://127.0.0.1:9"),
        (refused(404, "NoSuchBucket"), "NoSuchBucket"),
        (refused(403, "SignatureDoesNotMatch"), "SignatureDoesNotMatch"),
        (
            httpx.ReadTimeout("timed out", request=httpx.Request("GET", "http://a/api/v2/dags")),
            "Airflow failed to answer GET /api/v2/dags: timed out; see",
        ),
    ],
)
def test_servers_that_fail_are_one_line_with_what_starts_them(run, failing, error, words):
    failing(error)
    status, output, errors = run("down")
    assert (status, output, errors.count("\n")) == (1, "", 1)
    assert words in errors
    assert "`dustjacket up` starts servers that are down" in errors


def test_a_failure_shows_its_trace_where_it_is_wanted(run, failing):
    failing(PermissionError(errno.EACCES, "denied", "/x"))
    with pytest.raises(PermissionError):
        run("--debug", "down")


def test_a_defect_of_the_program_is_not_hidden(run, failing):
    failing(ZeroDivisionError())
    with pytest.raises(ZeroDivisionError):
        run("down")


def test_an_interruption_has_the_status_of_its_signal(run, failing):
    failing(KeyboardInterrupt())
    assert run("down")[0] == 130


def test_a_genre_of_the_running_studio_needs_no_heavy_import():
    command = [sys.executable, "-c", ASK_THE_STUDIO]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "Crime" in done.stdout
    assert done.stdout.splitlines()[-1] == "imported set()"
