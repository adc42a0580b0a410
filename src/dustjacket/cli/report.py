"""The report of a run: the figures of every step's current version, as JSON and as tables."""

from collections.abc import Mapping, Sequence
from typing import Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from dustjacket.genres.paper import PAPER
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.steps import STEPS
from dustjacket.promotion.ledger import Ledger
from dustjacket.settings import Settings
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.store import Store
from dustjacket.tracking.links import run_page

_PAPER_NOTE = "* of the paper's own books and genres: not comparable"


def build_report(
    versions: Mapping[str, Manifest], seconds: Mapping[str, float], settings: Settings
) -> dict[str, Any]:
    """Return the report: one section per step, and links.

    Args:
        versions: in use, by step.
        seconds: of the runs of each step; of a step that had nothing to do there are none.
    """
    report: dict[str, Any] = {
        STEPS[name].section: {"version": version.version, **version.facts}
        for name, version in versions.items()
    }
    judged = next((v for v in versions.values() if v.kind == CLIP.evaluation), None)
    record = judged and Ledger(Store(settings)).of(judged)
    report["promotion"] = record and record.model_dump(mode="json", by_alias=True)
    report["seconds"] = dict(seconds)
    report["published_at"] = max((v.published_at for v in versions.values()), default=None)
    report["pages"] = {
        name: pages
        for name, version in versions.items()
        if (pages := _pages(name, version, settings))
    }
    report["links"] = {
        "airflow": settings.airflow_url,
        "mlflow": settings.mlflow_uri,
        "s3": settings.s3_endpoint,
        "bucket": settings.bucket,
    }
    return report


def _pages(name: str, version: Manifest, settings: Settings) -> dict[str, str]:
    """Return the addresses of a version's run in MLflow, and of its pages there."""
    step = STEPS[name]
    if not step.experiment:
        return {}
    pages = {"MLflow run": "", **step.artifacts}
    found = {
        label: run_page(settings, step.experiment, version.version, path)
        for label, path in pages.items()
    }
    return {label: address for label, address in found.items() if address}


def rows_table(ingested: Mapping[str, dict[str, Any]]) -> Table:
    """Return a table of rows read, accepted and rejected, from ingestions' facts by kind."""
    table = Table("data", "read", "accepted", "rejected", "reasons", title="What was read")
    for kind, facts in ingested.items():
        prefix = "rows_" if kind == Kind.CATALOG else ""
        reasons = ", ".join(f"{reason} {n:,}" for reason, n in facts["rejected_by_reason"].items())
        counts = (f"{facts[prefix + name]:,}" for name in ("read", "accepted", "rejected"))
        table.add_row(kind, *counts, reasons or "-")
    return table


def candidates_table(classifier: Mapping[str, Any]) -> Table:
    """Return a table that compares the candidates with the paper, from a classifier's facts.

    If the paper's protocol was repeated, its figures are a further column, and its classifiers
    that were not candidates are further rows.
    """
    repeated = classifier["repeated_paper"]
    table = Table("candidate", "CV mean", "± std", "seconds", "paper*", title="Genre classifiers")
    if repeated:
        table.add_column("paper's protocol, repeated")
    rows = {}
    for candidate in classifier["candidates"]:
        name, mean, std = (candidate[key] for key in ("name", "cv_mean", "cv_std"))
        mark = " ←" if name == classifier["selected"] else ""
        rows[name] = (name + mark, f"{mean:.3f}", f"{std:.3f}", f"{candidate['seconds']:.0f}")
    for name in dict.fromkeys([*rows, *repeated]):
        paper = [PAPER.get(name), repeated.get(name)][: 2 if repeated else 1]
        table.add_row(
            *rows.get(name, (name, "-", "-", "-")),
            *("-" if value is None else f"{value:.3f}" for value in paper),
        )
    return table


def _with_interval(name: str, value: float, interval: Sequence[float] | None) -> str:
    bounds = "" if interval is None else f" ({interval[0]:.3f} to {interval[1]:.3f})"
    return f"{name} {value:.3f}{bounds}"


