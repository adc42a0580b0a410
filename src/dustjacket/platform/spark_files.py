"""What Spark reads at its start: properties, logging, an archive of Java's classes, its home.

Java loads and checks some ten thousand classes for each job. From an archive of them (class data
sharing, JEP 350) it takes them as they were, which saves nearly half of a small job's processor
time. Java uses an archive only with the class path that it was made with, and only if no folder on
that path has files: so Spark's configuration is not on it.

Spark puts the zip file of PySpark in its home before all other packages, and each Python process
of a job compiles what it imports from there. So jobs on this machine have a home without that file:
they import PySpark as it is installed, and compiled.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path

from dustjacket.settings import Settings

_OPTIONS = "SPARK_SUBMIT_OPTS"
_LOG4J = """rootLogger.level = warn
rootLogger.appenderRef.stdout.ref = console
# It warns at every start that it runs without a native library.
logger.native.name = org.apache.hadoop.util.NativeCodeLoader
logger.native.level = error
appender.console.type = Console
appender.console.name = console
appender.console.target = SYSTEM_ERR
# Spark's executor logs a trace as it ends, after the work is done (SPARK-34949).
appender.console.filter.heartbeat.type = RegexFilter
appender.console.filter.heartbeat.regex = .*executor-heartbeater.*
appender.console.filter.heartbeat.onMatch = DENY
appender.console.filter.heartbeat.onMismatch = NEUTRAL
appender.console.layout.type = PatternLayout
appender.console.layout.pattern = %p %c{1}: %m%n
"""
# The classes that it loads are those of most jobs.
_TYPICAL_JOB = """
import sys
import pandas as pd
from pyspark.sql import SparkSession
spark = SparkSession.builder.config("spark.sql.execution.arrow.pyspark.enabled", True).getOrCreate()
books = spark.createDataFrame(pd.DataFrame({"genre": ["a", "b"]}))
books.write.parquet(f"{sys.argv[1]}/books")
books = spark.read.parquet(f"{sys.argv[1]}/books")
books.mapInPandas(lambda parts: parts, books.schema).groupBy("genre").count().toPandas()
spark.sparkContext.parallelize([1, 2], 2).map(abs).collect()
"""


def properties_file(settings: Settings) -> Path:
    """Return the file for ``spark-submit --properties-file``."""
    return settings.home / "spark-conf" / "spark-defaults.conf"


def job_variables(settings: Settings) -> dict[str, str]:
    """Return the environment of ``spark-submit`` by which a local job uses archive and home.

    It is empty if there is no archive. Without Spark's configuration folder, the job needs
    ``--properties-file``.
    """
    archive = class_archive(settings.jars_folder)
    # Some clusters take the zip file from the driver's home.
    if archive is None or not archive.exists() or not settings.spark_master.startswith("local"):
        return {}
    options = (os.environ.get(_OPTIONS), _option("-XX:SharedArchiveFile", archive))
    return {
        "SPARK_CONF_DIR": str(_empty_folder(settings.jars_folder)),
        "SPARK_HOME": str(_spark_home(archive)),
        _OPTIONS: " ".join(filter(None, options)),
    }


def write_spark_files(settings: Settings, jars: list[Path]) -> None:
    """Write the configuration of the jobs' Spark."""
    properties = properties_file(settings)
    properties.parent.mkdir(exist_ok=True)
    log4j = properties.with_name("log4j2.properties")
    log4j.write_text(_LOG4J)
    properties.write_text(
        f"spark.jars {','.join(map(str, jars))}\nspark.driver.memory 2g\n"
        f"spark.local.dir {settings.home / 'tmp'}\n"
        # Progress bars fill a task's log with control characters.
        "spark.ui.showConsoleProgress false\n"
        # Most jobs end before the optimising JIT compiler (C2) pays off.
        "spark.driver.extraJavaOptions -XX:TieredStopAtLevel=1\n"
        # Java returns unused heap to the system while Python works. A step may replace the options
        # above, so these are in defaultJavaOptions, which Spark puts before them.
        "spark.driver.defaultJavaOptions -XX:G1PeriodicGCInterval=10000 "
        "-XX:MinHeapFreeRatio=10 -XX:MaxHeapFreeRatio=30 "
        f"-Dlog4j2.configurationFile={log4j.absolute().as_uri()}\n"
    )


