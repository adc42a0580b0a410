"""Named records in a private JSON file of the home, such as accounts and tokens.

The file is read whenever it has changed, so a change applies at once, without a restart.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from fcntl import LOCK_EX, flock
from functools import lru_cache
from pathlib import Path
from typing import Generic, Protocol, TypeVar

from pydantic import BaseModel, ValidationError

from dustjacket.errors import DustjacketError
from dustjacket.platform.credentials import write_private


class NamedRecord(Protocol):
    """What has a name of its own in its file."""

    @property
    def name(self) -> str:
        """The name."""


R = TypeVar("R", bound=NamedRecord)


@dataclass(frozen=True)
class PrivateRecords(Generic[R]):
    """The records of one file.

    Attributes:
        file: its name in the home.
        model: of its content.
        field: of the model, which holds the list of records; also what they are called.
        cure: what to do about a file that cannot be read.
    """

    file: str
    model: type[BaseModel]
    field: str
    cure: str

    def load(self, home: Path) -> dict[str, R]:
        """Return the records of the platform in ``home``, by name.

        Raises:
            DustjacketError: the file cannot be read.
        """
        file = home / self.file
        try:
            stat = file.stat()
        except FileNotFoundError:
            return {}
        found: dict[str, R] = _parsed(self, file, stat.st_mtime_ns, stat.st_ino)
        return found

    @contextmanager
    def change(self, home: Path) -> Iterator[dict[str, R]]:
        """Yield the records by name, and store them at the end of the block unless it raises."""
        home.mkdir(mode=0o700, parents=True, exist_ok=True)
        with (home / f"{self.file}.lock").open("w") as lock:
            flock(lock, LOCK_EX)
            records = dict(self.load(home))
            yield records
            in_order = sorted(records.values(), key=lambda each: each.name)
            content = self.model(**{self.field: in_order})
            write_private(home / self.file, content.model_dump_json(indent=1))


@lru_cache(maxsize=2)
def _parsed(records: PrivateRecords[R], file: Path, _mtime_ns: int, _inode: int) -> dict[str, R]:
    try:
        content = records.model.model_validate_json(file.read_bytes())
    except ValidationError as error:
        first = error.errors(include_input=False)[0]
        raise DustjacketError(
            f"{file} is not a list of {records.field} ({first['msg']}): {records.cure}"
        ) from None
    return {each.name: each for each in getattr(content, records.field)}
