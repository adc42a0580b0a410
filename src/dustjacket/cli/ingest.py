"""``dustjacket ingest``: read a listing or covers into a folder."""

from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliImplicitFlag, CliPositionalArg, CliSubCommand

from dustjacket.catalog.step import INGEST_CATALOG, CatalogParameters
from dustjacket.cli.context import absolute, console
from dustjacket.covers.step import INGEST_COVERS, CoversParameters
from dustjacket.errors import BadInputError
from dustjacket.pipeline.parameters import StepParameters
from dustjacket.pipeline.step import Step
from dustjacket.records.parameters import SOURCES


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
        paths = {name: absolute(given[name]) for name in SOURCES if name in given}
        parameters = CatalogParameters.model_validate(given | paths)
        with local_store(*paths.values()) as store:
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


def _ingest(step: Step, flags: StepParameters, out: Path | None) -> None:
    if out is None:
        raise BadInputError("name a new folder with --out, or look at the listing with --preview")
    from dustjacket.cli.local_ingest import ingest
    from dustjacket.cli.preview import notes
    from dustjacket.cli.report import rows_table

    overrides = flags.model_dump(exclude_unset=True, exclude={"out", "preview"})
    for name in overrides.keys() & set(SOURCES):
        overrides[name] = absolute(overrides[name])
    manifest = ingest(step, overrides, out.absolute(), console)
    console.print(rows_table({manifest.kind: manifest.facts}))
    for line in notes(manifest.facts):
        console.print(line)
    console.print(f"{manifest.kind} {manifest.version.rpartition('-')[2]} in {out}")
