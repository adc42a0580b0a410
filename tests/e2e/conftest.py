"""A tiny library, taken through the whole chain once, as a user does it, with real servers."""

import json
import os
import re
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest

from dustjacket.sample import make_sample
from dustjacket.settings import PLATFORM_ENV, Settings
from tests.conftest import assert_nothing_is_left, fresh_home, without_settings
from tests.support.browser import open_chromium

DUSTJACKET = Path(sys.executable).parent / "dustjacket"
ROWS, COVERS = 400, 60


def environment(home, **variables):
    """Return the environment of a user's shell: none of what other tests' platforms set in it."""
    return {**without_settings(), "DUSTJACKET_HOME": str(home), **variables}


def dustjacket(*words, home, cwd=None, check=True, **variables):
    done = subprocess.run(
        [DUSTJACKET, *map(str, words)],
        env=environment(home, **variables),
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert not check or done.returncode == 0, done.stdout + done.stderr
    return done


@contextmanager
def user_home(name):
    """Keep an empty state folder for a block, whose platform, if one was started, is then ended."""
    folder = fresh_home(name)
    yield folder
    dustjacket("down", home=folder)
    assert_nothing_is_left(folder)


@pytest.fixture(scope="package")
def home():
    with user_home("e2e") as folder:
        (folder / "ports.json").unlink()  # a user's first start chooses them
        yield folder


@pytest.fixture(scope="package")
def library(tmp_path_factory):
    return make_sample(tmp_path_factory.mktemp("library"), ROWS, COVERS, seed=7)


def run_chain(library, home, folder):
    words = ["run", "--catalog", library.listing, "--covers", library.covers]
    words += ["--finetune-clip.epochs", 2, "--finetune-clip.batch-size", 16]
    words += ["--select-classifier.folds", 2]
    words += ["--train-generator.budget-minutes", 0.2, "--train-generator.width", 32]
    words += ["--train-generator.sampling-steps", 3]
    words += ["--evaluate-generator.titles", 4, "--evaluate-generator.seeds", 1]
    began = time.monotonic()
    done = dustjacket(*words, home=home, cwd=folder)
    report = json.loads((folder / "report.json").read_text())
    return report, done.stdout, time.monotonic() - began


@pytest.fixture(scope="package")
def first_run(library, home, tmp_path_factory):
    return run_chain(library, home, tmp_path_factory.mktemp("first"))


@pytest.fixture(scope="package")
def platform(first_run, home):
    """Settings of the platform on which the chain has run."""
    return Settings(_env_file=home / PLATFORM_ENV)


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