def _with_intervals(measured: Mapping[str, Sequence[float]]) -> str:
    return ", ".join(
        _with_interval(name, value, bounds) for name, (value, *bounds) in measured.items()
    )


def print_sure(classifier: Mapping[str, Any], console: Console) -> None:
    """Print of how many books a classifier is sure, and how often it is wrong of those."""
    if not (sure := classifier.get("sure")):
        return
    stated = f"at most {classifier['abstention']['max_error']:.3f} is stated"
    console.print(f"sure of held-out books: {_with_intervals(sure)}; {stated}")


def print_corrections(classifier: Mapping[str, Any], console: Console) -> None:
    """Print what corrections changed, and the estimates of label noise, if there are any."""
    if not (found := classifier.get("corrections")):
        return
    before, after = (
        _with_interval("", found[f"noise_{when}"], found[f"noise_{when}_interval"]).strip()
        for when in ("before", "after")
    )
    console.print(
        f"corrections changed the genre of {found['changed']:,} of {found['books']:,} training "
        f"books; estimated label noise {before}, then {after}"
    )


def print_depths(classifier: Mapping[str, Any], console: Console) -> None:
    """Print the metrics at each depth of genres from subjects, if there are any."""
    for depth, found in classifier.get("by_depth", {}).items():
        figures = f"macro F1 {found['f1_macro']:.3f}, accuracy {found['accuracy']:.3f}"
        console.print(f"at depth {depth}, {found['genres']:.0f} genres: {figures}")


def print_vocabulary(classifier: Mapping[str, Any], console: Console) -> None:
    """Print what a vocabulary and the books have in common, if there is one."""
    if not (found := classifier.get("vocabulary")):
        return
    shown = ", ".join(found["unknown_examples"])
    examples = f" (such as {shown})" if shown else ""
    console.print(
        f"vocabulary {found['name']}: {found['terms']:,} terms, {found['without_books']:,} without "
        f"books; {found['unknown']:,} subjects of books are no terms{examples}"
    )


def print_report(report: dict[str, Any], console: Console) -> None:
    """Print the report as tables."""
    console.print(rows_table({kind: report[kind] for kind in (Kind.CATALOG, Kind.COVERS)}))
    console.print(f"{report['labels']['labelled']:,} covers labelled with a predicted genre")
    if labelled := report.get("labelled_catalog"):
        doubtful = _with_interval("", labelled["noise"], labelled["noise_interval"]).strip()
        console.print(
            f"{labelled['labelled']:,} books labelled, {labelled['not_sure']:,} not surely; the "
            f"classifier contradicts the listed subject of {doubtful} of them"
        )
    console.print()

    classifier = report["classifier"]
    console.print(candidates_table(classifier))
    console.print(_PAPER_NOTE, style="dim")
    test_metrics = (
        _with_interval(name, value, classifier["intervals"].get(name))
        for name, value in classifier["test"].items()
    )
    if treatment := classifier.get("imbalance"):
        console.print(f"imbalance of genres: {treatment} has the best macro F1 on the folds")
    for reason in classifier.get("left_out", {}).values():
        console.print(f"left out: {reason}")
    console.print(f"on held-out books: {', '.join(test_metrics)}")
    print_sure(classifier, console)
    print_depths(classifier, console)
    print_corrections(classifier, console)
    for field, text in (
        ("descriptions", "descriptions add, on held-out books"),
        ("subjects", f"{classifier.get('n_subjects', 0):,} subjects, on held-out books"),
    ):
        if measured := classifier.get(field):
            console.print(f"{text}: {_with_intervals(measured)}")
    print_vocabulary(classifier, console)
    console.print(f"{classifier['verdict']}: {classifier['reason']}\n")

    _print_evaluation(report["evaluation"], console)
    promotion = report["promotion"]
    if promotion and promotion["verdict"] != report["evaluation"]["verdict"]:
        console.print(f"{promotion['action']}: {promotion['why']}")
    console.print()
    if generation := report.get("generation"):
        _print_generation(generation, console)

    if report["seconds"]:
        times = Table("step", "seconds", title="Time of this run")
        for step, seconds in report["seconds"].items():
            times.add_row(step, f"{seconds:.0f}")
        console.print(times)
    print_pages(report, console)


