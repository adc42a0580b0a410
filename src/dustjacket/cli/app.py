"""``dustjacket …``: the command line. Each command is a Pydantic model; its fields are flags."""

import errno
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliImplicitFlag,
    CliSettingsSource,
    CliSubCommand,
    CliToggleFlag,
    SettingsConfigDict,
)

from dustjacket.cli.ask import FindCovers, MatchPrompts, PredictGenre, ServeMcp, ServeStudio
from dustjacket.cli.context import console
from dustjacket.cli.corpus import CorpusCommands
from dustjacket.cli.cover import CoverCommands
from dustjacket.cli.create import CreateCovers
from dustjacket.cli.help_text import HelpText
from dustjacket.cli.history import Rollback, ShowHistory
from dustjacket.cli.ingest import Ingest
from dustjacket.cli.label import LabelFile
from dustjacket.cli.promote import Promote
from dustjacket.cli.sample import Sample
from dustjacket.cli.servers import Doctor, Down, Init, Serve, ShowStatus, Up
from dustjacket.cli.starter import Starter
from dustjacket.cli.tokens import Tokens
from dustjacket.cli.upkeep import Backup, Forget, Repair, Restore, Retention
from dustjacket.cli.users import Users
from dustjacket.errors import DustjacketError
from dustjacket.pipeline.parameters import first_error
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import step_fields
from dustjacket.settings import home
from dustjacket.storage.host import disk_note, prepare_process

EXIT_FAILED, EXIT_WRONG_ARGUMENTS, EXIT_INTERRUPTED = 1, 2, 130
DEBUG = "DUSTJACKET_DEBUG"
_COMPLETION = "_ARGCOMPLETE"  # a shell asks what may follow


