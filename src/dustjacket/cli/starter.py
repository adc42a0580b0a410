"""``dustjacket starter``: write a project of a team's own around Dustjacket."""

from importlib.resources import files
from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from dustjacket.cli.context import console
from dustjacket.errors import BadInputError

_FILES = {
    ".env.example": "env.txt",
    ".gitignore": "gitignore.txt",
    "dags/genre_counts.py": "genre_counts.py.txt",
    "tests/test_genre_counts.py": "test_genre_counts.py.txt",
}
_FILLED = "env.txt"


class Starter(BaseModel):
    """Write a project: settings, and a DAG that chains a step of yours behind Dustjacket's.

    Next: copy .env.example to .env, load it, and run `dustjacket up`. `pytest tests` checks the
    DAG.
    """

    folder: CliPositionalArg[Path] = Field(description="new folder, or an empty one")

    def cli_cmd(self) -> None:
        """Run the command."""
        write_starter(self.folder)
        for name in _FILES:
            console.print(f"wrote {self.folder / name}")
        console.print(
            f"next: cd {self.folder}; cp .env.example .env; set -a; . ./.env; set +a; dustjacket up"
        )


def write_starter(folder: Path) -> None:
    """Write the files of a project.

    Raises:
        BadInputError: the folder has files already, or cannot be written to.
    """
    if "'" in str(folder.absolute()) or '"' in str(folder.absolute()):
        raise BadInputError(f"{folder} has a quote in its path: name a folder without one")
    try:
        if folder.exists() and any(folder.iterdir()):
            raise BadInputError(f"{folder} has files already: name a new folder")
        for name, template in _FILES.items():
            text = files("dustjacket.cli").joinpath("starter_files", template).read_text()
            if template == _FILLED:
                text = text.format(folder=folder.resolve())
            file = folder / name
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
    except OSError as error:
        raise BadInputError(f"{folder} cannot be written: {error.strerror}") from None
