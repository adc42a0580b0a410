"""The step ``evaluate_generator``: measures a candidate's pictures for test titles; judges it."""

import logging
import time
from collections.abc import Sequence

import mlflow
import numpy as np
from pyspark.sql import SparkSession

from dustjacket.clip.read import newest_model
from dustjacket.evaluation.extras import measure_pairs
from dustjacket.evaluation.page import Section, render
from dustjacket.evaluation.step import REPORT
from dustjacket.generation.assess import (
    DRAWN,
    FLOOR,
    GENRE_MEAN,
    SERVING,
    Assessment,
    Assessor,
    retrieve,
)
from dustjacket.generation.blind_pictures import FILE as BLIND_PICTURES
from dustjacket.generation.blind_pictures import BlindPictures
from dustjacket.generation.gate import GeneratorGateInput, decide_generator
from dustjacket.generation.library import read_sides
from dustjacket.generation.near_copies import read_near_copies
from dustjacket.generation.read import load_generator
from dustjacket.generation.report import report_sections
from dustjacket.generation.schemas import GeneratorEvaluationFacts, GeneratorEvaluationParameters
from dustjacket.pipeline.families import GENERATOR
from dustjacket.pipeline.job import Job
from dustjacket.pipeline.kinds import Kind
from dustjacket.pipeline.runs import step_run
from dustjacket.promotion.gate import as_facts
from dustjacket.promotion.ledger import Ledger
from dustjacket.promotion.promote import finish
from dustjacket.promotion.registry import ensure_champion, ensure_registered
from dustjacket.promotion.spending import sketch, uses
from dustjacket.storage.parents import parent_of

log = logging.getLogger(__name__)


def evaluate_generator(job: Job[GeneratorEvaluationParameters], _spark: SparkSession) -> None:
    """Draw for test titles that no model was trained on, measure the pictures, and decide.

    The published version holds all figures, the gate's decision, which the promotion carries out,
    and the report as ``report.html``; MLflow has the report too. Unless the pictures are proven to
    fit their titles, all published figures are of the validation side, for which is drawn again.
    """
    started = time.monotonic()
    store, parameters = job.store, job.parameters
    finish(store, GENERATOR)  # what serves now is what the candidate is compared with
    candidate, serving = job.input(Kind.GENERATOR_CANDIDATE), store.newest(Kind.COVER_GENERATOR)
    drawing = load_generator(store, candidate)
    serves = load_generator(store, serving) if serving else None
    labels = parent_of(store, candidate, Kind.LABELLED_COVERS)
    sides = read_sides(store, labels, parameters)
    near_copies = read_near_copies(store, candidate)
    retrieved = retrieve(store, newest_model(store), sides)
    assessor = Assessor(sides, near_copies, retrieved, parameters)
    tested = assessor.assess("test", drawing, serves)
    test_side = sketch(sides["test"].books["group"])
    used = uses(test_side, Ledger(store).test_sides(GENERATOR))
    decision = decide_generator(gate_input(tested, used, test_side), parameters)
    shown = tested if decision.proven else assessor.assess("validation", drawing, serves)
    log.info("%s: %s", decision.verdict, decision.reason)
    seconds = {"drawing": shown.seconds, "evaluation": time.monotonic() - started}
    votes = measure_pairs(store)
    sections = [*report_sections(shown, sides["train"], seconds), *(vote.section for vote in votes)]
    page = render(f"Cover generator, candidate {candidate.version}", decision, sections)
    own = retrieved.get(shown.side.name)
    found = None if own is None else sides["train"].art[own]
    with step_run(job):
        _track(shown, seconds, sections, page)
        ensure_registered(store, GENERATOR, candidate)
        ensure_champion(store, GENERATOR)
        job.draft.put(REPORT, page.encode())
        job.draft.put(BLIND_PICTURES, blind_pictures(shown, found).to_bytes())
        job.publish(
            rows={"titles": len(shown.side.books)},
            facts=GeneratorEvaluationFacts.model_validate(
                {
                    **shown.facts(),
                    "seconds": seconds,
                    "blind_pairs": [vote.facts for vote in votes if vote.facts],
                    "champion_version": f"{serving.kind}/{serving.version}" if serving else None,
                    **as_facts(gate_input(shown, used, test_side), decision),
                }
            ),
        )


def blind_pictures(found: Assessment, retrieved: np.ndarray | None) -> BlindPictures:
    """Return the pictures that people compare; of the side whose figures are published."""
    pictures: dict[str, np.ndarray] = {"drawn": found.pictures[0], "real": found.side.art}
    if retrieved is not None:
        pictures["retrieved"] = retrieved
    return BlindPictures(found.side.titles, pictures)


def gate_input(found: Assessment, used: int, test_side: Sequence[str]) -> GeneratorGateInput:
    """Return what the gate decides on.

    Args:
        used: how often this test side has decided before.
        test_side: of :func:`dustjacket.promotion.spending.sketch`.
    """

    def within(name: str) -> float:
        return found.precision[name].within_genre["recall_at_10"].share

    serving = found.kids.get(SERVING)
    return GeneratorGateInput(
        titles=len(found.side.books),
        ceiling=found.ceilings["test"],
        drawn=within(DRAWN),
        genre_mean=within(GENRE_MEAN),
        fits=found.fits,
        shows=found.shows,
        kid=found.kids[DRAWN][0],
        kid_difference=found.kid_difference,
        serving_kid=serving[0] if serving else None,
        kid_floor=found.kids[FLOOR][1][1],
        near_copies=found.near_copies[0],
        near_copies_interval=found.near_copies[1],
        side=found.side.name,
        uses=used,
        test_side=tuple(test_side),
    )


def _track(
    found: Assessment, seconds: dict[str, float], sections: Sequence[Section], page: str
) -> None:
    metrics = {f"seconds.{name}": value for name, value in seconds.items()}
    for name, precision in found.precision.items():
        metric = name.replace(" ", "_")
        for part, shares in (
            ("all", precision.all_titles), ("within_genre", precision.within_genre),
        ):  # fmt: skip
            metrics |= {f"{metric}.{part}.{k}": share.share for k, share in shares.items()}
    metrics |= {f"kid.{name.replace(' ', '_')}": value for name, (value, _) in found.kids.items()}
    metrics["near_copies"] = found.near_copies[0]
    mlflow.log_metrics(metrics)
    for section in sections:
        for picture in section.pictures:
            if picture.artifact:
                mlflow.log_figure(picture.figure, picture.artifact)
    mlflow.log_text(page, REPORT)
