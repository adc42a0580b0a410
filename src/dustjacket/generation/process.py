"""One of the training processes of a generator, which TorchDistributor starts.

Each makes the art and its conditions from the store and trains; rank 0 writes the generator and its
result into the draft of the new version.
"""

import hashlib
import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import numpy as np
import pandas as pd
import torch

from dustjacket.clip.checkpoints import Checkpoints
from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.membership import find_checkpoint, join_group, metric_logger
from dustjacket.clip.model import Clip
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.prompts import prompt_variants
from dustjacket.clip.read import load_version
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.errors import DustjacketError, NotReadyError
from dustjacket.generation.batches import ConditionedArt
from dustjacket.generation.conditions import Conditioner, fit_conditioner
from dustjacket.generation.figures import drawn_figure
from dustjacket.generation.habits import FILE as HABITS
from dustjacket.generation.habits import habits_of, to_bytes
from dustjacket.generation.near_copies import FILE as NEAR_COPIES
from dustjacket.generation.near_copies import NearCopies
from dustjacket.generation.network import BASE, Decoder, DecoderShape
from dustjacket.generation.prior import PriorTrial, fit_prior
from dustjacket.generation.scratch import ScratchGenerator, save
from dustjacket.generation.step import GENERATOR_FOLDER, MIN_COVERS, GeneratorParameters
from dustjacket.generation.textless import text_left, textless_art
from dustjacket.generation.train import GeneratorState, fit
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store
from dustjacket.typesetting.habits import Habits

RESULT = "training.json"
_MIN_CONFIDENCE = 0.3
"""Genres with a lower probability are left out of the prompts."""
_EMBEDDED_AT_ONCE = 256


@dataclass(frozen=True)
class GeneratorTask:
    """The arguments of every training process.

    Attributes:
        labels: version of the labelled covers.
        text, image: kind and version of the models that embed titles, and art.
        version, attempt: the draft into which rank 0 writes.
        digest: of the plan; the name of the training's checkpoints.
        run_id: MLflow run to which rank 0 logs.
    """

    settings: Settings
    parameters: GeneratorParameters
    labels: str
    text: tuple[str, str]
    image: tuple[str, str]
    version: str
    attempt: str
    digest: str
    run_id: str


@dataclass(frozen=True)
class GeneratorData:
    """What a generator learns from.

    Attributes:
        keys: of the training covers; ``digest`` is theirs.
        books: rows of the validation covers.
        trials: figures of the candidates for the prior.
        habits: where the training covers have their type, by genre.
    """

    training: ConditionedArt
    validation: ConditionedArt
    keys: list[str]
    books: pd.DataFrame
    conditioner: Conditioner
    trials: list[PriorTrial]
    digest: str
    text_left: float
    habits: dict[str, Habits]


def generator_checkpoints(store: Store, digest: str, keep: int = 2) -> Checkpoints:
    """Return the checkpoints of the training with the plan's digest."""
    return Checkpoints(store, digest, keep, kind=Kind.GENERATOR_CHECKPOINT, state=GeneratorState)


def train_process(task: GeneratorTask) -> None:
    """Train as one rank of the group that torchrun started.

    Raises:
        DustjacketError: the cause of the failure, in one line.
    """
    with join_group(task.parameters) as (group, device):
        _train(task, group, device)


def _train(task: GeneratorTask, group: ProcessGroup, device: torch.device) -> None:
    store, parameters = Store(task.settings), task.parameters
    text, image = (
        retry_while_unavailable(load_version)(store, retry_while_unavailable(store.manifest)(*name))
        for name in (task.text, task.image)
    )
    data = read_data(store, task, text, image)
    checkpoints = generator_checkpoints(store, task.digest, parameters.keep_checkpoints)
    resume = find_checkpoint(checkpoints, data.digest, group)
    torch.manual_seed(parameters.seed)
    decoder = Decoder(DecoderShape(data.training.conditions.shape[2], parameters.width))
    with metric_logger(task.settings, task.run_id, group) as log_metrics:
        try:
            result = fit(
                decoder, data.training, data.validation, parameters, group=group, device=device,
                log_metrics=log_metrics, checkpoints=checkpoints, resume=resume,
                state=GeneratorState(run_id=task.run_id, pairs=data.digest),
            )  # fmt: skip
        finally:
            checkpoints.close()
    if group.rank == 0:
        decoder.cpu().eval()
        _write(store, task, decoder, text, data, asdict(result))


