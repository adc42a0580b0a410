"""Checkpoints of a training: published whole, in the background, the newest few kept."""

import json
import logging
from collections.abc import Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import asdict, dataclass, field
from typing import Any

import torch
from safetensors.torch import load, save

from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.errors import CorruptVersionError
from dustjacket.storage.manifest import MANIFEST
from dustjacket.storage.store import Store

log = logging.getLogger(__name__)

KIND = "clip_checkpoint"
TENSORS, STATE = "tensors.safetensors", "state.json"


@dataclass
class State:
    """Where a training is; small.

    Attributes:
        step: how many are done.
        best_recall: validation recall@10 of the best epoch so far.
        stale: epochs since then.
        run_id: of MLflow, under which a resumed training goes on.
        pairs: digest of the keys of the training pairs, which must be the same ones.
    """

    step: int = 0
    best_recall: float = -1.0
    best_epoch: int = 0
    stale: int = 0
    seconds: float = 0.0
    loading_s: float = 0.0
    run_id: str = ""
    pairs: str = ""


@dataclass(frozen=True)
class Checkpoint:
    """All that a training needs to go on as if it had never stopped.

    What is random follows from seed, epoch and step, so no state of a generator is kept.

    Attributes:
        weights: the trained ones, by name.
        moments: AdamW's, by ``first/`` or ``second/`` and name.
        best: the trained weights of the best epoch so far; empty before there is one.
    """

    state: State
    weights: dict[str, torch.Tensor]
    moments: dict[str, torch.Tensor]
    best: dict[str, torch.Tensor] = field(default_factory=dict)


def snapshot(
    state: State,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
    best: dict[str, torch.Tensor],
) -> Checkpoint:
    """Return a copy, so that training can go on while it is written."""
    moments = {}
    for name, weight in weights.items():
        if kept := optimizer.state.get(weight):
            moments[f"first/{name}"] = kept["exp_avg"].detach().cpu().clone()
            moments[f"second/{name}"] = kept["exp_avg_sq"].detach().cpu().clone()
    return Checkpoint(State(**asdict(state)), copied(weights), moments, best)


def copied(weights: dict[str, torch.nn.Parameter]) -> dict[str, torch.Tensor]:
    """Return the weights as they are now, in main memory."""
    return {name: one.detach().cpu().clone() for name, one in weights.items()}


def restore(
    checkpoint: Checkpoint,
    weights: dict[str, torch.nn.Parameter],
    optimizer: torch.optim.Optimizer,
) -> None:
    """Put the weights and AdamW's moments back.

    Raises:
        CorruptVersionError: they are of another model.
    """
    if checkpoint.weights.keys() != weights.keys():
        raise CorruptVersionError("the checkpoint is of another model: delete it and train again")
    with torch.no_grad():
        for name, weight in weights.items():
            weight.copy_(checkpoint.weights[name])
            if f"first/{name}" in checkpoint.moments:
                optimizer.state[weight] = {
                    "step": torch.tensor(float(checkpoint.state.step), device=weight.device),
                    "exp_avg": checkpoint.moments[f"first/{name}"].to(weight),
                    "exp_avg_sq": checkpoint.moments[f"second/{name}"].to(weight),
                }


class Checkpoints:
    """The checkpoints of one piece of work, which its digest names: any run of it resumes them."""

    def __init__(self, store: Store, digest: str, keep: int = 2) -> None:
        """Keep the newest ``keep``."""
        self._store, self._digest, self._keep = store, digest, keep
        self._writer = ThreadPoolExecutor(1, "checkpoint")
        self._writing: Future[None] | None = None
        self._said = False  # once an outage is enough

    @retry_while_unavailable
    def versions(self) -> list[str]:
        """Return the complete ones, oldest first."""
        found = self._store.versions(KIND)
        return [version for version in found if version.startswith(f"{self._digest}-")]

    def newest(self) -> str | None:
        """Return the newest that can be read, or None."""
        for version in reversed(self.versions()):
            try:
                self.read(version)
            except CorruptVersionError as error:
                log.warning("%s; going back to the one before", error)
            else:
                return version
        return None

    @retry_while_unavailable
    def state(self, version: str) -> State:
        """Return where a training was."""
        manifest = self._store.manifest(KIND, version)
        return State(**json.loads(self._store.read(manifest, STATE)))

    @retry_while_unavailable
    def read(self, version: str) -> Checkpoint:
        """Return one checkpoint, verified.

        Raises:
            CorruptVersionError: its bytes have changed.
        """
        manifest = self._store.manifest(KIND, version)
        parts: dict[str, dict[str, torch.Tensor]] = {"weights": {}, "moments": {}, "best": {}}
        for name, tensor in load(self._store.read(manifest, TENSORS)).items():
            part, _, rest = name.partition("/")
            parts[part][rest] = tensor
        return Checkpoint(self.state(version), **parts)

    def write(self, checkpoint: Checkpoint, *, last: bool = False) -> None:
        """Publish a checkpoint in the background, after the one before.

        Where that one is still being written, as while the store is away, this one is left out,
        unless it is the ``last``.
        """
        if last and self._writing is not None:
            wait([self._writing])
        if self._writing is not None and not self._writing.done():
            if not self._said:
                log.warning(
                    "step %d is not kept: the checkpoint before is still being written",
                    checkpoint.state.step,
                )
            self._said = True
            return
        self._log_failure()
        self._said = False
        self._writing = self._writer.submit(self._publish, checkpoint)

    def close(self) -> None:
        """Wait until all is written."""
        self._writer.shutdown()
        self._log_failure()

    def discard(self, keep: int = 0) -> None:
        """Delete all but the newest ``keep``."""
        versions = self.versions()
        self._delete(versions[: len(versions) - keep])

    def go_on_from(self, version: str | None) -> None:
        """Delete those after ``version`` (None: all), which would outlive what is made anew."""
        self._delete([one for one in self.versions() if version is None or one > version])

    def _delete(self, versions: Sequence[str]) -> None:
        for version in versions:
            prefix = f"{KIND}/{version}/"
            keys = [key for key, _ in self._store.keys(prefix)]
            # The manifest goes first: what is left of it is no checkpoint any more.
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
        draft = self._store.draft(KIND, version)
        draft.put(TENSORS, body)
        draft.put(STATE, json.dumps(state).encode())
        draft.publish(facts=state)

    def _log_failure(self) -> None:
        if self._writing is None:
            return
        if error := self._writing.exception():
            # A training that could not be kept is still a training.
            log.warning("a checkpoint could not be written: %s", error)
        self._writing = None
