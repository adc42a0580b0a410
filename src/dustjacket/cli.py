"""``dustjacket …``: the command line. Each command is a typed class; its fields are its flags."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field, ValidationError
from pydantic_settings import (
    BaseSettings,
    CliApp,
    CliPositionalArg,
    CliSubCommand,
    SettingsConfigDict,
)

from dustjacket.errors import DustjacketError
from dustjacket.parameters import CatalogParameters, CoversParameters, Profile, StepParameters
from dustjacket.questions import Covers, Genre, History, Match, Rollback, console

if TYPE_CHECKING:
    from collections.abc import Callable

    from pyspark.sql import SparkSession

    from dustjacket.job import Job

EXIT_INTERRUPTED = 130


class Up(BaseModel):
    """Start the embedded platform, or what of it is not running."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform import print_addresses, up

        print_addresses(up(), console)


class Down(BaseModel):
    """Stop the embedded platform and every process of it."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform import down

        down()


class Status(BaseModel):
    """Show each server: whether it is healthy, where, since when."""

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.platform import print_status

        print_status(console)


class Run(Profile):
    """Start the platform, run the chain on a listing and covers, report.

    Every parameter of every step can be given, such as --finetune-clip.epochs 3; it becomes the
    team's default.
    """

    catalog: str = Field("", description="listing: file, folder or s3:// (default: the sample)")
    covers: str = Field("", description="cover set: folder or s3:// (default: the sample)")
    report: Path = Field(Path("report.json"), description="where to write the report")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.chain.run import run
        from dustjacket.platform import print_addresses
        from dustjacket.steps import STEPS

        given = self.model_dump(exclude_unset=True, include=set(STEPS))
        settings = run(given, self.catalog, self.covers, self.report.absolute(), console)
        print_addresses(settings, console)


<<<<<<< HEAD
=======
class Genre(BaseModel):
    """Predict the genre of a title with the newest published classifier."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.genres.read import load_scorer
        from dustjacket.genres.scorer import predict_genre

        store = _store()
        newest = store.newest("genre_classifier")
        if newest is None:
            raise NotReadyError("no classifier is published yet: run `dustjacket run`")
        genres = predict_genre(load_scorer(store, newest, _cache()), self.title, self.author)
        if self.as_json:
            found = [{"genre": genre, "probability": round(p, 4)} for genre, p in genres]
            _print_json({"title": self.title, "genres": found, "classifier": newest.version})
            return
        table = Table("genre", "probability", title=self.title)
        for genre, probability in genres:
            table.add_row(genre, f"{probability:.1%}")
        console.print(table)


