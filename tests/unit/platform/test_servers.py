"""Commands and files of the servers, without starting any."""

import re

import pytest

from dustjacket.platform.credentials import Credentials
from dustjacket.platform.servers import write_server_files
from dustjacket.settings import Settings


@pytest.fixture
def settings(tmp_path):
    home = tmp_path / "Bücher von mir"
    home.mkdir()
    return Settings(_env_file=None, home=home, s3_endpoint="http://127.0.0.1:9")


def test_the_folder_of_the_objects_is_written_as_java_reads_it(settings):
    write_server_files(settings, Credentials(), [])
    text = (settings.home / "s3proxy.properties").read_bytes().decode("ascii")
    folder = re.search("basedir=(.*)\n", text)[1].encode("ascii").decode("unicode_escape")
    assert folder == str(settings.home / "s3")


def test_temporary_files_of_spark_are_below_the_home(settings):
    write_server_files(settings, Credentials(), [])
    defaults = (settings.home / "spark-conf" / "spark-defaults.conf").read_text()
    assert f"spark.local.dir {settings.home / 'tmp'}\n" in defaults
