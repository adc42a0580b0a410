"""``dustjacket label``: a file given back with subjects."""

import signal
import sys
from pathlib import Path
from types import FrameType

from pydantic import BaseModel, Field
from pydantic_settings import CliPositionalArg
from rich.progress import Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from rich.table import Table

from dustjacket.cli.context import console, open_store

_SHOWN = 20


class LabelFile(BaseModel):
    """Add subjects to a file of books, and write it as it came.

    Tables get columns, ONIX a composite Subject, and MARC a field with a note on its origin.
    """

    file: CliPositionalArg[Path] = Field(description="file of books, of any format of a listing")
    out: Path | None = Field(
        None, description="file to write; *.csv: a table of labels; empty: beside the file"
    )
    title_column: str = Field("", description="column of titles, by its header")
    author_column: str = Field("", description="column of authors")
    description_column: str = Field("", description="column of descriptions")
    separator: str = Field("", max_length=1, description="separator of a text table")
    encoding: str = Field("", description="encoding of a text, such as cp1251")
    scheme: str = Field(
        "Dustjacket", min_length=1, description="ONIX: name of the subjects' scheme"
    )
    source_code: str = Field(
        "local", pattern=r"^[a-z0-9/-]{1,20}$", description="MARC: code of the subjects' source, $2"
    )
    marc_field: str = Field(
        "650", pattern=r"^65[05]$", description="MARC: 650 for topics, 655 for genres and forms"
    )

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.genres.read import classifier_in_use, load_scorer
        from dustjacket.labelling.label import Labeller
        from dustjacket.labelling.label_file import label_file
        from dustjacket.labelling.source import LabelOptions

        store = open_store()
        champion = classifier_in_use(store)
        scorer = load_scorer(store, champion, store.settings.cache)
        labeller = Labeller.of(scorer, f"{champion.kind}/{champion.version}")
        options = LabelOptions(
            title=self.title_column,
            author=self.author_column,
            description=self.description_column,
            separator=self.separator,
            encoding=self.encoding,
            scheme=self.scheme,
            source_code=self.source_code,
            marc_tag=self.marc_field,
        )
        signal.signal(signal.SIGTERM, _end)
        shown = Progress(
            SpinnerColumn(),
            TextColumn("{task.completed:,} records"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        with shown:
            bar = shown.add_task("", total=None)

            def progress(done: int) -> None:
                if done % 1000 == 0:
                    shown.update(bar, completed=done)

            labelled = label_file(self.file, self.out, labeller, options, progress)
        table = Table("subject", "records")
        for subject, records in labelled.subjects.most_common(_SHOWN):
            table.add_row(subject, f"{records:,}")
        table.add_section()
        if (others := len(labelled.subjects) - _SHOWN) > 0:
            table.add_row(f"{others:,} more subjects", "")
        table.add_row("not sure", f"{labelled.not_sure:,}")
        for reason, records in labelled.rejected.most_common():
            table.add_row(f"rejected: {reason}", f"{records:,}")
        console.print(table)
        console.print(f"{labelled.out} ({labelled.format}) by {labeller.version}")


def _end(_number: int, _frame: FrameType | None) -> None:
    """End as at an interruption, so that no part of a file is left."""
    sys.exit(128 + signal.SIGTERM)