class Covers(BaseModel):
    """Find the covers that match a title best in the newest published index."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    top: int = Field(5, ge=1, le=100, description="how many covers")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.retrieval.search import find_covers

        store = _store()
        newest = store.newest("cover_index")
        if newest is None:
            raise NotReadyError("no cover index is published yet: run `dustjacket run`")
        matches = find_covers(store, newest, self.title, self.author, self.top)
        if self.as_json:
            found = [asdict(match) for match in matches]
            _print_json({"title": self.title, "covers": found, "index": newest.version})
            return
        table = Table("cover", "score", "title", "author", "category", title=self.title)
        for match in matches:
            table.add_row(
                match.key,
                f"{match.score:.3f}",
                match.title,
                match.author or "-",
                match.category or "-",
            )
        console.print(table)


class History(BaseModel):
    """Show every promotion, refusal and rollback, or what served at a time."""

    at: datetime | None = Field(None, description="a date or time, in UTC if it does not say")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.promotion.ledger import Ledger, serving

        records = Ledger(_store()).records()
        if not any(record.to for record in records):
            console.print("nothing was promoted yet: the starting weights serve")
        moment = self.at and (self.at if self.at.tzinfo else self.at.replace(tzinfo=UTC))
        champion = serving(records, moment)
        if moment:
            first = next((record.from_ for record in records if record.to), None)
            serves = champion.to if champion else first
            since = champion and f"{champion.at:%Y-%m-%d %H:%M:%S} UTC"
            if self.as_json:
                why = champion and champion.model_dump(mode="json", by_alias=True)
                _print_json({"at": moment.isoformat(), "serves": serves, "record": why})
            elif serves:
                told = f"since {since}" if since else "before anything was promoted"
                console.print(f"{serves} served, {told}", soft_wrap=True)
            return
        if self.as_json:
            _print_json([record.model_dump(mode="json", by_alias=True) for record in records])
            return
        for record in records:
            mark = " ←" if record == champion else ""
            serves = f" serves as {record.to}" if record.to else f": {record.from_} stays"
            console.print(
                f"[bold]{record.number}  {record.action.replace('_', ' ')}[/bold]{mark}  "
                f"{record.at.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC, by {escape(record.who)}\n"
                f"   {record.model}{serves}\n   {escape(record.why)}",
                soft_wrap=True,
            )


class Rollback(BaseModel):
    """Bring back an earlier champion, through Airflow, so that the cover index follows."""

    version: CliPositionalArg[str | None] = Field(
        None, description="one that has served (default: the one before the present champion)"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.chain.airflow_api import AirflowApi
        from dustjacket.chain.follow import wait_for_run
        from dustjacket.promotion.ledger import Ledger

        api = AirflowApi(load_settings())
        run = api.trigger("rollback_clip", {"version": self.version})
        wait_for_run(api, run)
        done = next(
            record for record in Ledger(_store()).records() if record.dag_run_id == run.dag_run_id
        )
        console.print(f"{done.to} serves: {escape(done.why)}")


>>>>>>> w-p
class IngestCatalog(CatalogParameters):
    """Read and clean a listing of books."""

    source: CliPositionalArg[str] = Field(description="listing: path, s3:// or https:// address")
    out: Path = Field(description="new folder for books, rejected rows and manifest")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.catalog.ingest import ingest_catalog

        _ingest("ingest_catalog", ingest_catalog, self, self.out)


class IngestCovers(CoversParameters):
    """Read and check a set of covers."""

    source: CliPositionalArg[str] = Field(description="covers: path, s3:// or https:// address")
    out: Path = Field(description="new folder for shards, index, rejected rows and manifest")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.covers.ingest import ingest_covers

        _ingest("ingest_covers", ingest_covers, self, self.out)


class Ingest(BaseModel):
    """Ingest a listing or covers into a folder, without Airflow or a running platform."""

    catalog: CliSubCommand[IngestCatalog] = Field(description="Read and clean a listing of books")
    covers: CliSubCommand[IngestCovers] = Field(description="Read and check a set of covers")

    def cli_cmd(self) -> None:
        """Run the command that was named."""
        CliApp.run_subcommand(self)


class Sample(BaseModel):
    """Write a sample library: a listing and a cover set, drawn from a small grammar."""

    folder: CliPositionalArg[Path] = Field(description="where to write it")
    rows: int = Field(3000, ge=10, le=20_000_000, description="rows of the listing")
    covers: int = Field(1200, ge=10, le=1_000_000, description="covers to draw")
    seed: int = Field(13, description="the same seed gives the same library")
    style: Literal["classic", "modern"] = Field("classic", description="how covers are drawn")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.sample import make_sample

        library = make_sample(self.folder, self.rows, self.covers, self.seed, self.style)
        console.print(f"wrote {library.listing} and {library.covers}")
        console.print(f"look at {library.contact_sheet}")


class Dustjacket(BaseSettings):
    """Teach CLIP to know a book by its cover."""

    model_config = SettingsConfigDict(
        cli_prog_name="dustjacket",
        cli_kebab_case=True,
        cli_hide_none_type=True,
        env_prefix="__none__",
    )

    up: CliSubCommand[Up] = Field(
        description="Start the embedded platform, or what of it is not running"
    )
    down: CliSubCommand[Down] = Field(
        description="Stop the embedded platform and every process of it"
    )
    status: CliSubCommand[Status] = Field(
        description="Show each server: whether it is healthy, where, since when"
    )
    run: CliSubCommand[Run] = Field(
        description="Start the platform, run the chain on a listing and covers, report"
    )
    genre: CliSubCommand[Genre] = Field(
        description="Predict the genre of a title with the newest published classifier"
    )
    covers: CliSubCommand[Covers] = Field(
        description="Find the covers that match a title best in the champion's index"
    )
    match: CliSubCommand[Match] = Field(
        description="Say how well prompts fit a cover, by the promoted model"
    )
    history: CliSubCommand[History] = Field(
        description="Show every promotion, refusal and rollback, or what served at a time"
    )
    rollback: CliSubCommand[Rollback] = Field(
        description="Bring back an earlier champion, and the cover index with it"
    )
    ingest: CliSubCommand[Ingest] = Field(
        description="Ingest a listing or covers into a folder, without Airflow"
    )
    sample: CliSubCommand[Sample] = Field(
        description="Write a sample library: a listing and a cover set, drawn from a small grammar"
    )

    def cli_cmd(self) -> None:
        """Run the command that was named."""
        CliApp.run_subcommand(self)


def main() -> None:
    """Run the command line; a failure is one line, an interruption exits with 130."""
    try:
        CliApp.run(Dustjacket)
    except DustjacketError as error:
        print(f"dustjacket: {error}", file=sys.stderr)
        sys.exit(1)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        flag = ".".join(map(str, first["loc"]))
        print(f"dustjacket: {flag}: {first['msg']} (got {first['input']!r})", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        print("dustjacket: interrupted", file=sys.stderr)
        sys.exit(EXIT_INTERRUPTED)


def _ingest(
    step: str, work: "Callable[[Job, SparkSession], None]", flags: StepParameters, out: Path
) -> None:
    from dustjacket.chain.alone import ingest
    from dustjacket.chain.report import rows_table
    from dustjacket.chain.run import absolute

    given = flags.model_dump(exclude_unset=True, exclude={"out"})
    given["source"] = absolute(given["source"])
    manifest = ingest(step, work, given, out.absolute(), console)
    console.print(rows_table({manifest.kind: manifest.facts}))
    console.print(f"{manifest.kind} {manifest.version.rpartition('-')[2]} in {out}")


if __name__ == "__main__":
    main()
