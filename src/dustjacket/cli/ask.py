"""The commands that query published models: genre, covers, match, and the Studio."""

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg
from rich.table import Table

from dustjacket.cli.context import answers, console, open_store, print_json
from dustjacket.errors import BadInputError, NotReadyError

if TYPE_CHECKING:
    from dustjacket.genres.reasons import GenreReasons


class PredictGenre(BaseModel):
    """Predict the genre of a title with the classifier in use."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    description: str | None = Field(None, description="its description")
    why: CliImplicitFlag[bool] = Field(
        False, description="words for and against the genre, and similar training books"
    )
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        source, book = answers(), (self.title, self.author, self.description)
        answer = source.genre(*book)
        reasons = source.why(*book) if self.why else None
        if self.as_json:
            why = {"why": reasons.model_dump()} if reasons else {}
            print_json(answer.model_dump() | why)
            return
        table = Table("genre", "probability", title=answer.title)
        for row in answer.genres:
            table.add_row(row.genre, f"{row.probability:.1%}")
        console.print(table)
        if answer.subjects:
            subjects = ", ".join(f"{row.subject} {row.probability:.0%}" for row in answer.subjects)
            console.print(f"subjects: {subjects}", soft_wrap=True)
        console.print(answer.statement)
        if reasons:
            _print_reasons(reasons)


def _print_reasons(reasons: "GenreReasons") -> None:
    note = "adds to its score" if reasons.exact else "log odds lost without it"
    table = Table("word", note, title=f"Words for and against {reasons.genre}")
    for row in reasons.words:
        table.add_row(row.word, f"{row.weight:+.3f}")
    console.print(table)
    similar = Table("title", "author", "genre", "similarity", title="Similar training books")
    for book in reasons.nearest:
        similar.add_row(book.title, book.author or "-", book.genre, f"{book.similarity:.2f}")
    console.print(similar)


class FindCovers(BaseModel):
    """Find the covers that match a title best, in the champion's index."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    genre: str | None = Field(None, description="only covers of this genre or category")
    top: int = Field(5, ge=1, le=100, description="maximum number of covers")
    save: Path | None = Field(None, description="new folder to write the pictures to")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        source = answers()
        answer = source.covers(self.title, self.author, self.genre, self.top)
        if self.save:
            _save(self.save, {cover.key: source.image(cover.key) for cover in answer.covers})
        if self.as_json:
            print_json(answer.model_dump())
            return
        table = Table(
            "cover", "match", "cosine", "words", "title", "author", "genre", title=answer.title
        )
        for cover in answer.covers:
            table.add_row(
                cover.key,
                f"{cover.match:.2f}",
                f"{cover.score:.3f}",
                f"{cover.words:.2f}",
                cover.title,
                cover.author or "-",
                cover.category or cover.genre or "-",
            )
        console.print(table)
        if self.save:
            console.print(f"wrote {len(answer.covers)} pictures to {self.save}")


def _save(folder: Path, images: dict[str, bytes]) -> None:
    """Write pictures to a new folder, numbered from the best.

    Raises:
        BadInputError: the folder exists.
    """
    try:
        folder.mkdir(parents=True)
    except FileExistsError:
        raise BadInputError(f"{folder} exists: name a new folder with --save") from None
    for number, body in enumerate(images.values(), 1):
        ending = "jpg" if body[:2] == b"\xff\xd8" else "webp"
        (folder / f"{number:03d}.{ending}").write_bytes(body)


class MatchPrompts(BaseModel):
    """Score how well prompts fit a cover, with the promoted model."""

    cover: CliPositionalArg[str] = Field(
        description="image: a path, an s3:// address, or the key of a published cover"
    )
    prompts: CliPositionalArg[list[str]] = Field(description="texts to compare with the cover")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")
    figure: Path | None = Field(None, description="PNG file to draw the cover and its prompts in")

    def cli_cmd(self) -> None:
        """Run the command."""
        source = answers()
        answer = source.match(self.cover, self.prompts)
        if self.figure:
            from dustjacket.clip.match import CoverMatch, PromptMatch, write_figure

            prompts = tuple(PromptMatch(**row.model_dump()) for row in answer.prompts)
            write_figure(CoverMatch(answer.cover, source.image(self.cover), prompts), self.figure)
        if self.as_json:
            print_json(answer.model_dump())
            return
        alone = len(answer.prompts) == 1  # its probability is 1, whatever it says
        table = Table("prompt", "cosine", "match probability", title=answer.cover)
        for row in sorted(answer.prompts, key=lambda row: -row.probability):
            table.add_row(
                row.prompt, f"{row.cosine:.3f}", "-" if alone else f"{row.probability:.1%}"
            )
        console.print(table)
        if alone:
            console.print("a probability needs prompts to compare with: give two or more")
        console.print(f"by {answer.model}")
        if self.figure:
            console.print(f"wrote {self.figure}")


class ServeMcp(BaseModel):
    """Serve the published models as tools of an assistant, by MCP over standard input and output.

    Needs the extra `mcp`. Tools: genre_of, find_covers, match_cover, create_cover, run_status.
    """

    def cli_cmd(self) -> None:
        """Run the command."""
        try:
            from dustjacket.client.mcp_server import mcp_server
        except ModuleNotFoundError as error:
            if error.name != "mcp":
                raise
            raise NotReadyError("MCP needs a package: install dustjacket[mcp]") from None
        from dustjacket.client.studio import RunningStudio
        from dustjacket.settings import load_settings

        mcp_server(answers(), RunningStudio(load_settings())).run()


class ServeStudio(BaseModel):
    """Serve the Studio without Airflow: its page and its API, over the published models.

    Callers need the token in DUSTJACKET_STUDIO_TOKEN; on loopback, no token is needed.
    """

    host: str = Field("127.0.0.1", description="address to listen on")
    port: int = Field(8899, ge=1, le=65535, description="port to listen on")

    def cli_cmd(self) -> None:
        """Run the command."""
        # Set before PyTorch is imported. With several threads per request, concurrent requests
        # and other processes slow each other down.
        os.environ.setdefault("OMP_NUM_THREADS", "1")
        from dustjacket.settings import Settings
        from dustjacket.studio.server import serve

        settings = open_store().settings
        # Not the tokens in platform.env, which belong to the embedded Studio.
        outside = Settings(_env_file=None)
        tokens = [
            token.get_secret_value() if token else None
            for token in (outside.studio_token, outside.studio_proxy_token)
        ]
        console.print(f"Studio   http://{self.host}:{self.port}/", soft_wrap=True)
        serve(settings, self.host, self.port, *tokens)
