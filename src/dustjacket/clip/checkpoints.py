"""Checkpoints of a training: versions in the object store, written in the background."""

import json
import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field, replace
from typing import Any

import torch
from safetensors.torch import load, save

from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.errors import CorruptVersionError
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import MANIFEST, check_format
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

TENSORS, STATE = "tensors.safetensors", "state.json"
FORMAT = 2
"""Format of the state; one without a number has format 1, which has no ``best_mrr``."""


@dataclass
class TrainingState:
    """Progress of a training, without tensors; stored as JSON under these names.

    Attributes:
        step: optimizer steps done.
        best_recall: validation recall@10 of the best epoch so far, from 0: the starting weights.
        best_mrr: its mean reciprocal rank, which decides between epochs of equal recall@10.
        stale: epochs since the best one.
        seconds: time spent in steps, of which ``loading_s`` on reading covers.
        run_id: MLflow run, which a resumed training continues.
        pairs: digest of the keys of the training pairs; a checkpoint is valid only for these.
    """

    step: int = 0
    best_recall: float = -1.0
    best_mrr: float = -1.0
    best_epoch: int = 0
    stale: int = 0
    seconds: float = 0.0
    loading_s: float = 0.0
    run_id: str = ""
    pairs: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """Everything that a training needs to resume and give the same result as without interruption.

    All randomness is derived from seed, epoch and step, so no generator state is stored.

    Attributes:
        weights: the trained weights, by name.
        moments: AdamW's moments, by ``first/`` or ``second/`` and the weight's name.
        best: the trained weights of the best epoch so far; format 1 leaves epoch 0 out.
    """

    state: TrainingState
    weights: dict[str, torch.Tensor]
    moments: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor] = field(default_factory=dict)


def snapshot(
    state: TrainingState,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    best: dict[str, torch.Tensor],
) -> Checkpoint:
    """Copy a training's state, so that it can be written while training continues."""
    moments = {}
    for name, weight in weights.items():
        if adam := optimizer.state.get(weight):
            moments[f"first/{name}"] = _copy(adam["exp_avg"])
            moments[f"second/{name}"] = _copy(adam["exp_avg_sq"])
    return Checkpoint(replace(state), copy_weights(weights), moments, best)


def copy_weights(weights: dict[str, torch.nn.Parameter]) -> dict[str, torch.Tensor]:
    """Copy weights to main memory."""
    return {name: _copy(weight) for name, weight in weights.items()}


def _copy(tensor: torch.Tensor) -> torch.Tensor:
    # safetensors writes no other memory format.
    return tensor.detach().cpu().clone(memory_format=torch.contiguous_format)


