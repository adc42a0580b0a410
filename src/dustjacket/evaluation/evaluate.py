"""The step ``evaluate_clip``: measures a candidate on held-out covers, and judges it."""

import logging
import tempfile
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession

from dustjacket.evaluation.comparison import Comparison, drift_since_champion, load_comparison
from dustjacket.evaluation.extras import measure_extras
from dustjacket.evaluation.page import Section, render
from dustjacket.evaluation.reading import measure_reading
from dustjacket.evaluation.report import report_sections
from dustjacket.evaluation.results import Results, gate_input, measure, measure_general
from dustjacket.evaluation.search import measure_search
from dustjacket.evaluation.sections.model_card import model_card
from dustjacket.evaluation.slices import measure_authors
from dustjacket.evaluation.step import REPORT, EvaluationFacts, EvaluationParameters
from dustjacket.pipeline.families import CLIP
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.runs import step_run
from dustjacket.promotion.gate import as_facts, decide
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import finish
from dustjacket.promotion.registry import ensure_champion, ensure_registered
from dustjacket.storage.manifest import Manifest

log = logging.getLogger(__name__)

_WORST = 1000


def evaluate_clip(job: Job[EvaluationParameters], _spark: SparkSession) -> None:
    """Evaluate starting weights, champion and candidate on the test split; judge the candidate.

    The published version holds all figures, the gate's decision, which the promotion carries out,
    and the report as ``report.html``; MLflow has the report too.

    Unless its gain is proven, all published figures of a candidate are of the validation side: see
    :mod:`dustjacket.promotion.spending`.

    Measurements of optional rooms (the Studio's feedback) are added, but are no input: the gate
    ignores them, and new votes alone make no new evaluation.
    """
    parameters = job.parameters
    finish(job.store, CLIP)  # what serves now is what the candidate is compared with
    with tempfile.TemporaryDirectory(prefix="dustjacket-") as folder:
        comparison = load_comparison(job, parameters, Path(folder))
        log.info("%d test covers; general recognition", len(comparison.test_indices))
        general = measure_general(comparison, job.settings.cache / "recognition")
        log.info("the gate's decision on the test covers")
        tested = gate_input(comparison, general, Ledger(job.store).test_sides(CLIP))
        decision = decide(tested, parameters)
        shown = comparison if decision.proven else replace(comparison, side="validation")
        log.info("reading, search, authors, drift, ablation and genres")
        results = measure(
            shown,
            drift_since_champion(job.store, comparison, Path(folder)),
            {
                "reading": measure_reading(job.store, shown),
                "search": measure_search(job.store, shown),
                "authors": measure_authors(shown),
                **measure_extras(job.store, shown),
            },
            general,
        )
        published = replace(results.gate_input, uses=tested.uses, test_side=tested.test_side)
        candidate = comparison.manifests["candidate"]
        card = model_card(job.store, candidate, comparison.lineage.labels)
        sections = report_sections(shown, results, card)
        page = render(f"Cover CLIP, candidate {_named(candidate)}", decision, sections)
    log.info("%s: %s", decision.verdict, decision.reason)
    if results.drift and results.drift.warning:
        log.warning("the newest covers have drifted: %s", results.drift.warning)
    champion = comparison.manifests["champion"]
    with step_run(job):
        _track(shown, results, sections, page)
        ensure_registered(job.store, CLIP, candidate)
        ensure_champion(job.store, CLIP, comparison.manifests["starting"])
        job.draft.put(REPORT, page.encode())
        job.publish(
            rows={"covers": results.tested},
            facts=EvaluationFacts.model_validate(
                {
                    **results.facts(),
                    "champion_version": f"{champion.kind}/{champion.version}",
                    **as_facts(published, decision),
                }
            ),
        )


def _named(candidate: Manifest) -> str:
    """Return a candidate's day and version, as the report is titled."""
    return f"of {candidate.published_at:%d %B %Y}, {candidate.version}"


def _track(
    comparison: Comparison, results: Results, sections: Iterable[Section], page: str
) -> None:
    mlflow.log_metrics({name: float(value) for name, value in results.metrics().items()})
    for section in sections:
        for picture in section.pictures:
            if picture.artifact:
                mlflow.log_figure(picture.figure, picture.artifact)
    ranks = results.retrieval["fine_tuned"].ranks["title_to_cover"].middle
    table = comparison.test_books[["title", "author", "known_genre"]].assign(rank=ranks)
    worst = table.sort_values("rank", ascending=False, ignore_index=True).head(_WORST)
    mlflow.log_table(worst, "worst_retrievals.json")
    mlflow.log_text(page, REPORT)
