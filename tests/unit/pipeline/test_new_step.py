"""A new step is one file in a room of its own: it is planned, run, published and reported."""

import json
import os
import shutil
import subprocess
import sys

from tests.conftest import ROOT

STEP = '''
"""The step ``count_books``."""

from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.storage.manifest import Facts


class CountParameters(StepParameters):
    """Parameters of ``count_books``."""

    at_least: int = 1


class CountFacts(Facts):
    """Facts of a count."""

    books: int


def count_books(job, spark):
    """Count the books of a catalogue."""
    books = job.input(Kind.CATALOG).rows["accepted"]
    assert books >= job.parameters.at_least
    job.draft.put("count.txt", str(books).encode())
    job.publish(CountFacts(books=books), rows={"counted": books})


STEPS = [
    Step(
        name="count_books",
        publishes="book_count",
        function="dustjacket.counting.step:count_books",
        parameters=CountParameters,
        facts=CountFacts,
        reads=(Kind.CATALOG,),
        section="count",
    )
]
'''
RUN = """
import json
from dustjacket.cli.report import build_report
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.plan import work_of
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import TeamDefaults
from tests.support.bucket import store_in_memory

step, store = STEPS["count_books"], store_in_memory()
defaults = TeamDefaults.from_json('{"count_books": {"at_least": 2}}')
answers = [work_of(step, store, defaults).reason]
store.draft("catalog", "v1").publish(rows={"accepted": 3})
work = work_of(step, store, defaults)
answers.append(work.status)
step.load_function()(Job.of(work.plan, store), None)
work = work_of(step, store, defaults)
answers.append(work.status)
answers.append(build_report({"count_books": work.version}, {}, store.settings)["count"]["books"])
print(json.dumps(answers))
"""


def test_a_step_in_one_file_is_planned_run_published_and_reported(tmp_path):
    shutil.copytree(ROOT / "src", tmp_path, dirs_exist_ok=True)
    room = tmp_path / "dustjacket" / "counting"
    room.mkdir()
    (room / "__init__.py").write_text('"""Counts."""\n')
    (room / "step.py").write_text(STEP)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        env=os.environ | {"PYTHONPATH": f"{tmp_path}{os.pathsep}{ROOT}"},
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [
        "count_books waits: no version of catalog is published yet", "to_do", "published", 3,
    ]  # fmt: skip
