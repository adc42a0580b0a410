"""The room feedback is optional: the rest of the package works without it."""

import os
import shutil
import sys
from subprocess import run

import pytest

from tests.conftest import ROOT

pytestmark = pytest.mark.integration
PACKAGE = ROOT / "src/dustjacket"


def test_the_room_feedback_can_be_deleted(tmp_path):
    shutil.copytree(
        PACKAGE, tmp_path / "dustjacket", ignore=shutil.ignore_patterns("feedback", "__pycache__")
    )
    check = (
        "import dustjacket.evaluation.evaluate, dustjacket.studio.app;"
        "from dustjacket.settings import Settings;"
        "print(dustjacket.__file__);"
        "dustjacket.studio.app.create_app(Settings(_env_file=None, home='.'), None)"
    )
    done = run(
        [sys.executable, "-c", check], cwd=tmp_path, env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == str(tmp_path / "dustjacket/__init__.py")
