"""``dustjacket sample``: write the sample library."""

from pathlib import Path
from typing import Literal

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg

from dustjacket.cli.context import console

SampleFormatName = Literal[
    "csv", "xlsx", "ods", "jsonl", "parquet", "onix", "marc", "marcxml", "opf"
]


class Sample(BaseModel):
    """Write a sample library: a listing and a cover set, drawn from a small grammar."""

    folder: CliPositionalArg[Path] = Field(description="new folder")
    rows: int = Field(3000, ge=10, le=20_000_000, description="rows of the listing")
    covers: int = Field(1200, ge=10, le=1_000_000, description="covers to draw")
    seed: int = Field(13, description="the same seed gives the same library")
    format: SampleFormatName = Field("csv", description="of the listing and the table of covers")

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.sample import make_sample

        library = make_sample(self.folder, self.rows, self.covers, self.seed, self.format)
        console.print(f"wrote {library.listing} and {library.covers}")
        console.print(f"look at {library.contact_sheet}")
