"""Find a Java that can run Spark, or install it where that is possible."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from rich.console import Console

from dustjacket.errors import DustjacketError

PACKAGE = "openjdk-17-jre-headless"
MINIMUM = 17
_FOLDERS = ("/usr/lib/jvm", "/opt/java", "/Library/Java/JavaVirtualMachines")


def java_version(output: str) -> int | None:
    """Return the major version in the output of ``java -version`` (``1.8.0`` is 8), or None."""
    match = re.search(r'version "(\d+)(?:\.(\d+))?', output)
    if not match:
        return None
    major, minor = int(match[1]), match[2]
    return int(minor) if major == 1 and minor else major


def find_java() -> Path | None:
    """Return the home of a Java 17 or later that has the modules Spark needs, or None."""
    candidates = [Path(home) / "bin/java" for home in [os.environ.get("JAVA_HOME")] if home]
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    for folder in _FOLDERS:
        candidates += sorted(Path(folder).glob("*/bin/java"), reverse=True)
        candidates += sorted(Path(folder).glob("*/Contents/Home/bin/java"), reverse=True)
    return next((java.resolve().parents[1] for java in candidates if _can_run_spark(java)), None)


def _can_run_spark(java: Path) -> bool:
    # Spark loads this module at its start; reduced Java runtimes lack it.
    command = [os.fspath(java), "--add-modules=jdk.incubator.vector", "-version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return False
    return done.returncode == 0 and (java_version(done.stderr) or 0) >= MINIMUM


def ensure_java(console: Console) -> Path:
    """Return the home of a suitable Java; as root on Debian, install it with apt if it is missing.

    Raises:
        DustjacketError: no Java was found or could be installed; the message names the package.
    """
    if java_home := find_java():
        return java_home
    if os.geteuid() == 0 and shutil.which("apt-get"):
        console.print(f"no Java {MINIMUM} or later found: installing {PACKAGE} with apt-get")
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", PACKAGE]):
            subprocess.run(
                command,
                check=False,
                capture_output=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        if java_home := find_java():
            return java_home
    raise DustjacketError(
        f"no Java {MINIMUM} or later: install the package {PACKAGE} (Debian) or set JAVA_HOME"
    )


def use_java(console: Console) -> Path:
    """Put a suitable Java and this virtual environment's programs on this process's PATH.

    Returns:
        The home of that Java; see :func:`ensure_java`.
    """
    java = ensure_java(console)
    os.environ["JAVA_HOME"] = str(java)
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), str(java / "bin"), os.environ["PATH"]]
    )
    return java
