"""``dustjacket corpus``: corpora of Annif, to a listing and from the catalogue."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from pydantic import BaseModel, Field
from pydantic_settings import CliApp, CliPositionalArg, CliSubCommand

from dustjacket.cli.context import console, open_store
from dustjacket.errors import BadInputError, NotReadyError

if TYPE_CHECKING:
    from dustjacket.records.vocabulary import Vocabulary

_VOCABULARY = "file of the subjects' vocabulary: SKOS, or a CSV table of codes and names"


class ReadCorpus(BaseModel):
    """Write the documents of an Annif corpus as a listing, which `dustjacket run` reads."""

    corpus: CliPositionalArg[Path] = Field(description="file of short texts, or folder of texts")
    out: CliPositionalArg[Path] = Field(description="listing to write, *.jsonl")
    vocabulary: Path | None = Field(None, description=_VOCABULARY)

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.labelling.annif_corpus import listing_rows, read_corpus

        rows = listing_rows(read_corpus(self.corpus), read_local(self.vocabulary))
        part, count = self.out.with_name(f"{self.out.name}.part"), 0
        try:
            with part.open("w", encoding="utf-8") as stream:
                for count, row in enumerate(rows, start=1):  # noqa: B007  # the last is the number
                    stream.write(json.dumps(row, ensure_ascii=False) + "\n")
            part.replace(self.out)
        finally:
            part.unlink(missing_ok=True)
        console.print(f"wrote {count:,} records to {self.out}")


class WriteCorpus(BaseModel):
    """Write the catalogue's books that have subjects as an Annif corpus, one part a side."""

    folder: CliPositionalArg[Path] = Field(description="new folder")
    form: Literal["short", "full"] = Field("short", description="short texts, or a file a text")
    vocabulary: Path | None = Field(None, description=_VOCABULARY)

    def cli_cmd(self) -> None:
        """Run the command."""
        from dustjacket.catalog.read import BOOKS
        from dustjacket.genres.subject_labels import SubjectNames
        from dustjacket.labelling.annif_corpus import SubjectUris, catalog_documents, write_corpus
        from dustjacket.pipeline.kinds import Kind
        from dustjacket.storage.parquet import read_parquet

        store = open_store()
        catalog = store.newest(Kind.CATALOG)
        if catalog is None:
            raise NotReadyError("no catalogue is published yet: run `dustjacket run`")
        books = read_parquet(store, catalog, BOOKS)
        if "subjects" not in books.columns:
            raise BadInputError(f"catalog/{catalog.version} has no subjects: ingest it again")
        if "training" in books.columns:  # where text and data mining is reserved, none may train
            books = books[books["training"] | (books["split"] == "test")]
        by = SubjectNames(read_local(self.vocabulary))
        uris = SubjectUris(by)
        parts = {
            str(split): catalog_documents(part.to_dict("records"), by, uris)
            for split, part in books.groupby("split")
        }
        counts = write_corpus(self.folder, parts, full=self.form == "full")
        shown = ", ".join(f"{count:,} {name}" for name, count in counts.items())
        console.print(f"wrote {shown} documents of catalog/{catalog.version} to {self.folder}")


class CorpusCommands(BaseModel):
    """Corpora of Annif: read one as a listing, or write the catalogue as one."""

    read: CliSubCommand[ReadCorpus] = Field(description="Write an Annif corpus as a listing")
    write: CliSubCommand[WriteCorpus] = Field(description="Write the catalogue as an Annif corpus")

    def cli_cmd(self) -> None:
        """Run the subcommand."""
        CliApp.run_subcommand(self)


def read_local(path: Path | None) -> "Vocabulary | None":
    """Return the vocabulary in a local file; None: none.

    Raises:
        BadInputError: it cannot be read.
    """
    from dustjacket.records.vocabulary import MAX_BYTES, read_vocabulary

    if path is None:
        return None
    try:
        with path.open("rb") as stream:
            return read_vocabulary(stream.read(MAX_BYTES + 1), path.name)
    except OSError as error:
        raise BadInputError(f"{path}: {error.strerror}; check its path") from error