def class_archive(jars: Path) -> Path | None:
    """Return the path of the archive for this Java and this Spark, whether it exists or not.

    None where Java could not read it.
    """
    java = Path(os.environ.get("JAVA_HOME", "")) / "lib" / "server" / "libjvm.so"
    if not java.exists():
        return None
    spark, folder = _pyspark() / "jars", jars.resolve()
    if ":" in str(folder):
        return None  # Java would take it for the names of two archives
    made_with = [f"{part} {part.stat().st_mtime_ns}" for part in (java, spark)]
    digest = hashlib.sha256("\n".join([*made_with, "home", str(folder)]).encode()).hexdigest()
    return folder / f"spark-{digest[:12]}.jsa"


def start_making_archive(jars: Path, scratch: Path, variables: dict[str, str]) -> None:
    """Make the archive in a process of its own, beside all other work; see the next function.

    Args:
        variables: the environment of that process.
    """
    subprocess.run(
        # The shell starts it and ends, so that it is nobody's child.
        ["/bin/sh", "-c", '"$@" &', "sh", sys.executable, "-m", __name__, jars, scratch],
        env=variables,
        start_new_session=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def make_class_archive(jars: Path, scratch: Path) -> None:
    """Make the archive if it is missing, and remove those of another Java or Spark.

    It takes about 25 processor-seconds and 150 MB. A failure only costs the time that it would
    save.

    Args:
        scratch: a folder for temporary files.
    """
    archive = class_archive(jars)
    if archive is None or archive.exists():
        return
    _empty_folder(jars).mkdir(parents=True, exist_ok=True)
    home = _spark_home(archive)
    home.mkdir(exist_ok=True)
    for part in ("bin", "jars"):
        (home / part).unlink(missing_ok=True)
        (home / part).symlink_to(_pyspark() / part)
    with tempfile.TemporaryDirectory(dir=scratch) as folder:
        job, draft = Path(folder) / "job.py", Path(folder) / archive.name
        job.write_text(_TYPICAL_JOB)
        quick = ("--conf", "spark.driver.extraJavaOptions=-XX:TieredStopAtLevel=1")
        local = ("--master", "local[1]", "--conf", "spark.ui.enabled=false", *quick)
        subprocess.run(
            [Path(sys.executable).parent / "spark-submit", *local, job, folder],
            env={
                **os.environ,
                "SPARK_CONF_DIR": str(_empty_folder(jars)),
                "SPARK_HOME": str(home),
                _OPTIONS: _option("-XX:ArchiveClassesAtExit", draft),
                "SPARK_LOCAL_IP": "127.0.0.1",
                "PYSPARK_PYTHON": sys.executable,
            },
            cwd=folder,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            check=False,
        )
        if draft.exists():
            for other in archive.parent.glob("spark-*.jsa"):
                other.unlink(missing_ok=True)
                shutil.rmtree(_spark_home(other), ignore_errors=True)
            moved = archive.with_suffix(".part")
            shutil.move(draft, moved)
            moved.replace(archive)


def _pyspark() -> Path:
    """Return the folder of the installed package, found without importing it."""
    found = find_spec("pyspark")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("pyspark")
    return Path(found.origin).parent


def _spark_home(archive: Path) -> Path:
    """Return the home that belongs to an archive."""
    return archive.with_suffix(".home")


def _empty_folder(jars: Path) -> Path:
    """Return the folder that stands for Spark's configuration on the class path."""
    return jars.resolve() / "no-configuration"


def _option(name: str, path: Path) -> str:
    """Return an option of Java as Spark's launcher splits it."""
    escaped = str(path).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{name}={escaped}"'


if __name__ == "__main__":
    os.nice(19)
    make_class_archive(Path(sys.argv[1]), Path(sys.argv[2]))
