"""``dustjacket run``: start the platform, store the team defaults, run the chain, report."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import run_chain, wait_for_dags
from dustjacket.cli.report import build_report, print_report
from dustjacket.pipeline.code_digest import code_digest
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.team_defaults import VARIABLE, TeamDefaults
from dustjacket.platform import down, is_up, up
from dustjacket.sample import make_sample
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint
from dustjacket.storage.store import Store

SAMPLE_ROWS, SAMPLE_COVERS, SAMPLE_SEED = 3000, 1200, 13


def run(
    overrides: dict[str, Any], catalog: str, covers: str, report: Path, console: Console
) -> Settings:
    """Run the whole chain, write its report, and return the settings of the platform.

    Args:
        overrides: parameters by step, which become the team defaults.
        catalog: listing to read; empty for the sample library's.
        covers: cover set to read; empty for the sample library's.

    Raises:
        DustjacketError: a source does not exist, a server does not start, or a step failed.
    """
    catalog, covers = absolute(catalog), absolute(covers)
    was_up = is_up()
    try:
        settings = up()
        catalog, covers = _or_sample(catalog, covers, settings, console)
        for source in (catalog, covers):
            fingerprint(source, settings)
        api, store = AirflowApi(settings), Store(settings)
        wait_for_dags(api, console.print)
        overrides.setdefault("ingest_catalog", {})["source"] = catalog
        overrides.setdefault("ingest_covers", {})["source"] = covers
        defaults = store_defaults(api, overrides)
        console.print(f"Airflow: {settings.airflow_url}   MLflow: {settings.mlflow_uri}")
        versions = run_chain(api, store, defaults, console, changed_source(store, catalog, console))
    except KeyboardInterrupt:
        if was_up:
            console.print(
                "Interrupted: the platform was running before and still is (`make down`)."
            )
        else:
            console.print("Interrupted: stopping the platform. `make run` continues from here.")
            down()
        raise
    figures = build_report(versions, api, settings)
    report.write_text(json.dumps(figures, indent=2, default=str) + "\n")
    print_report(figures, console)
    console.print(f"report   {report}")
    return settings


def changed_source(store: Store, catalog: str, console: Console) -> dict[str, dict[str, Any]]:
    """Return overrides that accept any change if the source of the listing is new.

    The limits on changes protect against changes within a source, not against a new source.
    """
    newest = store.newest(Kind.CATALOG)
    if newest is None or newest.source == catalog:
        return {}
    console.print(f"new listing, last was {newest.source}: limits on changes do not apply")
    return {"ingest_catalog": {"accept_changes": True}}


def store_defaults(api: AirflowApi, overrides: Mapping[str, dict[str, Any]]) -> TeamDefaults:
    """Apply ``overrides`` to the team defaults, store them in Airflow's variable, return them.

    Raises:
        BadInputError: a value is out of range, or the variable is invalid.
    """
    stored = api.variable(VARIABLE)
    defaults = TeamDefaults.from_json(stored)
    defaults = defaults.with_overrides(overrides)
    api.set_variable(
        VARIABLE,
        defaults.to_json(),
        "Team defaults: parameters of each step that a run does not override",
    )
    return defaults


def absolute(source: str) -> str:
    """Make a path absolute; return an address or an empty string unchanged."""
    return source if not source or "://" in source else os.path.abspath(source)  # noqa: PTH100


def _or_sample(catalog: str, covers: str, settings: Settings, console: Console) -> tuple[str, str]:
    if catalog and covers:
        return catalog, covers
    # The name contains a digest of the code that draws, so a change of it draws a new sample.
    folder = settings.home / f"sample-{SAMPLE_SEED}-{code_digest('dustjacket.sample')}"
    if not folder.exists():
        console.print(f"drawing a sample library of {SAMPLE_ROWS} books and {SAMPLE_COVERS} covers")
        draft = folder.with_suffix(".part")
        make_sample(draft, SAMPLE_ROWS, SAMPLE_COVERS, SAMPLE_SEED)
        draft.rename(folder)
    return catalog or str(folder / "listing.csv"), covers or str(folder / "covers")
