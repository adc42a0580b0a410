"""What every process of the platform needs of its machine, whatever the caller's environment.

Private files, files that appear when they are complete, an encoding of file names that holds any
title, and no proxy in front of loopback.
"""

import os
import secrets
import shutil
import stat
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from dustjacket.errors import DustjacketError

PRIVATE_UMASK = 0o077
_SCARCE_BYTES = 2**30
_OTHERS = stat.S_IRWXG | stat.S_IRWXO
_LOOPBACK = ("127.0.0.1", "localhost", "::1")


def prepare_process() -> None:
    """Make new files of this process private, and set what :func:`host_environment` returns."""
    os.umask(PRIVATE_UMASK)
    os.environ.update(host_environment(os.environ))


def host_environment(inherited: Mapping[str, str]) -> dict[str, str]:
    """Return the variables by which a process and its children do not depend on their caller.

    Args:
        inherited: the caller's environment.
    """
    proxied = inherited.get("no_proxy") or inherited.get("NO_PROXY") or ""
    hosts = [host for host in proxied.replace(" ", "").split(",") if host]
    exempt = ",".join(dict.fromkeys([*hosts, *_LOOPBACK]))
    variables = {
        # Java takes the encoding of file names from the locale: in "C" it has no umlauts.
        "LC_ALL": "C.UTF-8",
        "PYTHONUTF8": "1",
        # A proxy would see logins and keys, and cannot reach this machine's loopback.
        "NO_PROXY": exempt,
        "no_proxy": exempt,
    }
    if not inherited.get("HOME"):
        variables["HOME"] = _home_of_account()
    return variables


def _home_of_account() -> str:
    try:
        return str(Path.home())
    except RuntimeError:  # the account has no entry in the system's table of users
        return "/"


def private_folder(folder: Path) -> Path:
    """Create a folder that only this account can enter, or make an existing one so.

    Raises:
        DustjacketError: it cannot be created or written to, is a file or a link, or belongs to
            another account.
    """
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
        try:
            state = os.fstat(descriptor)
            if state.st_uid != os.geteuid():
                raise PermissionError(0, f"it belongs to another account (uid {state.st_uid})")
            if state.st_mode & _OTHERS:
                os.fchmod(descriptor, stat.S_IMODE(state.st_mode) & ~_OTHERS)
            if not os.access(folder, os.W_OK | os.X_OK):
                raise PermissionError(0, "it cannot be written to")
        finally:
            os.close(descriptor)
    except OSError as error:
        raise DustjacketError(
            f"{folder} cannot be a private folder: {error.strerror}; name another with "
            "DUSTJACKET_HOME, or make it yours"
        ) from error
    return folder


def disk_note(folder: Path) -> str:
    """Return what to add to the message of a failure if the disk of ``folder`` is almost full."""
    try:
        free = shutil.disk_usage(folder).free
    except OSError:
        return ""
    if free >= _SCARCE_BYTES:
        return ""
    return f"; the disk of {folder} has only {free / 2**20:.0f} MiB left: free some space"


def own_file(path: Path) -> Path:
    """Return a path after a check that it is a file of this account, and no link.

    Raises:
        FileNotFoundError: it does not exist.
        DustjacketError: it is something else.
    """
    state = path.lstat()
    if not stat.S_ISREG(state.st_mode) or state.st_uid != os.geteuid():
        raise DustjacketError(f"{path} is a link or belongs to another account: delete it")
    return path


def make_private(folder: Path) -> int:
    """Take from other accounts every right to what lies below ``folder``; follow no links.

    Returns:
        The number of files and folders that others could use.
    """
    changed = 0
    for parent, folders, files in os.walk(folder):
        for name in (*folders, *files):
            path = Path(parent, name)
            try:
                mode = path.lstat().st_mode
                if not stat.S_ISLNK(mode) and mode & _OTHERS:
                    path.chmod(stat.S_IMODE(mode) & ~_OTHERS)
                    changed += 1
            except FileNotFoundError:  # a running server deleted it
                continue
    return changed


@contextmanager
def new_file(path: Path) -> Iterator[BinaryIO]:
    """Write a file that appears under its name when it is complete and on disk."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        with part.open("xb") as file:
            yield file
            file.flush()
            os.fsync(file.fileno())
        part.replace(path)
        folder = os.open(path.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
    finally:
        part.unlink(missing_ok=True)