def read_data(store: Store, task: GeneratorTask, text: Clip, image: Clip) -> GeneratorData:
    """Make the art and its conditions; every process makes the same.

    Raises:
        NotReadyError: there are too few covers that models may be trained on.
        DustjacketError: too many covers cannot be read.
    """
    parameters = task.parameters
    labels = retry_while_unavailable(store.manifest)(Kind.LABELLED_COVERS, task.labels)
    covers = retry_while_unavailable(parent_of)(store, labels, Kind.COVERS)
    books = retry_while_unavailable(read_training_labels)(store, labels)
    books = books[books["split"] != "test"].reset_index(drop=True)
    if len(books) > parameters.max_covers:
        books = books.sample(parameters.max_covers, random_state=parameters.seed)
        books = books.sort_values("position", ignore_index=True)
    readable, art = textless_art(store, covers, books, BASE)
    broken = len(books) - len(readable)
    if broken > parameters.max_broken_share * len(books):
        raise DustjacketError(
            f"{broken} of {len(books)} covers of covers/{covers.version} cannot be read: ingest "
            "them again, or raise max_broken_share"
        )
    is_training = (readable["split"] == "train").to_numpy()
    if is_training.sum() < MIN_COVERS:
        raise NotReadyError(too_few(labels.version, int(is_training.sum())))
    texts = np.stack(
        [
            embed_texts(text, prompts)
            for prompts in prompt_variants(readable, genre=True, min_confidence=_MIN_CONFIDENCE)
        ]
    )
    images = embed_art(store, covers, readable, image)
    rows, others = np.flatnonzero(is_training), np.flatnonzero(~is_training)
    groups = readable["group"].to_numpy()
    whole = len(texts) - 1  # the prompt with author and genre
    prior, predicted, trials = fit_prior(
        texts[:, rows], images[rows], groups[rows], (texts[whole, others], images[others])
    )
    conditioner = fit_conditioner(prior, texts[:, rows], predicted)
    conditions = conditioner.join(predicted, texts[:, rows])
    queries = conditioner.conditions(texts[whole, others])
    own = groups[rows][:, None] == groups[rows]
    pixels, keys = torch.from_numpy(art), list(readable["key"].iloc[rows])
    return GeneratorData(
        training=ConditionedArt(
            pixels[rows],
            torch.from_numpy(conditions),
            torch.from_numpy(conditioner.references(conditions[whole], barred=own)),
        ),
        validation=ConditionedArt(
            pixels[others],
            torch.from_numpy(queries[None]),
            torch.from_numpy(conditioner.references(queries)[:, :1]),
        ),
        keys=keys,
        books=readable.iloc[others].reset_index(drop=True),
        conditioner=conditioner,
        trials=trials,
        digest=hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12],
        text_left=text_left(readable, parameters.seed),
        habits=habits_of(readable.iloc[rows]),
    )


def too_few(version: str, covers: int) -> str:
    """Return why a labelled version makes no generator, and the cure."""
    return (
        f"labelled_covers/{version} has {covers} covers that a generator may be trained on, and "
        f"needs {MIN_COVERS}: ingest more covers, of which the rights allow it"
    )


def embed_art(store: Store, covers: Manifest, books: pd.DataFrame, clip: Clip) -> np.ndarray:
    """Return the (N, D) embeddings of the textless art of N covers, of unit length."""
    size = (clip.image_size, clip.image_size)
    parts = []
    for first in range(0, len(books), _EMBEDDED_AT_ONCE):
        _, art = textless_art(store, covers, books.iloc[first : first + _EMBEDDED_AT_ONCE], size)
        parts.append(embed_covers(clip, torch.from_numpy(art).permute(0, 3, 1, 2)))
    return np.concatenate(parts)


def _write(
    store: Store,
    task: GeneratorTask,
    decoder: Decoder,
    text: Clip,
    data: GeneratorData,
    result: dict[str, object],
) -> None:
    draft = Draft(store, Kind.GENERATOR_CANDIDATE, task.version, task.attempt)
    art, steps = data.training.art.numpy(), task.parameters.sampling_steps
    with tempfile.TemporaryDirectory() as scratch:
        save(Path(scratch), decoder, data.conditioner, art, steps)
        for file in (Path(scratch) / GENERATOR_FOLDER).iterdir():
            retry_while_unavailable(draft.upload)(f"{GENERATOR_FOLDER}/{file.name}", file)
    near_copies = NearCopies.of(data.keys, art, data.validation.art.numpy())
    retry_while_unavailable(draft.put)(NEAR_COPIES, near_copies.to_bytes())
    retry_while_unavailable(draft.put)(HABITS, to_bytes(data.habits))
    if len(data.validation):
        version = f"{draft.kind}/{draft.version}"
        generator = ScratchGenerator(version, text, data.conditioner, decoder, art, steps)
        figure = drawn_figure(generator, data.books, data.validation.art.numpy())
        try:
            mlflow.MlflowClient().log_figure(task.run_id, figure, "drawn.png")
        except Exception as error:  # noqa: BLE001  # a missing figure must not lose the training
            print(f"the figure of drawn covers was not logged to MLflow: {error}")
    chosen = data.conditioner.prior.kind
    trials = [
        {
            "prior": trial.prior.kind,
            "setting": trial.setting,
            "cosine": trial.cosine,
            "recall_at_10": trial.recall_at_10,
        }
        for trial in data.trials
    ]
    figures = {"text_left": data.text_left, "prior": chosen, "prior_trials": trials}
    retry_while_unavailable(draft.put)(RESULT, json.dumps(result | figures).encode())
