"""The commands that query published models: genre, covers, match, and the Studio."""

import os
from dataclasses import asdict
from pathlib import Path

from pydantic import BaseModel, Field
from pydantic_settings import CliImplicitFlag, CliPositionalArg
from rich.table import Table

from dustjacket.cli.context import console, open_store, print_json
from dustjacket.errors import NotReadyError
from dustjacket.pipeline.kinds import Kind


class PredictGenre(BaseModel):
    """Predict the genre of a title with the classifier in use."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    description: str | None = Field(None, description="its description")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.genres.read import load_scorer
        from dustjacket.genres.scorer import predict_genre
        from dustjacket.pipeline.steps import in_use, why_none

        store = open_store()
        champion = in_use(store, Kind.GENRE_CLASSIFIER)
        if champion is None:
            why = why_none(store, Kind.GENRE_CLASSIFIER)
            raise NotReadyError(f"{why}: run `dustjacket run`, with a larger listing if need be")
        scorer = load_scorer(store, champion, store.settings.cache)
        answer = predict_genre(scorer, self.title, self.author, self.description)
        if self.as_json:
            rounded = [{"genre": genre, "probability": round(p, 4)} for genre, p in answer.ranked]
            print_json(
                {
                    "title": self.title,
                    "genres": rounded,
                    "sure": answer.sure,
                    "max_error": scorer.abstention.max_error,
                    "classifier": champion.version,
                }
            )
            return
        table = Table("genre", "probability", title=self.title)
        for genre, probability in answer.ranked:
            table.add_row(genre, f"{probability:.1%}")
        console.print(table)
        console.print(scorer.abstention.explain(sure=answer.sure))


class FindCovers(BaseModel):
    """Find the covers that match a title best, in the champion's index."""

    title: CliPositionalArg[str] = Field(description="title of a book")
    author: str | None = Field(None, description="its author")
    genre: str | None = Field(None, description="only covers of this genre or category")
    top: int = Field(5, ge=1, le=100, description="maximum number of covers")
    as_json: CliImplicitFlag[bool] = Field(False, alias="json", description="print JSON")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.retrieval.read import index_in_use, search_covers

        store = open_store()
        index = index_in_use(store)
        matches = search_covers(store, index, self.title, self.author, self.top, self.genre)
        if self.as_json:
            rows = [asdict(match) for match in matches]
            print_json({"title": self.title, "covers": rows, "index": index.version})
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
        from dustjacket.clip.match import match, write_figure
        from dustjacket.clip.match_input import check_prompts, read_cover
        from dustjacket.clip.read import load_version, newest_model

        store, prompts = open_store(), check_prompts(self.prompts)
        body, model = read_cover(store, self.cover), newest_model(store)
        matched = match(load_version(store, model, store.settings.cache), self.cover, body, prompts)
        if self.figure:
            write_figure(matched, self.figure)
        model_name = f"{model.kind}/{model.version}"
        if self.as_json:
            print_json({**matched.facts(), "model": model_name})
            return
        table = Table("prompt", "cosine", "match probability", title=self.cover)
        for row in sorted(matched.prompts, key=lambda row: -row.probability):
            table.add_row(row.prompt, f"{row.cosine:.3f}", f"{row.probability:.1%}")
        console.print(table)
        console.print(f"by {model_name}")


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
