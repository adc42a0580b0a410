"""A step's code digest follows its imports: every module that it uses, and no other."""

import json
import os
import re
import shutil
import subprocess
import sys

import pytest

from dustjacket.pipeline.code_digest import is_infrastructure, module_digests
from dustjacket.pipeline.steps import STEPS
from tests.conftest import ROOT

PRINT = """
import json
from dustjacket.pipeline.code_digest import code_digest
from dustjacket.pipeline.steps import STEPS
print(json.dumps({name: code_digest(step.function) for name, step in STEPS.items()}))
"""


@pytest.fixture(scope="module")
def package(tmp_path_factory):
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "src", folder, dirs_exist_ok=True)
    return folder


def digests(package):
    done = subprocess.run(
        [sys.executable, "-c", PRINT], env=os.environ | {"PYTHONPATH": str(package)},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def before(package):
    return digests(package)


@pytest.fixture
def change(package):
    """Change a module's text in the copy; it is put back when the test ends."""
    kept = {}

    def change(module, old, new):
        file = package / "dustjacket" / module
        kept.setdefault(file, file.read_text())
        text = re.sub(old, new, file.read_text(), count=1)
        assert text != file.read_text()
        file.write_text(text)

    yield change
    for file, text in kept.items():
        file.write_text(text)


def changed(before, after):
    return {name for name in before if before[name] != after[name]}


def test_a_change_in_a_module_is_new_work_for_each_step_that_uses_it_alone(package, before, change):
    change("splits.py", r"\Z", "\nMORE = 1\n")
    assert changed(before, digests(package)) == {
        "ingest_catalog", "ingest_covers", "select_classifier", "label_catalog", "label_covers",
        "finetune_clip", "evaluate_clip", "index_covers", "train_generator", "evaluate_generator",
    }  # fmt: skip
    change("splits.py", "\nMORE = 1\n", "\n")
    change("clip/train.py", r"\Z", "\nMORE = 1\n")
    assert changed(before, digests(package)) == {"finetune_clip", "train_generator"}
    change("genres/select.py", r"\Z", "\nMORE = 1\n")
    assert changed(before, digests(package)) == {
        "finetune_clip", "train_generator", "select_classifier",
    }  # fmt: skip


def test_reading_labels_does_not_make_a_step_depend_on_what_made_them(package, before, change):
    change("genres/scorer.py", r"\Z", "\nMORE = 1\n")
    users = {
        "select_classifier",
        "label_catalog",
        "label_covers",
        "evaluate_clip",
        "evaluate_generator",
    }
    assert changed(before, digests(package)) == users


def test_a_change_of_prose_is_no_new_work(package, before, change):
    for module in ("splits.py", "clip/train.py", "catalog/ingest.py", "pipeline/job.py"):
        change(module, r'\A"""', '"""Another beginning. ')
        change(module, r"\Z", "\n# A comment.\n\n\n")
    change("clip/step.py", r'description="[^"]+"', 'description="Another text"')
    assert changed(before, digests(package)) == set()


def test_a_change_in_infrastructure_is_no_new_work(package, before, change):
    for module in ("storage/store.py", "pipeline/job.py", "tracking/runs.py", "settings.py"):
        change(module, r"\Z", "\nMORE = 1\n")
    assert changed(before, digests(package)) == set()


def test_the_web_client_is_part_of_fetching_covers_alone(package, before, change):
    change("web/failures.py", r"\Z", "\nMORE = 1\n")
    assert changed(before, digests(package)) == {"ingest_covers"}


def test_what_an_editor_leaves_beside_the_code_is_no_new_work(package, before):
    left = [package / "dustjacket/clip" / name for name in (".train.py.swp", "train.py~", "x.rej")]
    for file in left:
        file.write_text("left")
    assert changed(before, digests(package)) == set()
    for file in left:
        file.unlink()


def test_a_data_file_of_a_room_is_part_of_the_steps_that_use_the_room(package, before, change):
    change("evaluation/page.html.j2", r"\Z", "<p>more</p>")
    assert changed(before, digests(package)) == {"evaluate_clip", "evaluate_generator"}


def test_no_step_depends_on_the_entrances_or_on_infrastructure():
    for step in STEPS.values():
        modules = module_digests(step.function)
        assert step.function.partition(":")[0] in modules
        assert not any(map(is_infrastructure, modules))
        rooms = {name.split(".")[1] for name in modules if name.count(".")}
        assert rooms.isdisjoint({"cli", "studio", "orchestration", "platform"})