def restore(
    checkpoint: Checkpoint,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Load the weights and AdamW's moments of a checkpoint, in place.

    Raises:
        CorruptVersionError: the checkpoint belongs to another model.
    """
    kept = {name: weight.shape for name, weight in checkpoint.weights.items()}
    if kept != {name: weight.shape for name, weight in weights.items()}:
        raise CorruptVersionError(
            "the checkpoint belongs to another model: delete it and train again"
        )
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(checkpoint.weights[name])
            if f"first/{name}" in checkpoint.moments:
                optimizer.state[weight] = {
                    "step": torch.tensor(float(checkpoint.state.step), device=weight.device),
                    # AdamW needs the weight's memory format.
                    "exp_avg": torch.empty_like(weight).copy_(checkpoint.moments[f"first/{name}"]),
                    "exp_avg_sq": torch.empty_like(weight).copy_(
                        checkpoint.moments[f"second/{name}"]
                    ),
                }


class Checkpoints:
    """The checkpoints of one training, named by the digest of its plan.

    Any run of the same plan finds and resumes them.
    """

    def __init__(
        self,
        store: Store,
        digest: str,
        keep: int = 2,
        *,
        kind: Kind = Kind.CLIP_CHECKPOINT,
        state: type[TrainingState] = TrainingState,
    ) -> None:
        """Keep the newest ``keep`` checkpoints.

        Args:
            kind, state: of the checkpoints, and the class of their states.
        """
        self._store, self._digest, self._keep = store, digest, keep
        self._kind, self._state = kind, state
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[None] | None = None
        self._warned = False  # once per outage

    @retry_while_unavailable
    def versions(self) -> list[str]:
        """Return the complete checkpoints, oldest first."""
        prefix = f"{self._digest}-"
        return [
            version for version in self._store.versions(self._kind) if version.startswith(prefix)
        ]

    def newest(self) -> str | None:
        """Return the newest checkpoint that can be read, or None."""
        for version in reversed(self.versions()):
            try:
                self.read(version)
            except CorruptVersionError as error:
                log.warning("%s; trying the previous checkpoint", error)
            else:
                return version
        return None

    @retry_while_unavailable
    def state(self, version: str) -> TrainingState:
        """Return the progress that a checkpoint records."""
        manifest = self._store.manifest(self._kind, version)
        state = json.loads(self._store.read(manifest, STATE))
        check_format(f"{self._kind}/{version}", state.pop("format", 1), (1, FORMAT))
        return self._state(**state)

    @retry_while_unavailable
    def read(self, version: str) -> Checkpoint:
        """Return a checkpoint, verified.

        Raises:
            CorruptVersionError: its bytes have changed.
        """
        manifest = self._store.manifest(self._kind, version)
        parts: dict[str, dict[str, torch.Tensor]] = {"weights": {}, "moments": {}, "best": {}}
        for name, tensor in load(self._store.read(manifest, TENSORS)).items():
            part, _, weight = name.partition("/")
            parts[part][weight] = tensor
        return Checkpoint(self.state(version), **parts)

    def write(self, checkpoint: Checkpoint, *, last: bool = False) -> None:
        """Publish a checkpoint in the background.

        While the previous one is still being written (for example because the store is down), the
        new one is skipped, unless it is the ``last`` of the training: then wait for both.
        """
        if last and self._writing is not None:
            wait([self._writing])
        if self._writing is not None and not self._writing.done():
            if not self._warned:
                log.warning(
                    "checkpoint of step %d skipped: the previous one is still being written",
                    checkpoint.state.step,
                )
            self._warned = True
            return
        self._log_failure()
        self._warned = False
        self._writing = self._writer.submit(self._publish, checkpoint)

    def close(self) -> None:
        """Wait until everything is written."""
        self._writer.shutdown()
        self._log_failure()

    def discard(self, keep: int = 0) -> None:
        """Delete all but the newest ``keep`` checkpoints."""
        versions = self.versions()
        self._delete(versions[: len(versions) - keep])

    def discard_after(self, version: str | None) -> None:
        """Delete the checkpoints after ``version`` (None: all), which the training will redo."""
        self._delete([later for later in self.versions() if version is None or later > version])

    def _delete(self, versions: Sequence[str]) -> None:
        for version in versions:
            prefix = f"{self._kind}/{version}/"
            keys = [key for key, _ in self._store.keys(prefix)]
            # The manifest goes first: without it, the remaining files are not a version.
            for key in sorted(keys, key=lambda key: key != prefix + MANIFEST):
                self._store.client.delete_object(Bucket=self._store.bucket, Key=key)

    def _publish(self, checkpoint: Checkpoint) -> None:
        tensors = {
            f"{part}/{name}": tensor
            for part in ("weights", "moments", "best")
            for name, tensor in getattr(checkpoint, part).items()
        }
        body, state = save(tensors), asdict(checkpoint.state)
        self._put(f"{self._digest}-{checkpoint.state.step:09d}", body, state)
        self.discard(self._keep)

    @retry_while_unavailable
    def _put(self, version: str, body: bytes, state: dict[str, Any]) -> None:
        draft = self._store.draft(self._kind, version)
        draft.put(TENSORS, body)
        draft.put(STATE, json.dumps({"format": FORMAT, **state}).encode())
        draft.publish(facts=state)

    def _log_failure(self) -> None:
        if self._writing is None:
            return
        if error := self._writing.exception():
            # Training continues without the checkpoint.
            log.warning("a checkpoint could not be written: %s", error)
        self._writing = None
