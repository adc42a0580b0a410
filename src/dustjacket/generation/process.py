"""One of the training processes of a generator, which TorchDistributor starts.

Each makes the art and its conditions from the store and trains; rank 0 writes the generator and its
result into the draft of the new version.
"""

import json
import tempfile
from dataclasses import asdict, dataclass
from pathlib import Path

import mlflow
import torch

from dustjacket.clip.checkpoints import Checkpoints
from dustjacket.clip.membership import find_checkpoint, join_group, metric_logger
from dustjacket.clip.model import Clip
from dustjacket.clip.process_group import ProcessGroup
from dustjacket.clip.read import load_version
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.generation.data import GeneratorData, read_data
from dustjacket.generation.figures import drawn_figure
from dustjacket.generation.habits import FILE as HABITS
from dustjacket.generation.habits import to_bytes
from dustjacket.generation.near_copies import FILE as NEAR_COPIES
from dustjacket.generation.near_copies import NearCopies
from dustjacket.generation.network import Decoder, DecoderShape
from dustjacket.generation.scratch import ScratchGenerator, save
from dustjacket.generation.step import GENERATOR_FOLDER, GeneratorParameters
from dustjacket.generation.train import GeneratorState, fit
from dustjacket.generation.weights import ENCODER, StartingWeights, read_weights
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import Settings
from dustjacket.storage.draft import Draft
from dustjacket.storage.store import Store

RESULT = "training.json"


@dataclass(frozen=True)
class GeneratorTask:
    """The arguments of every training process.

    Attributes:
        labels: version of the labelled covers.
        text, image: kind and version of the models that embed titles, and art.
        encoder: name of the model that embeds titles.
        version, attempt: the draft into which rank 0 writes.
        digest: of the plan; the name of the training's checkpoints.
        run_id: MLflow run to which rank 0 logs.
    """

    settings: Settings
    parameters: GeneratorParameters
    labels: str
    text: tuple[str, str]
    image: tuple[str, str]
    encoder: str
    version: str
    attempt: str
    digest: str
    run_id: str


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
    data = read_data(store, task.labels, parameters, text, image)
    checkpoints = generator_checkpoints(store, task.digest, parameters.keep_checkpoints)
    resume = find_checkpoint(checkpoints, data.digest, group)
    torch.manual_seed(parameters.seed)
    decoder = Decoder(DecoderShape(data.art.training.conditions.shape[2], parameters.width))
    starting = starting_weights(task)
    if starting:
        starting.copy_into(decoder)
    with metric_logger(task.settings, task.run_id, group) as log_metrics:
        try:
            result = fit(
                decoder, data.art.training, data.art.validation, parameters,
                group=group, device=device, log_metrics=log_metrics,
                checkpoints=checkpoints, resume=resume,
                state=GeneratorState(run_id=task.run_id, pairs=data.digest),
            )  # fmt: skip
        finally:
            checkpoints.close()
    if group.rank == 0:
        decoder.cpu().eval()
        start = {
            "start": "weights" if starting else "random",
            "starting_images": starting.images if starting else 0,
        }
        _write(store, task, decoder, text, data, asdict(result) | start)


def starting_weights(task: GeneratorTask) -> StartingWeights | None:
    """Return the weights that a training starts from; None: random ones."""
    if task.parameters.start == "random":
        return None
    weights = read_weights()
    if weights is None or task.encoder != ENCODER or weights.shape.width != task.parameters.width:
        print("no starting weights fit: training starts from random weights", flush=True)
        return None
    return weights


def _write(
    store: Store,
    task: GeneratorTask,
    decoder: Decoder,
    text: Clip,
    data: GeneratorData,
    result: dict[str, object],
) -> None:
    draft = Draft(store, Kind.GENERATOR_CANDIDATE, task.version, task.attempt)
    art, steps = data.art.training.art.numpy(), task.parameters.sampling_steps
    with tempfile.TemporaryDirectory() as scratch:
        save(Path(scratch), decoder, data.art.conditioner, art, steps)
        for file in (Path(scratch) / GENERATOR_FOLDER).iterdir():
            retry_while_unavailable(draft.upload)(f"{GENERATOR_FOLDER}/{file.name}", file)
    near_copies = NearCopies.of(data.keys, art, data.art.validation.art.numpy())
    retry_while_unavailable(draft.put)(NEAR_COPIES, near_copies.to_bytes())
    retry_while_unavailable(draft.put)(HABITS, to_bytes(data.habits))
    if len(data.art.validation):
        version = f"{draft.kind}/{draft.version}"
        generator = ScratchGenerator(version, text, data.art.conditioner, decoder, art, steps)
        figure = drawn_figure(generator, data.books, data.art.validation.art.numpy())
        try:
            mlflow.MlflowClient().log_figure(task.run_id, figure, "drawn.png")
        except Exception as error:  # noqa: BLE001  # a missing figure must not lose the training
            print(f"the figure of drawn covers was not logged to MLflow: {error}")
    chosen = data.art.conditioner.prior.kind
    trials = [
        {
            "prior": trial.prior.kind,
            "setting": trial.setting,
            "cosine": trial.cosine,
            "recall_at_10": trial.recall_at_10,
        }
        for trial in data.art.trials
    ]
    figures = {"text_left": data.text_left, "prior": chosen, "prior_trials": trials}
    retry_while_unavailable(draft.put)(RESULT, json.dumps(result | figures).encode())
