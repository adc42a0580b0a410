"""The commands of the command line that ask about what is published, and roll it back."""

import json
import os
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from dustjacket.errors import NotReadyError
from dustjacket.settings import load_settings

if TYPE_CHECKING:
    from dustjacket.storage.store import Store

console = Console()


class Genre(BaseModel):
    """Predict the genre of a title with the classifier in use."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.genres.read import load_scorer
        from dustjacket.genres.scorer import predict_genre
        from dustjacket.pipeline.steps import in_use

        store = _store()
        champion = in_use(store, "genre_classifier")
        if champion is None:
            raise NotReadyError("no classifier is published yet: run `dustjacket run`")
        genres = predict_genre(load_scorer(store, champion, _cache()), self.title, self.author)
        if self.as_json:
            found = [{"genre": genre, "probability": round(p, 4)} for genre, p in genres]
            _print_json({"title": self.title, "genres": found, "classifier": champion.version})
            return
        table = Table("genre", "probability", title=self.title)
        for genre, probability in genres:
            table.add_row(genre, f"{probability:.1%}")
        console.print(table)


class Covers(BaseModel):
    """Find the covers that match a title best in the champion's index."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    genre: str | None = Field(None, description="only covers of this genre or category")
    top: int = Field(5, ge=1, le=100, description="how many covers")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.retrieval.read import find_covers, index_in_use

        store = _store()
        index = index_in_use(store)
        matches = find_covers(store, index, self.title, self.author, self.top, self.genre)
        if self.as_json:
            found = [asdict(match) for match in matches]
            _print_json({"title": self.title, "covers": found, "index": index.version})
            return
        table = Table("cover", "cosine", "named", "title", "author", "genre", title=self.title)
        for match in matches:
            table.add_row(
                match.key,
                f"{match.score:.3f}",
                f"{match.words:.0%}",
                match.title,
                match.author or "-",
                match.category or match.genre or "-",
            )
        console.print(table)


class Match(BaseModel):
    """Say how well prompts fit a cover, by the promoted model."""

    cover: CliPositionalArg[str] = Field(
        description="image: a path, an s3:// address, or the key of a published cover"
    )
    prompts: CliPositionalArg[list[str]] = Field(description="texts to hold against it")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="answer as JSON")
    figure: Path | None = Field(None, description="PNG to draw: the cover and its prompts")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.clip.match import (
            check_prompts,
            match,
            newest_model,
            read_cover,
            write_figure,
        )
        from dustjacket.clip.read import load_version

        store, prompts = _store(), check_prompts(self.prompts)
        body, model = read_cover(store, self.cover), newest_model(store)
        found = match(load_version(store, model), self.cover, body, prompts)
        if self.figure:
            write_figure(found, self.figure)
        named = f"{model.kind}/{model.version}"
        if self.as_json:
            _print_json({**found.facts(), "model": named})
            return
        table = Table("prompt", "cosine", "match probability", title=escape(self.cover))
        for one in sorted(found.prompts, key=lambda one: -one.probability):
            table.add_row(escape(one.prompt), f"{one.cosine:.3f}", f"{one.probability:.1%}")
        console.print(table)
        console.print(f"by {named}")


class Studio(BaseModel):
    """Serve the Studio alone: its page and API, over what is published.

    It asks for the token that DUSTJACKET_STUDIO_TOKEN sets; on loopback it need not be set.
    """

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8899, ge=1, le=65535, description="port to listen on")

    def cli_cmd(self) -> None:
        """Run the command."""
        # Before PyTorch is loaded: with a thread for each question's parts, questions that are
        # answered at once, and whatever else runs, wait for each other.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from dustjacket.settings import Settings
        from dustjacket.studio.server import serve

        settings = _store().settings
        # The platform's own Studio has a token of its own, which is not for people.
        token = Settings(_env_file=None).studio_token
        console.print(f"Studio   http://{self.host}:{self.port}/", soft_wrap=True)
        serve(settings, self.host, self.port, token.get_secret_value() if token else None)


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
        from dustjacket.cli.airflow_api import AirflowApi
        from dustjacket.cli.follow import wait_for_run
        from dustjacket.promotion.ledger import Ledger

        api = AirflowApi(load_settings())
        run = api.trigger("rollback_clip", {"version": self.version})
        wait_for_run(api, run)
        done = next(
            record for record in Ledger(_store()).records() if record.dag_run_id == run.dag_run_id
        )
        console.print(f"{done.to} serves: {escape(done.why)}")


def _store() -> "Store":
    from dustjacket.storage.store import Store

    settings = load_settings()
    if not settings.s3_endpoint:
        raise NotReadyError("no S3 server: run `dustjacket up`, or set DUSTJACKET_S3_ENDPOINT")
    return Store(settings)


def _cache() -> Path:
    return load_settings().home / "cache"


def _print_json(answer: dict[str, Any] | list[Any]) -> None:
    print(json.dumps(answer, ensure_ascii=False))
