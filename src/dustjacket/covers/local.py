"""Covers ingested into a folder, without servers: the same content as a published version."""

import json
import secrets
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from pyspark.sql import SparkSession

from dustjacket.covers.ingest import Ingested, ingest
from dustjacket.covers.places import Folder
from dustjacket.covers.source import cache_name, local_source
from dustjacket.errors import BadInputError
from dustjacket.parameters import CoversParameters
from dustjacket.settings import Settings

FACTS = "facts.json"


def ingest_to_folder(
    spark: SparkSession,
    folder: Path,
    parameters: CoversParameters,
    settings: Settings,
    report: Callable[[str], None],
) -> Ingested:
    """Ingest ``parameters.source`` into ``folder``, which is there whole or not at all.

    It holds ``shards/``, ``index/``, ``rejected/`` and ``duplicates/`` as a version does, and
    ``facts.json``. What is fetched from the web is kept below the settings' home, so that a run
    that was stopped goes on.

    Raises:
        BadInputError: the folder is not empty, or see :func:`dustjacket.covers.ingest.ingest`.
    """
    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise BadInputError(f"{str(folder)!r} is there already: name a folder that is not")
    run = secrets.token_hex(4)
    part = folder.absolute().with_name(f".{folder.name}.{run}")
    part.mkdir(parents=True)
    try:
        with tempfile.TemporaryDirectory() as scratch:
            result = ingest(
                spark,
                local_source(parameters.source, settings, Path(scratch)),
                Folder(part),
                Folder(settings.home / cache_name(parameters.source)),
                parameters,
                report,
                run=run,
                private=settings.allow_private_addresses,
            )
        for left in [*part.rglob("_SUCCESS"), *part.rglob("*.crc")]:
            left.unlink()
        (part / FACTS).write_text(json.dumps(result.facts(), indent=2) + "\n")
        if folder.exists():
            folder.rmdir()
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    return result
