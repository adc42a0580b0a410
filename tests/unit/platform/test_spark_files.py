"""The archive of Java's classes is used where it exists, and nothing depends on it."""

import os
import re
from pathlib import Path
from urllib.parse import urlsplit
from urllib.request import url2pathname

import pytest

from dustjacket.platform import spark_files
from dustjacket.settings import Settings


@pytest.fixture
def settings(tmp_path, monkeypatch):
    """A platform with a Java, and with a Spark that writes an archive unless FAIL is set."""

    def run(_, env, **__):
        if not os.environ.get("FAIL"):
            file = re.fullmatch('"-XX:ArchiveClassesAtExit=(.*)"', env[spark_files._OPTIONS])[1]
            Path(file).write_text("classes")

    home = tmp_path / "Bücher von mir"
    (home / "jars").mkdir(parents=True)
    java = tmp_path / "java/lib/server/libjvm.so"
    java.parent.mkdir(parents=True)
    java.touch()
    monkeypatch.setattr(spark_files.subprocess, "run", run)
    monkeypatch.setenv("JAVA_HOME", str(tmp_path / "java"))
    monkeypatch.delenv(spark_files._OPTIONS, raising=False)
    return Settings(_env_file=None, home=home)


def make(settings):
    spark_files.make_class_archive(settings.jars_folder, settings.home)
    return list(settings.jars_folder.glob("*.jsa"))


def test_without_an_archive_jobs_start_as_spark_is_configured(settings):
    assert spark_files.job_variables(settings) == {}


def test_an_archive_is_used_and_leaves_other_options_of_java(settings, monkeypatch):
    (archive,) = make(settings)
    assert archive.read_text() == "classes"
    monkeypatch.setenv(spark_files._OPTIONS, "-Da=b")
    variables = spark_files.job_variables(settings)
    assert variables[spark_files._OPTIONS] == f'-Da=b "-XX:SharedArchiveFile={archive}"'
    folder = Path(variables["SPARK_CONF_DIR"])
    assert list(folder.iterdir()) == [], "Java uses no archive with a folder that has files"
    home = Path(variables["SPARK_HOME"])
    assert sorted(path.name for path in home.iterdir()) == ["bin", "jars"]
    assert sorted(settings.jars_folder.iterdir()) == sorted([archive, folder, home])
    cluster = settings.model_copy(update={"spark_master": "spark://host:7077"})
    assert spark_files.job_variables(cluster) == {}, "it may take PySpark from the driver's home"


def test_an_archive_is_made_once_for_a_java(settings, monkeypatch):
    (archive,) = make(settings)
    monkeypatch.setenv("FAIL", "yes")
    assert make(settings) == [archive]
    os.utime(Path(os.environ["JAVA_HOME"]) / "lib/server/libjvm.so", (0, 0))
    assert spark_files.job_variables(settings) == {}, "another Java"
    monkeypatch.delenv("FAIL")
    assert make(settings) != [archive]


def test_a_failure_leaves_nothing(settings, monkeypatch):
    monkeypatch.setenv("FAIL", "yes")
    assert make(settings) == []
    assert spark_files.job_variables(settings) == {}


def test_there_is_none_without_java_or_where_java_would_misread_its_path(
    settings, monkeypatch, tmp_path
):
    make(settings)
    assert spark_files.class_archive(tmp_path / "a:b") is None
    monkeypatch.delenv("JAVA_HOME")
    assert spark_files.job_variables(settings) == {}


def test_the_log_s_configuration_is_found_whatever_the_home_is_called(settings):
    spark_files.write_spark_files(settings, [])
    options = spark_files.properties_file(settings).read_text()
    address = options.rpartition("log4j2.configurationFile=")[2].strip()
    assert address.isascii()
    assert " " not in address
    assert "rootLogger.level = warn" in Path(url2pathname(urlsplit(address).path)).read_text()