class RunOptions(BaseModel):
    """Start the platform, run all steps on a listing and covers, and report.

    Every parameter of every step is a flag, such as --finetune-clip.epochs 3; its value becomes
    the team default.
    """

    catalog: str = Field("", description="listing: file, folder or s3://; empty: as before")
    covers: str = Field("", description="cover set: folder or s3://; empty: as before")
    report: Path = Field(Path("report.json"), description="where to write the report")
    tables: CliImplicitFlag[bool] = Field(
        False, description="print all tables, also where nothing had to be done"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.cli.run import run
        from dustjacket.platform import print_addresses

        overrides = self.model_dump(exclude_unset=True, include=set(STEPS))
        report = self.report.absolute()
        settings = run(overrides, self.catalog, self.covers, report, console, tables=self.tables)
        print_addresses(settings, console)


if TYPE_CHECKING:
    Run = RunOptions
else:
    Run = step_fields("Run", RunOptions)


class Dustjacket(BaseSettings):
    """Teach CLIP to know a book by its cover."""

    model_config = SettingsConfigDict(
        cli_prog_name="dustjacket",
        cli_kebab_case=True,
        cli_hide_none_type=True,
        cli_avoid_json=True,
        env_prefix="__none__",
    )

    home: Path | None = Field(
        None,
        description="folder of the platform's state; else DUSTJACKET_HOME, else .dustjacket of "
        "the nearest folder upwards that has one",
    )
    debug: CliToggleFlag[bool] = Field(False, description="show the trace of a failure")
    version: CliToggleFlag[bool] = Field(False, description="print the version, and end")
    up: CliSubCommand[Up] = Field(
        description="Start the embedded platform, or those of its servers that are down"
    )
    down: CliSubCommand[Down] = Field(
        description="Stop the embedded platform and all its processes"
    )
    status: CliSubCommand[ShowStatus] = Field(
        description="Show each server, and whether the work of each step is done"
    )
    doctor: CliSubCommand[Doctor] = Field(
        description="Check all that the platform needs, and name the cure for what fails"
    )
    init: CliSubCommand[Init] = Field(
        description="Prepare a team's own servers: database, bucket, and a probe of the store"
    )
    serve: CliSubCommand[Serve] = Field(
        description="Run one server in the foreground, as a container does"
    )
    run: CliSubCommand[Run] = Field(
        description="Start the platform, run all steps on a listing and covers, and report"
    )
    genre: CliSubCommand[PredictGenre] = Field(
        description="Predict the genre of a title with the classifier in use"
    )
    label: CliSubCommand[LabelFile] = Field(
        description="Add subjects to a file of books, and write it as it came"
    )
    corpus: CliSubCommand[CorpusCommands] = Field(
        description="Read an Annif corpus as a listing, or write the catalogue as one"
    )
    covers: CliSubCommand[FindCovers] = Field(
        description="Find the covers that match a title best in the champion's index"
    )
    cover: CliSubCommand[CoverCommands] = Field(
        description="Set a title on textless art: a cover as PNG, JPEG, SVG or PDF, or a layout"
    )
    match: CliSubCommand[MatchPrompts] = Field(
        description="Score how well prompts fit a cover, with the promoted model"
    )
    create: CliSubCommand[CreateCovers] = Field(description="Make covers from a title, as files")
    studio: CliSubCommand[ServeStudio] = Field(
        description="Serve the Studio, its page and API, without Airflow"
    )
    mcp: CliSubCommand[ServeMcp] = Field(
        description="Serve the models as tools of an assistant (Model Context Protocol)"
    )
    history: CliSubCommand[ShowHistory] = Field(
        description="Show every promotion, refusal and rollback, or what served at a given time"
    )
    promote: CliSubCommand[Promote] = Field(
        description="Copy a version and all that it needs to another environment"
    )
    rollback: CliSubCommand[Rollback] = Field(
        description="Bring back an earlier champion and its cover index, by a run of a DAG"
    )
    retention: CliSubCommand[Retention] = Field(
        description="List or remove versions, runs and logs that nothing needs any more"
    )
    forget: CliSubCommand[Forget] = Field(
        description="List where a book, a cover or an author's books are, or erase them for good"
    )
    backup: CliSubCommand[Backup] = Field(
        description="Copy all state to a folder: databases, private files, artifacts, the bucket"
    )
    restore: CliSubCommand[Restore] = Field(
        description="Write the state of a backup to an empty DUSTJACKET_HOME"
    )
    repair: CliSubCommand[Repair] = Field(
        description="Make MLflow's registry, its aliases and the team defaults again"
    )
    users: CliSubCommand[Users] = Field(
        description="Add, remove, change and list the accounts of people"
    )
    tokens: CliSubCommand[Tokens] = Field(description="Add, list and remove the tokens of scripts")
    ingest: CliSubCommand[Ingest] = Field(
        description="Ingest a listing or covers into a folder, without Airflow"
    )
    starter: CliSubCommand[Starter] = Field(
        description="Write a project: settings, and a DAG of your own behind Dustjacket's"
    )
    sample: CliSubCommand[Sample] = Field(
        description="Write a sample library: a listing and a cover set, drawn from a small grammar"
    )

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        if self.version:
            from importlib.metadata import version

            print(f"dustjacket {version('dustjacket')}")
            return
        if self.home:
            os.environ["DUSTJACKET_HOME"] = str(self.home.absolute())
        if self.debug:
            os.environ[DEBUG] = "1"
        CliApp.run_subcommand(self)


def main() -> None:
    """Run the command line.

    A failure prints one line, or its trace with ``--debug``. The exit status is 0, 1 after a
    failure, 2 where the arguments are wrong, and 130 after an interruption.
    """
    prepare_process()
    parser = CliSettingsSource[Any](Dustjacket, formatter_class=HelpText)
    if _COMPLETION in os.environ:
        import argcomplete

        argcomplete.autocomplete(parser.root_parser)
    try:
        CliApp.run(Dustjacket, cli_settings_source=parser)
    except KeyboardInterrupt:
        print("dustjacket: interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)
    except Exception as error:
        wrong = isinstance(error, ValidationError)
        if os.environ.get(DEBUG) or (line := _failure(error)) is None:
            raise
        print(f"dustjacket: {line}", file=sys.stderr)
        sys.exit(EXIT_WRONG_ARGUMENTS if wrong else EXIT_FAILED)


def _failure(error: Exception) -> str | None:
    """Return a failure in one line with its cure, or None if it is a defect of the program."""
    servers = "see `dustjacket status`; `dustjacket up` starts servers that are down"
    match error:
        case DustjacketError():
            return str(error)
        case ValidationError():
            return first_error(error)
        case httpx.HTTPError():
            path = f" to answer {error.request.method} {error.request.url.path}"
            return f"Airflow failed{path}: {error}; {servers}"
        case BotoCoreError() | ClientError():
            return f"the object store failed: {error}; {servers}{disk_note(home())}"
        case OSError():
            full = error.errno in (errno.ENOSPC, errno.EDQUOT)
            cure = "free space on that disk" if full else "check that file and its permissions"
            return f"{error.filename or 'a file'}: {error.strerror or error}; {cure}"
    return None


if __name__ == "__main__":
    main()
