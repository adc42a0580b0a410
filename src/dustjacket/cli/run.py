"""``dustjacket run``: platform up, profile stored, chain run, report printed and written."""

import json
import os
from pathlib import Path
from typing import Any

from pydantic import ValidationError
from rich.console import Console

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.follow import run_chain, wait_for_dags
from dustjacket.cli.report import build_report, print_report
from dustjacket.errors import BadInputError
from dustjacket.pipeline.steps import STEPS, code_digest
from dustjacket.pipeline.team_defaults import PROFILE_VARIABLE, Profile, parse_profile
from dustjacket.platform import down, is_up, up
from dustjacket.sample import make_sample
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint
from dustjacket.storage.store import Store

SAMPLE_ROWS, SAMPLE_COVERS, SAMPLE_SEED = 3000, 1200, 13


def run(
    given: dict[str, Any], catalog: str, covers: str, report: Path, console: Console
) -> Settings:
    """Run the whole chain, write its report, and return where the servers are.

    Args:
        given: parameters by step that replace those of the team's profile.
        catalog: listing to read; empty for the sample library's.
        covers: cover set to read; empty for the sample library's.

    Raises:
        DustjacketError: a source is not there, a server does not start, or a step failed.
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
        given.setdefault("ingest_catalog", {})["source"] = catalog
        given.setdefault("ingest_covers", {})["source"] = covers
        profile = store_profile(api, given)
        console.print(f"Airflow: {settings.airflow_url}   MLflow: {settings.mlflow_uri}")
        versions = run_chain(api, store, profile, console, another_listing(store, catalog, console))
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


def another_listing(store: Store, catalog: str, console: Console) -> dict[str, dict[str, Any]]:
    """Return the parameters of a run that need not be like the one before, where it cannot be.

    Who names another listing than that of the newest version means it to be another.
    """
    before = store.newest(STEPS["ingest_catalog"].publishes)
    if before is None or before.source == catalog:
        return {}
    console.print(f"another listing than {before.source}: it is not held against that one")
    return {"ingest_catalog": {"accept_changes": True}}


def store_profile(api: AirflowApi, given: dict[str, Any]) -> Profile:
    """Lay ``given`` over the team's profile, store it as Airflow's variable, and return it.

    Raises:
        BadInputError: a value is out of its limits, or what is stored is not a profile.
    """
    stored = api.variable(PROFILE_VARIABLE)
    values = (parse_profile(stored) if stored else Profile()).model_dump()
    for step, parameters in given.items():
        values[step] |= parameters
    try:
        profile = Profile.model_validate(values)
    except ValidationError as error:
        raise BadInputError(f"the profile is wrong: {error.errors()[0]['msg']}") from None
    api.set_variable(
        PROFILE_VARIABLE,
        profile.model_dump_json(indent=2),
        "The team's defaults: parameters of each step that a run does not set",
    )
    return profile


def absolute(source: str) -> str:
    """Return a source as it can be found from any folder; an address, or nothing, as it is."""
    return source if not source or "://" in source else os.path.abspath(source)  # noqa: PTH100


def _or_sample(catalog: str, covers: str, settings: Settings, console: Console) -> tuple[str, str]:
    if catalog and covers:
        return catalog, covers
    # Named by what draws it, so that it is drawn anew when that has changed.
    folder = settings.home / f"sample-{SAMPLE_SEED}-{code_digest(('sample',))}"
    if not folder.exists():
        console.print(f"drawing a sample library of {SAMPLE_ROWS} books and {SAMPLE_COVERS} covers")
        draft = folder.with_suffix(".part")
        make_sample(draft, SAMPLE_ROWS, SAMPLE_COVERS, SAMPLE_SEED)
        draft.rename(folder)
    return catalog or str(folder / "listing.csv"), covers or str(folder / "covers")
