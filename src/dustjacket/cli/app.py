"""``dustjacket …``: the command line. Each command is a Pydantic model; its fields are flags."""

import errno
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import httpx
from botocore.exceptions import BotoCoreError, ClientError
from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliImplicitFlag,
    CliPositionalArg,
    CliSubCommand,
    SettingsConfigDict,
)

from dustjacket.catalog.step import INGEST_CATALOG, CatalogParameters
from dustjacket.cli.ask import FindCovers, MatchPrompts, PredictGenre, ServeStudio
from dustjacket.cli.context import absolute, console
from dustjacket.cli.cover import CoverCommands
from dustjacket.cli.create import CreateCovers
from dustjacket.cli.history import Rollback, ShowHistory
from dustjacket.cli.label import LabelFile
from dustjacket.cli.sample import Sample
from dustjacket.cli.servers import Doctor, Down, Init, Serve, ShowStatus, Up
from dustjacket.cli.upkeep import Backup, Repair, Restore, Retention
from dustjacket.cli.users import Users
from dustjacket.covers.step import INGEST_COVERS, CoversParameters
from dustjacket.errors import BadInputError, DustjacketError
from dustjacket.pipeline.parameters import StepParameters, first_error
from dustjacket.pipeline.step import Step
from dustjacket.pipeline.steps import STEPS
from dustjacket.pipeline.team_defaults import step_fields
from dustjacket.settings import home
from dustjacket.storage.host import disk_note, prepare_process

EXIT_INTERRUPTED = 130


class RunOptions(BaseModel):
    """Start the platform, run all steps on a listing and covers, and report.

    Every parameter of every step is a flag, such as --finetune-clip.epochs 3; its value becomes
    the team default.
    """

    catalog: str = Field("", description="listing: file, folder or s3://; empty: as before")
    covers: str = Field("", description="cover set: folder or s3://; empty: as before")
    report: Path = Field(Path("report.json"), description="where to write the report")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.cli.run import run
        from dustjacket.platform import print_addresses

        overrides = self.model_dump(exclude_unset=True, include=set(STEPS))
        settings = run(overrides, self.catalog, self.covers, self.report.absolute(), console)
        print_addresses(settings, console)


if TYPE_CHECKING:
    Run = RunOptions
else:
    Run = step_fields("Run", RunOptions)


class IngestCatalog(CatalogParameters):
    """Read and clean a listing of books."""

    source: CliPositionalArg[str] = Field(description="listing: path, s3:// or https:// address")
    out: Path | None = Field(None, description="new folder for books, rejected rows and manifest")
    preview: CliImplicitFlag[bool] = Field(
        False, description="show how the first ten records are read, and why; write nothing"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        if not self.preview:
            _ingest(INGEST_CATALOG, self, self.out)
            return
        from dustjacket.catalog.preview import preview
        from dustjacket.cli.local_ingest import local_store
        from dustjacket.cli.preview import print_preview

        given = self.model_dump(exclude={"out", "preview"})
        paths = {name: absolute(given[name]) for name in ("source", "enrich")}
        parameters = CatalogParameters.model_validate(given | paths)
        with local_store(parameters.source, parameters.enrich) as store:
            print_preview(preview(parameters, store), console)


class IngestCovers(CoversParameters):
    """Read and check a set of covers."""

    source: CliPositionalArg[str] = Field(description="covers: path, s3:// or https:// address")
    out: Path | None = Field(
        None, description="new folder for shards, index, rejected rows and manifest"
    )
    preview: CliImplicitFlag[bool] = Field(
        False, description="show how the first ten rows are read, and why; write nothing"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        if not self.preview:
            _ingest(INGEST_COVERS, self, self.out)
            return
        from dustjacket.cli.covers_preview import show_covers

        show_covers(self.model_dump(exclude={"out", "preview"}), console)


class Ingest(BaseModel):
    """Ingest a listing or covers into a folder, without Airflow or a running platform."""

    catalog: CliSubCommand[IngestCatalog] = Field(description="Read and clean a listing of books")
    covers: CliSubCommand[IngestCovers] = Field(description="Read and check a set of covers")

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)


class Dustjacket(BaseSettings):
    """Teach CLIP to know a book by its cover."""

    model_config = SettingsConfigDict(
        cli_prog_name="dustjacket",
        cli_kebab_case=True,
        cli_hide_none_type=True,
        env_prefix="__none__",
    )

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
    history: CliSubCommand[ShowHistory] = Field(
        description="Show every promotion, refusal and rollback, or what served at a given time"
    )
    rollback: CliSubCommand[Rollback] = Field(
        description="Bring back an earlier champion and its cover index, by a run of a DAG"
    )
    retention: CliSubCommand[Retention] = Field(
        description="List or remove versions, runs and logs that nothing needs any more"
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
    ingest: CliSubCommand[Ingest] = Field(
        description="Ingest a listing or covers into a folder, without Airflow"
    )
    sample: CliSubCommand[Sample] = Field(
        description="Write a sample library: a listing and a cover set, drawn from a small grammar"
    )

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)


def main() -> None:
    """Run the command line; a failure prints one line, an interruption exits with 130."""
    prepare_process()
    try:
        CliApp.run(Dustjacket)
    except DustjacketError as error:
        print(f"dustjacket: {error}", file=sys.stderr)
        sys.exit(1)
    except ValidationError as error:
        print(f"dustjacket: {first_error(error)}", file=sys.stderr)
        sys.exit(1)
    except httpx.HTTPError as error:
        cure = "see `dustjacket status`; `dustjacket up` starts servers that are down"
        print(f"dustjacket: Airflow failed: {error}; {cure}", file=sys.stderr)
        sys.exit(1)
    except (BotoCoreError, ClientError) as error:
        cure = "see `dustjacket status`; `dustjacket up` starts servers that are down"
        note = disk_note(home())
        print(f"dustjacket: the object store failed: {error}; {cure}{note}", file=sys.stderr)
        sys.exit(1)
    except OSError as error:
        full = error.errno in (errno.ENOSPC, errno.EDQUOT)
        cure = "free space on that disk" if full else "check that file and its permissions"
        reason = f"{error.filename or 'a file'}: {error.strerror or error}"
        print(f"dustjacket: {reason}; {cure}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("dustjacket: interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _ingest(step: Step, flags: StepParameters, out: Path | None) -> None:
    if out is None:
        raise BadInputError("name a new folder with --out, or look at the listing with --preview")
    from dustjacket.cli.local_ingest import ingest
    from dustjacket.cli.preview import notes
    from dustjacket.cli.report import rows_table

    overrides = flags.model_dump(exclude_unset=True, exclude={"out", "preview"})
    for name in {"source", "enrich", "catalog"} & overrides.keys():
        overrides[name] = absolute(overrides[name])
    manifest = ingest(step, overrides, out.absolute(), console)
    console.print(rows_table({manifest.kind: manifest.facts}))
    for line in notes(manifest.facts):
        console.print(line)
    console.print(f"{manifest.kind} {manifest.version.rpartition('-')[2]} in {out}")


if __name__ == "__main__":
    main()
