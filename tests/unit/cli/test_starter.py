"""A project of a team's own: what is written runs as it is."""

import json
import os
import subprocess
import sys

import pytest

from dustjacket.cli.starter import write_starter
from dustjacket.errors import BadInputError
from dustjacket.settings import Settings


@pytest.fixture
def project(tmp_path):
    write_starter(tmp_path / "ours")
    return tmp_path / "ours"


def test_the_test_that_is_written_passes(project, tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests"],
        cwd=project,
        env=os.environ | {"AIRFLOW_HOME": str(tmp_path / "airflow")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-2000:]
    assert "2 passed" in done.stdout


def test_the_settings_are_known_ones_and_a_shell_reads_them(project):
    file = project / ".env.example"
    names = {
        line.lstrip("#").partition("=")[0].removeprefix("DUSTJACKET_").lower()
        for line in file.read_text().splitlines()
        if line.lstrip("#").startswith("DUSTJACKET_")
    }
    assert len(names) >= 10
    assert names <= set(Settings.model_fields)
    script = f'set -a; . {file}; printf "%s" "$AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST"'
    done = subprocess.run(["/bin/sh", "-c", script], capture_output=True, text=True, check=True)
    ours, team = json.loads(done.stdout)
    assert ours["name"] == "dags-folder"
    assert team["kwargs"]["path"] == str(project / "dags")


def test_no_file_of_another_is_overwritten(project):
    kept = (project / ".env.example").read_text()
    with pytest.raises(BadInputError, match="has files already"):
        write_starter(project)
    (project / "dags" / "genre_counts.py").unlink()
    with pytest.raises(BadInputError, match="cannot be written"):
        write_starter(project / ".env.example")
    assert (project / ".env.example").read_text() == kept


def test_a_path_that_would_end_the_quotes_is_refused(tmp_path):
    with pytest.raises(BadInputError, match="without one"):
        write_starter(tmp_path / "o'clock")
