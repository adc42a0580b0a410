"""``dustjacket run``: start the platform, store the team defaults, run the chain, report."""

import json
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console

from dustjacket.cli.airflow_api import AirflowApi
from dustjacket.cli.context import absolute
from dustjacket.cli.follow import run_chain, wait_for_dags
from dustjacket.cli.report import build_report, print_report, print_unchanged
from dustjacket.pipeline.code_digest import code_digest
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.team_defaults import VARIABLE, TeamDefaults, keep_copy
from dustjacket.platform import down, is_up, up
from dustjacket.records.parameters import SOURCES
from dustjacket.sample import DEFAULT_COVERS, DEFAULT_ROWS, DEFAULT_SEED, make_sample
from dustjacket.settings import Settings, load_settings
from dustjacket.sources.files import fingerprint
from dustjacket.sources.roots import SAMPLE_PREFIX, allow
from dustjacket.storage.store import Store

GENERATED_COVERS = "generated_covers.jpg"
"""Beside the report."""


def run(
    overrides: dict[str, Any],
    catalog: str,
    covers: str,
    report: Path,
    console: Console,
    *,
    tables: bool = False,
) -> Settings:
    """Run the whole chain, write its report, and return the settings of the platform.

    Args:
        overrides: parameters by step, which become the team defaults.
        catalog: listing to read; empty for the team's, or the sample's if the team has none.
        covers: cover set to read; empty for the team's, or the sample's if the team has none.
        tables: whether to print all tables where nothing had to be done.

    Raises:
        DustjacketError: a source does not exist, a server does not start, or a step failed.
    """
    catalog, covers = absolute(catalog), absolute(covers)
    # With an Airflow of the team's own, there is nothing to start or stop.
    elsewhere = bool(Settings(_env_file=None).airflow_url)
    was_up = elsewhere or is_up()
    try:
        settings = load_settings() if elsewhere else up()
        api, store = AirflowApi(settings), Store(settings)
        given = {"ingest_catalog": catalog, "ingest_covers": covers}
        for step, source in given.items():
            if source:
                overrides.setdefault(step, {})["source"] = source
        for parameters in overrides.values():
            for name in SOURCES:
                allow(absolute(parameters.get(name) or ""), settings)
        team = TeamDefaults.from_json(api.variable(VARIABLE)).with_overrides(overrides)
        sources = choose_sources(team, lambda: _draw_sample(settings, console))
        for step, source in sources.items():
            fingerprint(source, settings)
            overrides.setdefault(step, {})["source"] = source
        wait_for_dags(api, console.print)
        defaults = store_defaults(api, overrides)
        keep_copy(store, defaults.to_json())
        console.print(f"Airflow: {settings.airflow_url}   MLflow: {settings.mlflow_uri}")
        listing = sources["ingest_catalog"]
        is_new = bool(catalog) or is_sample(listing)
        accepted = changed_source(store, listing, console) if is_new else {}
        done = run_chain(api, store, defaults, console, accepted)
    except KeyboardInterrupt:
        if was_up:
            console.print(
                "Interrupted. Runs that were started go on in Airflow, see `make status`; the "
                "platform was running before and still is (`make down` stops it and them)."
            )
        else:
            console.print("Interrupted: stopping the platform. `make run` continues from here.")
            down()
        raise
    # Imported only here, because it loads typesetting.
    from dustjacket.cli.generated_covers import write_generated_covers

    figures = build_report(done.versions, done.seconds, settings)
    report.write_text(json.dumps(figures, indent=2, default=str) + "\n")
    (print_report if done.seconds or tables else print_unchanged)(figures, console)
    console.print(f"report   {report}")
    write_generated_covers(settings, report.with_name(GENERATED_COVERS), console)
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
    write_defaults(api, defaults.to_json())
    return defaults


def write_defaults(api: AirflowApi, text: str) -> None:
    """Store the team defaults in Airflow's variable."""
    description = "Team defaults: parameters of each step that a run does not override"
    api.set_variable(VARIABLE, text, description)


def is_sample(source: str) -> bool:
    """Return whether a source is a sample library that a run drew, of this or another release."""
    name = re.compile(rf"{SAMPLE_PREFIX}{DEFAULT_SEED}-[0-9a-f]{{12}}")
    return any(map(name.fullmatch, Path(source).parts))


def choose_sources(team: TeamDefaults, draw_sample: Callable[[], Path]) -> dict[str, str]:
    """Return the source of each ingestion: the team's, or the sample's where the team has none.

    Args:
        team: the defaults, with the sources given for this run on top.
        draw_sample: returns the folder of the present release's sample.
    """
    sources = {
        "ingest_catalog": team.source_of(Kind.CATALOG),
        "ingest_covers": team.source_of(Kind.COVERS),
    }
    if all(source and not is_sample(source) for source in sources.values()):
        return sources
    folder = draw_sample()
    sample = {"ingest_catalog": folder / "listing.csv", "ingest_covers": folder / "covers"}
    return {
        step: source if source and not is_sample(source) else str(sample[step])
        for step, source in sources.items()
    }


def _draw_sample(settings: Settings, console: Console) -> Path:
    # The name contains a digest of the code that draws, so a change of it draws a new sample.
    folder = settings.home / f"{SAMPLE_PREFIX}{DEFAULT_SEED}-{code_digest('dustjacket.sample')}"
    if not folder.exists():
        console.print(
            f"drawing a sample library of {DEFAULT_ROWS} books and {DEFAULT_COVERS} covers"
        )
        draft = folder.with_suffix(".part")
        make_sample(draft, DEFAULT_ROWS, DEFAULT_COVERS, DEFAULT_SEED)
        draft.rename(folder)
    return folder
