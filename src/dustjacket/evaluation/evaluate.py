"""The step ``evaluate_clip``: how good a candidate is on held-out covers, and what follows."""

import logging
from typing import Any

import mlflow
import pandas as pd
from pyspark.sql import SparkSession

from dustjacket import tracking
from dustjacket.clip.data import Pairs, read_pairs
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.figures import recall_figure, retrieval_figure
from dustjacket.clip.metrics import chance, match_probability, retrieval, similarity
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import fixed_prompts
from dustjacket.clip.read import load_version
from dustjacket.clip.registry import STARTING, champion, ensure_champion, ensure_registered
from dustjacket.errors import BadInputError
from dustjacket.genres.read import read_labels
from dustjacket.job import Job
from dustjacket.parameters import EvaluationParameters
from dustjacket.promotion import Comparison, as_facts, decide
from dustjacket.storage import Manifest, Store

log = logging.getLogger(__name__)


def evaluate_clip(job: Job, _spark: SparkSession) -> None:
    """Evaluate starting weights, champion and candidate on the test split; judge the candidate.

    What is published says the gate's decision; the promotion follows it.

    Raises:
        BadInputError: no labelled cover is on the test side of the split.
    """
    parameters = EvaluationParameters.model_validate(job.plan.parameters)
    candidate = job.input("clip_candidate")
    starting = job.store.manifest(
        candidate.facts.get("starting_kind", STARTING), candidate.facts["starting_clip"]
    )
    before = champion(job.store, starting)
    clips = {
        name: load_version(job.store, manifest)
        for name, manifest in (("starting", starting), ("champion", before), ("new", candidate))
    }
    pairs = {
        size: _test_pairs(job.store, candidate, size)
        for size in {clip.image_size for clip in clips.values()}
    }

    def measure(name: str, *, genre: bool) -> dict[str, Any]:
        clip = clips[name]
        return evaluate(
            clip, pairs[clip.image_size], genre=genre, sure=sure, batch=parameters.batch_size
        )

    genre = bool(candidate.parameters["include_genre"])
    sure = float(candidate.parameters.get("min_confidence", 0.0))
    found = {
        "starting": measure("starting", genre=genre),
        "champion": measure("champion", genre=genre),
        "with_genre": measure("new", genre=True),
        "without_genre": measure("new", genre=False),
    }
    found["fine_tuned"] = found["with_genre" if genre else "without_genre"]
    tested = len(next(iter(pairs.values())))
    old, new = (
        found[name]["title_to_cover"]["recall_at_10"] for name in ("champion", "fine_tuned")
    )
    compared = Comparison(tested, old, new, (new - old, new - old), {}, (0.0, 0.0), 0.0)
    decision = decide(compared, parameters)
    with tracking.step_run(job, tracking.CLIP):
        log.info("%s: %s", decision.verdict, decision.reason)
        _track(found, tested, clips["new"], pairs[clips["new"].image_size], genre=genre)
        ensure_registered(job.store, candidate)
        ensure_champion(job.store, starting)
        job.publish(
            rows={"covers": tested},
            facts={
                **found,
                "chance": chance(tested),
                "gallery": tested,
                "champion_version": f"{before.kind}/{before.version}",
                **as_facts(compared, decision),
            },
        )


def evaluate(clip: Clip, pairs: Pairs, *, genre: bool, sure: float, batch: int) -> dict[str, Any]:
    """Return the retrieval metrics of one model over all ``pairs``, by direction.

    Args:
        genre: whether prompts name it, where it is at least as probable as ``sure``.
    """
    covers = embed_covers(clip, pairs.images, batch)
    titles = embed_texts(clip, fixed_prompts(pairs.books, genre=genre, min_confidence=sure), batch)
    scale = float(clip.model.logit_scale.exp())  # type: ignore[operator]
    return {
        **retrieval(titles, covers),
        "similarity": similarity(titles, covers),
        "match_probability": match_probability(titles, covers, scale),
    }


def _test_pairs(store: Store, candidate: Manifest, size: int) -> Pairs:
    labels = store.manifest("labelled_covers", candidate.parents["labelled_covers"])
    covers = store.manifest("covers", labels.parents["covers"])
    books: pd.DataFrame = read_labels(store, labels)
    tested = books[books["split"] == "test"]
    if tested.empty:
        raise BadInputError(
            f"labelled_covers/{labels.version} has no test cover: ingest more covers"
        )
    return read_pairs(store, covers, tested, size)


def _track(found: dict[str, Any], tested: int, clip: Clip, pairs: Pairs, *, genre: bool) -> None:
    for name, metrics in found.items():
        for direction in ("title_to_cover", "cover_to_title"):
            for metric, value in metrics[direction].items():
                mlflow.log_metric(f"{name}.{direction}.{metric}", value)
        for metric in ("similarity", "match_probability"):
            mlflow.log_metric(f"{name}.{metric}", metrics[metric])
    mlflow.log_metric("test_covers", tested)
    mlflow.log_figure(recall_figure(found, tested), "recall.png")
    mlflow.log_figure(retrieval_figure(clip, pairs, genre=genre), "retrieved.png")
