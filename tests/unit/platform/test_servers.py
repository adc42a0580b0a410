"""Commands, files and variables of the servers, without starting any."""

import re
from pathlib import Path

import pytest
from airflow.configuration import AirflowConfigParser

from dustjacket.platform.credentials import Credentials
from dustjacket.platform.ports import DEFAULT_PORTS
from dustjacket.platform.servers import environment, write_server_files
from dustjacket.settings import Settings


@pytest.fixture
def settings(tmp_path):
    home = tmp_path / "Bücher von mir"
    home.mkdir()
    return Settings(_env_file=None, home=home, s3_endpoint="http://127.0.0.1:9")


@pytest.fixture
def variables(settings):
    return environment(settings, Credentials(), DEFAULT_PORTS, Path("/java"))


def test_no_path_of_airflow_comes_from_a_file_that_a_moved_home_brings_along(variables, settings):
    """Airflow writes its defaults to airflow.cfg once, with the paths of that time."""
    parser = AirflowConfigParser()
    paths = {
        f"AIRFLOW__{section}__{option}".upper()
        for section, described in parser.configuration_description.items()
        for option, value in described["options"].items()
        if "{AIRFLOW_HOME}" in str(value["default"])
    }
    assert len(paths) >= 5
    assert paths <= set(variables)
    logs = [variables[name] for name in paths if "__LOGGING__" in name]
    assert logs
    assert all(Path(path).is_relative_to(settings.home / "airflow") for path in logs)


def test_servers_have_a_locale_and_no_proxy_for_loopback(variables):
    assert variables["LC_ALL"] == "C.UTF-8"
    assert "127.0.0.1" in variables["NO_PROXY"].split(",")
    assert variables["no_proxy"] == variables["NO_PROXY"]


def test_the_folder_of_the_objects_is_written_as_java_reads_it(settings):
    write_server_files(settings, Credentials(), [])
    text = (settings.home / "s3proxy.properties").read_bytes().decode("ascii")
    folder = re.search("basedir=(.*)\n", text)[1].encode("ascii").decode("unicode_escape")
    assert folder == str(settings.home / "s3")


def test_temporary_files_and_caches_are_below_the_home(variables, settings):
    for name in ("TMPDIR", "TORCHINDUCTOR_CACHE_DIR"):
        assert Path(variables[name]).is_relative_to(settings.home)
    write_server_files(settings, Credentials(), [])
    defaults = (settings.home / "spark-conf" / "spark-defaults.conf").read_text()
    assert f"spark.local.dir {settings.home / 'tmp'}\n" in defaults


def test_logs_of_tasks_are_private_although_airflow_sets_their_mode(variables):
    described = AirflowConfigParser().configuration_description["logging"]["options"]
    modes = [name for name in described if name.endswith("_permissions")]
    assert modes
    for name in modes:
        assert int(variables[f"AIRFLOW__LOGGING__{name.upper()}"], 8) & 0o077 == 0
