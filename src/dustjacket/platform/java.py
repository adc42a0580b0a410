"""A Java that can run Spark: found, or installed where that is allowed, or asked for."""

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


def java_version(said: str) -> int | None:
    """Return the major version in what ``java -version`` said (``1.8.0`` is 8), or None."""
    found = re.search(r'version "(\d+)(?:\.(\d+))?', said)
    if not found:
        return None
    major, minor = int(found[1]), found[2]
    return int(minor) if major == 1 and minor else major


def find_java() -> Path | None:
    """Return the home of a Java of version 17 or later that has Spark's modules, or None."""
    candidates = [Path(home) / "bin/java" for home in [os.environ.get("JAVA_HOME")] if home]
    if on_path := shutil.which("java"):
        candidates.append(Path(on_path))
    for folder in _FOLDERS:
        candidates += sorted(Path(folder).glob("*/bin/java"), reverse=True)
        candidates += sorted(Path(folder).glob("*/Contents/Home/bin/java"), reverse=True)
    return next((java.resolve().parents[1] for java in candidates if _fits(java)), None)


def _fits(java: Path) -> bool:
    # Spark asks for this module at start, and cut-down runtimes lack it.
    command = [os.fspath(java), "--add-modules=jdk.incubator.vector", "-version"]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)
    except OSError:
        return False
    return done.returncode == 0 and (java_version(done.stderr) or 0) >= MINIMUM


def ensure_java(console: Console) -> Path:
    """Return the home of a fitting Java, installing it with apt where that is there and allowed.

    Raises:
        DustjacketError: there is none and it cannot be installed; the text names the package.
    """
    if found := find_java():
        return found
    if os.geteuid() == 0 and shutil.which("apt-get"):
        console.print(f"no Java {MINIMUM} or later found: installing {PACKAGE} with apt-get")
        for command in (["apt-get", "update"], ["apt-get", "install", "-y", PACKAGE]):
            subprocess.run(
                command,
                check=False,
                capture_output=True,
                env={**os.environ, "DEBIAN_FRONTEND": "noninteractive"},
            )
        if found := find_java():
            return found
    raise DustjacketError(
        f"no Java {MINIMUM} or later: install the package {PACKAGE} (Debian) or set JAVA_HOME"
    )


def use_java(console: Console) -> Path:
    """Have this process and its children find a fitting Java, and this environment's programs.

    Returns:
        The home of that Java; see :func:`ensure_java`.
    """
    java = ensure_java(console)
    os.environ["JAVA_HOME"] = str(java)
    os.environ["PATH"] = os.pathsep.join(
        [str(Path(sys.executable).parent), str(java / "bin"), os.environ["PATH"]]
    )
    return java
