"""``dustjacket run`` keeps the team's sources; the sample is for platforms that have none."""

from types import SimpleNamespace

import pytest
from rich.console import Console

from dustjacket.cli import generated_covers
from dustjacket.cli import run as command
from dustjacket.cli.follow import ChainResult
from dustjacket.cli.sample import Sample
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.team_defaults import TeamDefaults
from dustjacket.sample import DEFAULT_COVERS, DEFAULT_ROWS, DEFAULT_SEED
from dustjacket.settings import Settings
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts


@pytest.fixture
def folder(tmp_path):
    for name in ("ours.csv", "other.csv", "moved.csv"):
        (tmp_path / name).write_text("title")
    for name in ("our-covers", "other-covers"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "cover.jpg").write_text("a cover")
    return tmp_path


@pytest.fixture
def platform(monkeypatch, folder):
    """A platform whose servers are stand-ins; ``chain`` has the arguments of each chain."""
    stand = SimpleNamespace(
        variable=None, store=store_in_memory(), chain=[], seconds={}, printed=[]
    )
    api = SimpleNamespace(
        variable=lambda _: stand.variable,
        set_variable=lambda _, value, __: setattr(stand, "variable", value),
    )

    def run_chain(_, __, defaults, ___, overrides):
        stand.chain.append((defaults, overrides))
        return ChainResult({}, stand.seconds)

    def make_sample(draft, *_):
        draft.mkdir(parents=True)
        (draft / "listing.csv").write_text("a sample")
        (draft / "covers").mkdir()
        (draft / "covers" / "cover.jpg").write_text("a cover")

    settings = Settings(home=folder / "home")
    settings.home.mkdir()
    for name, value in {
        "is_up": lambda: True,
        "up": lambda: settings,
        "AirflowApi": lambda _: api,
        "Store": lambda _: stand.store,
        "wait_for_dags": lambda *_: None,
        "run_chain": run_chain,
        "make_sample": make_sample,
        "build_report": lambda *_: {},
        "print_report": lambda *_: stand.printed.append("tables"),
        "print_unchanged": lambda *_: stand.printed.append("short"),
    }.items():
        monkeypatch.setattr(command, name, value)
    monkeypatch.setattr(generated_covers, "write_generated_covers", lambda *_: None)
    return stand


@pytest.fixture
def run(platform, folder):
    """Run the command; return the team's sources after it, and the overrides of its runs."""

    def run(catalog="", covers="", **overrides):
        given = [source and str(folder / source) for source in (catalog, covers)]
        command.run(overrides, *given, folder / "report.json", Console(quiet=True))
        team = TeamDefaults.from_json(platform.variable)
        return team.source_of(Kind.CATALOG), team.source_of(Kind.COVERS), platform.chain[-1][1]

    return run


def publish_catalog(platform, source):
    platform.store.draft("catalog", "v1").publish(source=str(source), facts=least_facts("catalog"))


def test_without_arguments_the_team_s_sources_and_gate_stay(run, platform, folder):
    ours = str(folder / "ours.csv"), str(folder / "our-covers")
    assert run("ours.csv", "our-covers") == (*ours, {})
    stored = platform.variable
    publish_catalog(platform, folder / "other.csv")  # by hand, of another source
    assert run() == (*ours, {}), "changes are not accepted unseen"
    assert platform.variable == stored


def test_a_source_that_is_not_given_stays(run, folder):
    run("ours.csv", "our-covers")
    listing, covers, _ = run(covers="other-covers")
    assert (listing, covers) == (str(folder / "ours.csv"), str(folder / "other-covers"))
    listing, covers, _ = run("other.csv")
    assert (listing, covers) == (str(folder / "other.csv"), str(folder / "other-covers"))


def test_a_new_listing_that_is_given_may_differ_from_the_last(run, platform, folder):
    publish_catalog(platform, folder / "ours.csv")
    assert run("ours.csv", "our-covers")[2] == {}
    assert run("other.csv")[2] == {"ingest_catalog": {"accept_changes": True}}


def test_the_sample_is_for_a_platform_without_sources(run, folder):
    listing, covers, _ = run()
    assert command.is_sample(listing)
    assert command.is_sample(covers)
    assert run()[:2] == (listing, covers)
    assert run("ours.csv")[:2] == (str(folder / "ours.csv"), covers)
    assert run(covers="our-covers")[:2] == (str(folder / "ours.csv"), str(folder / "our-covers"))


def test_a_sample_of_an_earlier_release_is_replaced_by_the_present_one(run, platform):
    old = "/gone/home/sample-13-0123456789ab"
    platform.variable = TeamDefaults(
        ingest_catalog={"source": f"{old}/listing.csv"}, ingest_covers={"source": f"{old}/covers"}
    ).to_json()
    publish_catalog(platform, f"{old}/listing.csv")
    listing, covers, overrides = run()
    assert command.is_sample(listing)
    assert old not in listing + covers
    assert overrides == {"ingest_catalog": {"accept_changes": True}}


def test_a_source_given_as_a_parameter_is_kept_too(run, folder):
    given = {"ingest_catalog": {"source": str(folder / "ours.csv")}}
    listing, covers, _ = run(**given)
    assert listing == str(folder / "ours.csv")
    assert command.is_sample(covers)


@pytest.mark.parametrize("source", ["/data/sample/listing.csv", "s3://sample-13/x", "sample-13-x"])
def test_other_names_are_no_sample(source):
    assert not command.is_sample(source)


def test_the_command_that_writes_a_sample_writes_that_of_a_run_by_default():
    fields = Sample.model_fields
    defaults = [fields[name].default for name in ("rows", "covers", "seed")]
    assert defaults == [DEFAULT_ROWS, DEFAULT_COVERS, DEFAULT_SEED]


def test_a_run_that_had_nothing_to_do_ends_with_a_short_result(platform, folder):
    def printed(**options):
        platform.printed.clear()
        report = folder / "report.json"
        command.run({}, "", "", report, Console(quiet=True), **options)
        return platform.printed

    assert printed() == ["short"]
    assert printed(tables=True) == ["tables"]
    platform.seconds = {"label_covers": 3.0}
    assert printed() == ["tables"]
