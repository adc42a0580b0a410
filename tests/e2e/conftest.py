"""A small library, taken through the whole chain once, as a user does it, with real servers.

The first command is killed in the middle, with every process of the platform; the same command
then goes on to the report.
"""

import json
import os
import re
import time
from pathlib import Path

import pytest

from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.sample import make_sample
from dustjacket.settings import PLATFORM_ENV, Settings
from dustjacket.storage.store import Store
from tests.support.browser import open_chromium
from tests.support.commands import dustjacket, kill_all, started, user_home, wait_for_line

ROWS, COVERS, EPOCHS = 400, 450, 30
# CLIP proves its gain: a locked image tower, trained for long. The generator draws little.
PARAMETERS = f"""
--select-classifier.folds 2
--finetune-clip.recipe locked --finetune-clip.epochs {EPOCHS} --finetune-clip.learning-rate 1e-3
--evaluate-clip.min-test-covers 30
--train-generator.budget-minutes 0.2 --train-generator.max-covers 60 --train-generator.width 32
--train-generator.sampling-steps 3
--evaluate-generator.titles 4 --evaluate-generator.seeds 1
""".split()


@pytest.fixture(scope="package")
def home():
    with user_home("e2e") as folder:
        (folder / "ports.json").unlink()  # a user's first start chooses them
        yield folder


@pytest.fixture(scope="package")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("library"), ROWS, COVERS, seed=7)


def words_of(library):
    return ["run", "--catalog", library.listing, "--covers", library.covers, *PARAMETERS]


def run_chain(library, home, folder):
    began = time.monotonic()
    done = dustjacket(*words_of(library), home=home, cwd=folder)
    report = json.loads((folder / "report.json").read_text())
    return report, done.stdout, time.monotonic() - began


@pytest.fixture(scope="package")
def first_run(library, home, tmp_path_factory):
    folder = tmp_path_factory.mktemp("first")
    process, output = started(home, folder, *words_of(library))
    try:
        wait_for_line(output, "select_classifier running: cross_validate", 600)
    finally:
        process.kill()
        process.wait()
    kill_all(PLATFORM_MARK, str(home))
    return run_chain(library, home, folder)


@pytest.fixture(scope="package")
def platform(first_run, home):
    """Settings of the platform on which the chain has run."""
    return Settings(_env_file=home / PLATFORM_ENV, home=home)


@pytest.fixture(scope="package")
def store(platform):
    return Store(platform)


@pytest.fixture(scope="package")
def chromium():
    with open_chromium() as browser:
        yield browser


def log_in(page, platform):
    page.goto(platform.airflow_url)
    page.get_by_label(re.compile("username", re.IGNORECASE)).fill(platform.airflow_user)
    page.get_by_label(re.compile("password", re.IGNORECASE)).fill(
        platform.airflow_password.get_secret_value()
    )
    page.get_by_role("button", name=re.compile("sign in|log in", re.IGNORECASE)).click()
    page.wait_for_url(lambda url: "/auth/" not in url)


@pytest.fixture(scope="package")
def session(chromium, platform):
    """What a browser keeps of a log-in."""
    context = chromium.new_context()
    page = context.new_page()
    log_in(page, platform)
    yield context.storage_state()
    context.close()


@pytest.fixture
def browse(chromium, session):
    """Open a page as who is logged in; its console must stay free of errors."""
    opened = []

    def open_page(address, **options):
        context = chromium.new_context(storage_state=session, **options)
        page, said = context.new_page(), []
        page.on("pageerror", lambda error: said.append(str(error)))
        opened.append((context, said))
        page.goto(address)
        return page

    yield open_page
    for context, said in opened:
        context.close()
        assert said == []


def shoot(page, name):
    if folder := os.environ.get("SCREENSHOTS"):
        page.screenshot(path=Path(folder) / f"{name}.png")


def studio(platform):
    return f"{platform.airflow_url}/dustjacket/"
