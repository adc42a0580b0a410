"""The step ``evaluate_clip``: how good a candidate is on held-out covers, and what follows."""

import logging
import tempfile
from collections.abc import Sequence
from pathlib import Path

import mlflow
from pyspark.sql import SparkSession

from dustjacket.clip.prompts import fixed_prompts
from dustjacket.clip.registry import ensure_champion, ensure_registered
from dustjacket.evaluation import sections
from dustjacket.evaluation.card import model_card
from dustjacket.evaluation.comparison import Comparison, drift, open_contest
from dustjacket.evaluation.figures import ablation_figure, recall_figure, thumbnail_uri
from dustjacket.evaluation.report import Section, Verdict, render
from dustjacket.evaluation.results import Results, measure
from dustjacket.evaluation.step import REPORT, EvaluationFacts, EvaluationParameters
from dustjacket.feedback.queries import read_queries
from dustjacket.feedback.section import queries_section
from dustjacket.pipeline.job import Job
from dustjacket.promotion.gate import Decision, as_facts, decide
from dustjacket.storage.store import Store
from dustjacket.tracking import runs as tracking

log = logging.getLogger(__name__)


def evaluate_clip(job: Job[EvaluationParameters], _spark: SparkSession) -> None:
    """Evaluate starting weights, champion and candidate on the test split; judge the candidate.

    What is published says the gate's decision; the promotion follows it. A page that shows all that
    was found is published with it as ``report.html``, and is in MLflow.

    What the Studio's users voted is measured with it, but is no input of it: it decides nothing,
    and new votes alone make no new evaluation.
    """
    parameters = job.parameters
    with tempfile.TemporaryDirectory(prefix="dustjacket-") as folder:
        comparison = open_contest(job, parameters, Path(folder))
        found = measure(
            comparison,
            drift(job.store, comparison, Path(folder)),
            read_queries(job.store, comparison, job.settings.studio_feedback_days),
        )
        decision = decide(found.comparison, parameters)
        page = report_page(job.store, comparison, found, decision)
    log.info("%s: %s", decision.verdict, decision.reason)
    if found.drift and found.drift.warning:
        log.warning("the newest covers have drifted: %s", found.drift.warning)
    before = comparison.manifests["champion"]
    with tracking.step_run(job):
        _track(found, page)
        ensure_registered(job.store, comparison.manifests["candidate"])
        ensure_champion(job.store, comparison.manifests["starting"])
        job.draft.put(REPORT, page.encode())
        job.publish(
            rows={"covers": found.tested},
            facts=EvaluationFacts.model_validate(
                {
                    **found.facts(),
                    "champion_version": f"{before.kind}/{before.version}",
                    **as_facts(found.comparison, decision),
                }
            ),
        )


def report_page(store: Store, comparison: Comparison, found: Results, decision: Decision) -> str:
    """Return the page that shows an evaluation, as HTML."""
    candidate = comparison.manifests["candidate"]
    rules = [(rule.name, rule.held, rule.sentence) for rule in decision.rules]
    return render(
        f"Evaluation of {candidate.version}",
        Verdict(decision.verdict, decision.reason, rules),
        report_sections(comparison, found, model_card(store, candidate, comparison.labels)),
    )


def report_sections(
    comparison: Comparison, found: Results, card: Sequence[tuple[str, str]]
) -> list[Section]:
    """Return all parts of the page, in order.

    Args:
        card: names and values of the model card.
    """
    return [
        sections.retrieval_section(found),
        sections.ablation_section(found),
        queries_section(found),
        sections.recognition_section(found),
        sections.genre_section(found),
        *_pictures(comparison, found),
        sections.contradictions_section(found),
        sections.drift_section(found),
        sections.left_out_section(found),
        sections.card_section(card),
    ]


def _pictures(comparison: Comparison, found: Results) -> list[Section]:
    model, rows, books = comparison.models["candidate"], comparison.test, comparison.tested
    covers = model.covers(rows)
    titles = model.texts(
        fixed_prompts(books, genre=comparison.genre, min_confidence=comparison.sure)
    )
    images = comparison.library.images[max(comparison.library.images)]

    def thumbnail(at: int) -> str:
        return thumbnail_uri(images[rows[[at]]][0])

    ranks = found.retrieved["fine_tuned"].ranks["title_to_cover"]
    genres, seed = list(books["known_genre"]), comparison.parameters.seed
    return [
        *sections.strip_sections(titles, covers, ranks, books, thumbnail),
        sections.map_section(covers, genres, seed),
    ]


def _track(found: Results, page: str) -> None:
    mlflow.log_metrics({name: float(value) for name, value in found.metrics().items()})
    models = {name: found.retrieved[key].figures for key, name in sections.COMPARED.items()}
    mlflow.log_figure(recall_figure(models, found.chance), "recall.png")
    chance = found.chance["recall_at_10"]
    mlflow.log_figure(ablation_figure(found.ablation.rows, chance), "ablation.png")
    mlflow.log_text(page, REPORT)
