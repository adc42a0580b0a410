"""What surrounds the commands: proxies, locale, umask, accounts without a home, odd folders."""

import io
import json
import subprocess
from contextlib import contextmanager

import pytest
from PIL import Image

from dustjacket.cli.airflow_api import ACTIVE, AirflowApi
from dustjacket.cli.follow import wait_for_dags
from dustjacket.platform import supervision
from dustjacket.platform.environments import PLATFORM_MARK
from dustjacket.platform.process_guard import processes_with
from dustjacket.settings import PLATFORM_ENV, Settings
from tests.conftest import assert_nothing_is_left, fresh_home
from tests.support.commands import DUSTJACKET, dustjacket, environment, until
from tests.support.recording_proxy import recording_proxy

pytestmark = pytest.mark.faults
LONG = "a name so long that no socket can be below it" * 3


@pytest.fixture
def shell(tmp_path):
    """Run a command in a shell in which much is wrong; ``shell.requests`` reached its proxy."""
    temporary = tmp_path / "temporary"
    temporary.mkdir()
    with recording_proxy() as (proxies, requests):

        def run(home, *words):
            locale = {"LANG": "C", "LC_ALL": "C", "TMPDIR": str(temporary)}
            variables = environment(home, **locale, **proxies)
            del variables["HOME"]
            command = [DUSTJACKET, *map(str, words)]
            return subprocess.run(
                command, env=variables, umask=0, capture_output=True, text=True, check=False
            )

        yield run
        assert requests == []
        assert list(temporary.iterdir()) == []


@contextmanager
def platform_below(name):
    """A home for a block, below a folder with an umlaut, that others can enter and write to."""
    home = fresh_home(f"umgebung-{name[:8]}") / "Bücher" / name
    home.mkdir(parents=True)
    for kept in ("jars", "ports.json"):
        (home.parents[1] / kept).rename(home / kept)
    (home / "ports.json").chmod(0o666)
    home.chmod(0o777)
    yield home
    dustjacket("down", home=home)
    assert_nothing_is_left(home)


def open_to_others(folder):
    """Return what other accounts could use: ``folder``, or anything below it."""
    return [
        file
        for file in [folder, *folder.rglob("*")]
        if not file.is_symlink() and file.lstat().st_mode & 0o077
    ]


def supervisors_of(home):
    return [
        process.pid
        for process in processes_with(PLATFORM_MARK, str(home))
        if "supervisord" in " ".join(process.cmdline())
    ]


def cover(colour):
    image = io.BytesIO()
    Image.effect_noise((200, 300), colour).convert("RGB").save(image, "JPEG")
    return image.getvalue()


@pytest.mark.release
def test_covers_with_any_names_are_ingested_whatever_surrounds_the_command(tmp_path, shell):
    covers, out = tmp_path / "Bücher", tmp_path / "Öffentlich" / "neu"
    covers.mkdir()
    for number, name in enumerate(("Der Prozeß - Kafka.jpg", "Été - Camus.jpg", "本 - 村上.jpg")):
        (covers / name).write_bytes(cover(80 + number))
    done = shell(fresh_home("bücher"), "ingest", "covers", covers, "--out", out)
    assert done.returncode == 0, done.stdout + done.stderr
    manifest = json.loads((out / "manifest.json").read_text())
    assert manifest["facts"]["accepted"] == 3, manifest["facts"]
    assert open_to_others(out) == []


def test_the_platform_starts_and_stays_private_whatever_surrounds_it(shell):
    with platform_below(LONG) as home:
        done = shell(home, "up")
        assert done.returncode == 0, done.stdout + done.stderr
        assert open_to_others(home) == []

        shown = shell(home, "status")
        assert shown.returncode == 0, shown.stdout + shown.stderr
        assert "…" not in shown.stdout
        assert "airflow-dag-processor" in shown.stdout
        found = json.loads(shell(home, "status", "--json").stdout)
        assert found["steps"][0]["step"] == "ingest_catalog"
        assert (found["serving"], found["failed"], found["missing"]) == ([], [], [])
        servers = found["servers"]
        assert {server["health"] for server in servers} == {"healthy"}
        assert len(servers) == 7


@pytest.mark.release
def test_a_deleted_socket_is_reported_and_up_ends_with_one_platform_beside_the_other(shell):
    with platform_below("socket") as home, platform_below("other") as other:
        for folder in (home, other):
            assert shell(folder, "up").returncode == 0
        before, of_other = supervisors_of(home), supervisors_of(other)
        supervision.socket_of(home).unlink()
        shown = shell(home, "status")
        assert shown.returncode == 1
        assert "the platform runs, but its supervisor does not answer" in shown.stdout
        done = shell(home, "up")
        assert done.returncode == 0, done.stdout + done.stderr
        assert len(supervisors_of(home)) == 1
        assert supervisors_of(home) != before
        assert shell(home, "status").returncode == 0
        assert shell(home, "down").returncode == 0
        assert supervisors_of(other) == of_other
        assert shell(other, "status").returncode == 0


@pytest.mark.release
def test_a_home_that_was_moved_runs_dags_and_uses_no_former_path(shell):
    with platform_below("before") as home:
        new = home.with_name("after")
        assert shell(home, "up").returncode == 0
        assert shell(home, "down").returncode == 0
        home.rename(new)
        home.write_text("a file, so that nothing can be written below it")
        try:
            done = shell(new, "up")
            assert done.returncode == 0, done.stdout + done.stderr
            settings = Settings(_env_file=new / PLATFORM_ENV)
            assert settings.home == new
            airflow = AirflowApi(settings)
            wait_for_dags(airflow, print)
            run = airflow.trigger("index_covers")
            ended = lambda: airflow.run(run.dag_id, run.dag_run_id).state not in ACTIVE  # noqa: E731
            until(ended, 120, "the run hangs")
            assert airflow.log(run, airflow.tasks(run)[0])
            logs = [log for log in new.rglob("*.log") if "run_id=" in str(log)]
            assert logs
            assert not [log for log in logs if bytes(home) in log.read_bytes()]
            assert open_to_others(new) == []
        finally:
            dustjacket("down", home=new)
            home.unlink()
            new.rename(home)