def print_unchanged(report: Mapping[str, Any], console: Console) -> None:
    """Print what is in use where a run had nothing to do."""
    console.print(f"nothing has changed since {report['published_at']:%Y-%m-%d %H:%M} UTC")
    console.print(rows_line({kind: report[kind] for kind in (Kind.CATALOG, Kind.COVERS)}))
    classifier, evaluation = report["classifier"], report["evaluation"]
    score = f"f1_weighted {classifier['test']['f1_weighted']:.3f} on held-out books"
    console.print(f"classifier {classifier['selected']}: {score}")
    promotion = report["promotion"]
    judged = (promotion["action"], promotion["why"]) if promotion else (
        evaluation["verdict"], evaluation["reason"]
    )  # fmt: skip
    console.print("covers: {}. {}".format(*judged))
    print_pages(report, console)


def rows_line(ingested: Mapping[str, dict[str, Any]]) -> str:
    """Return how many rows of each ingestion were accepted, from their facts by kind."""
    accepted = (
        f"{facts['rows_accepted' if kind == Kind.CATALOG else 'accepted']:,} of "
        f"{facts['rows_read' if kind == Kind.CATALOG else 'read']:,} rows of {kind}"
        for kind, facts in ingested.items()
    )
    return f"accepted: {', '.join(accepted)}"


def print_pages(report: Mapping[str, Any], console: Console) -> None:
    """Print the addresses of the runs and of their pages."""
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(no_wrap=True)
    table.add_column(no_wrap=True)
    table.add_column(overflow="fold")
    for step, pages in report["pages"].items():
        for label, address in pages.items():
            table.add_row(step, label, address)
    console.print(table)


def _print_evaluation(evaluation: dict[str, Any], console: Console) -> None:
    clip = Table("CLIP on held-out covers", "title → cover", "cover → title", title="Recall@10")
    promoted = evaluation["verdict"] == "promoted"
    rows = {
        "starting weights": "starting",
        "champion before" if promoted else "champion": "champion",
        "promoted now" if promoted else "candidate": "fine_tuned",
    }
    if evaluation["starting"] == evaluation["champion"]:
        del rows["starting weights"]  # they are the champion
    for label, name in rows.items():
        clip.add_row(
            label,
            *(
                _recall(evaluation[name], direction)
                for direction in ("title_to_cover", "cover_to_title")
            ),
        )
    chance = f"{evaluation['chance']['recall_at_10']:.3f}"
    clip.add_row("chance", chance, chance, style="dim")
    console.print(clip)
    console.print(evaluation["ablation"]["conclusion"])
    measured = evaluation["general"]
    general = (f"{label} {measured[name]['accuracy']:.3f}" for label, name in rows.items())
    chance = f"{measured['champion']['chance']:.3f}"
    console.print(f"general recognition: {', '.join(general)} (chance {chance})")
    if evaluation["drift"] and evaluation["drift"]["warning"]:
        console.print(f"drift: {evaluation['drift']['warning']}", style="yellow")
    verdict = Text(evaluation["verdict"], "bold")
    console.print("verdict: ", verdict, f". {evaluation['reason']}", sep="")


def _print_generation(generation: dict[str, Any], console: Console) -> None:
    table = Table(
        "art without type", "among all titles", "within the genre",
        title=f"Own title among ten, {generation['side']} side",
    )  # fmt: skip
    for name, parts in generation["precision"].items():
        shares = (parts[part]["recall_at_10"] for part in ("all_titles", "within_genre"))
        table.add_row(
            name, *(f"{one['share']:.3f} ({one['low']:.3f} to {one['high']:.3f})" for one in shares)
        )
    console.print(table)
    verdict = Text(generation["verdict"], "bold")
    console.print("generator: ", verdict, f". {generation['reason']}\n", sep="")


def _recall(figures: dict[str, Any], direction: str) -> str:
    low, high = figures["intervals"][direction]["recall_at_10"]
    return f"{figures[direction]['recall_at_10']:.3f} ({low:.3f} to {high:.3f})"
