"""The step ``finetune_clip``: its parameters, its facts, and when its work is published."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Literal

from pydantic import Field

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.genres.training_step import TrainingStep
from dustjacket.pipeline.kinds import CHAMPION_MODEL, Kind
from dustjacket.pipeline.parameters import OrNone
from dustjacket.storage.manifest import Facts, Manifest

if TYPE_CHECKING:
    from dustjacket.pipeline.plan import Plan
    from dustjacket.storage.store import Store

MODEL_FOLDER = "model"
"""Folder of a published model's files."""
Recipe = Literal["full", "locked_image", "locked_text", "locked", "lora"]


def uneven_batch(batch_size: int, processes: int) -> str | None:
    """Return why a batch cannot be split over the processes, or None."""
    if batch_size % processes:
        return f"batch_size={batch_size} is not a multiple of processes={processes}"
    return None


class ClipParameters(RetrainingParameters):
    """Parameters of ``finetune_clip``."""

    main: ClassVar[frozenset[str]] = frozenset(
        {
            "model",
            "weights",
            "recipe",
            "epochs",
            "batch_size",
            "learning_rate",
            "device",
            "include_genre",
        }
    )
    operational: ClassVar[frozenset[str]] = RetrainingParameters.operational | {
        "processes", "micro_batch", "checkpoint_steps", "keep_checkpoints", "cache_gib",
        "max_broken_share",
    }  # fmt: skip

    model: str = Field(
        "lite0-minilm",
        max_length=2000,
        description="Starting model: lite0-minilm (needs no network), champion, a model of "
        "open_clip (such as ViT-B-32), hf-hub:NAME, or a folder or s3:// address",
    )
    weights: OrNone = Field(
        "",
        max_length=2000,
        description="Weights of an open_clip model: a tag, or path or s3:// address of a "
        "checkpoint; none: random weights",
    )
    recipe: Recipe = Field(
        "locked_image", description="Weights to train: all, one tower, the projection, or LoRA"
    )
    wise_ft: bool = Field(
        False,
        title="mix with the starting weights (WiSE-FT)",
        description="Interpolate with the starting weights, by validation score (WiSE-FT)",
    )
    processes: int = Field(2, ge=1, le=64, description="Training processes (TorchDistributor)")
    device: Literal["cpu", "gpu"] = Field(
        "cpu", description="Device to train on; gpu: one process per GPU"
    )
    precision: Literal["fp32", "bf16"] = Field("fp32", description="Precision of the computation")
    epochs: int = Field(10, ge=1, le=1000, description="Passes over the training pairs")
    patience: int = Field(
        5, ge=0, le=1000, description="Stop after this many epochs without improvement; 0: never"
    )
    batch_size: int = Field(128, ge=2, le=65536, description="Pairs in a batch of all processes")
    micro_batch: int = Field(
        0, ge=0, le=65536, description="Pairs per process and forward pass; 0: its whole share"
    )
    learning_rate: float = Field(3e-4, gt=0, le=1, description="Peak learning rate")
    weight_decay: float = Field(0.1, ge=0, le=1, description="AdamW's weight decay")
    warmup: float = Field(0.1, ge=0, le=1, description="Share of the steps with linear warm-up")
    max_shift: float = Field(
        0.06,
        title="random shift of covers",
        ge=0,
        le=0.5,
        description="Maximum random shift of a cover, as a share of its side",
    )
    include_genre: bool = Field(True, description="Use the predicted genre in training prompts")
    min_confidence: float = Field(
        0.3, ge=0, le=1, description="Leave out genres with a lower probability"
    )
    checkpoint_steps: int = Field(
        0, ge=0, le=1_000_000, description="Steps between checkpoints; 0: one per epoch"
    )
    keep_checkpoints: int = Field(2, ge=1, le=100, description="Checkpoints to keep")
    max_broken_share: float = Field(
        0.01, ge=0, le=1, description="Fail if more than this share of the covers cannot be read"
    )
    cache_gib: float = Field(
        8,
        title="disk for decoded covers (GiB)",
        ge=0.01,
        le=10_000,
        description="Disk space for decoded covers per machine, in GiB",
    )
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Random seed")

    @property
    def optional_inputs(self) -> tuple[str, ...]:
        """The champion, if it is the starting model."""
        return (Kind.COVER_CLIP,) if self.model == CHAMPION_MODEL else ()

    @property
    def files(self) -> tuple[str, ...]:
        """The model and its weights, which may be files."""
        return (self.model, self.weights)

    def conflict(self) -> str | None:
        """Return why the batch cannot be split over the processes, or None."""
        return uneven_batch(self.batch_size, self.processes)


class ClipFacts(Facts):
    """Facts of any published CLIP model: the parameters that determine its starting weights."""

    model: str = ""
    weights: str = ""
    seed: int | None = None


class CandidateFacts(ClipFacts):
    """Facts of a fine-tuned model; metrics as in :class:`dustjacket.clip.train.TrainingResult`.

    Attributes:
        starting_clip, starting_kind: version and kind of the weights that training started from.
        ledger_record: number of the ledger record that promoted it; None for a candidate.
        rolled_back_to: the model whose weights a rollback published again.
    """

    recipe: str = ""
    processes: int = 1
    epochs: int = 0
    run_id: str = ""
    starting_clip: str = ""
    starting_kind: str = Kind.STARTING_CLIP
    pairs: int = 0
    steps: int = 0
    best_epoch: int = 0
    pairs_per_second: float = 0.0
    loading_share: float = 0.0
    validation_recall_at_10: float | None = None
    starting_recall_at_10: float | None = None
    interpolation: float = 1.0
    ledger_record: int | None = None
    rolled_back_to: str | None = None

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the recipe, the model, and the recall on the validation side."""
        recall = self.validation_recall_at_10
        figure = "" if recall is None else f", validation recall@10 {recall:.3f}"
        return f"{self.recipe} {self.model}{figure}"

    def details(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return how long it was trained, and what training changed on the validation side."""
        before, after = self.starting_recall_at_10, self.validation_recall_at_10
        gained = (
            [f"- recall@10 on the validation side: {before:.3f} → {after:.3f}"]
            if (before is not None and after is not None)
            else []
        )
        return "\n".join(
            [
                f"- {self.pairs:,} training pairs, {self.steps:,} steps; the best epoch was "
                f"{self.best_epoch}",
                f"- from `{self.starting_kind}/{self.starting_clip}`",
                *gained,
                "\nWhether it serves is decided by `evaluate_clip`, on the test side.",
            ]
        )


class FinetuneClip(TrainingStep):
    """The step; a promotion of its own result is no reason to train again."""

    def find_published(self, plan: "Plan", store: "Store") -> Manifest | None:
        """Return the version that holds the plan's work, or whose promotion changed the plan.

        Otherwise every promotion would trigger a new training run that starts from the model just
        promoted.
        """
        return super().find_published(plan, store) or self._promoted(plan, store)

    def _promoted(self, plan: "Plan", store: "Store") -> Manifest | None:
        champion = plan.inputs.get(Kind.COVER_CLIP)
        if champion is None:
            return None
        candidate = store.manifest(Kind.COVER_CLIP, champion).parents.get(self.publishes)
        if candidate is None:
            return None
        try:
            version = store.manifest(self.publishes, candidate)
        except (CorruptVersionError, NotReadyError):  # it was deleted or damaged: train again
            return None
        if version.parameters != plan.parameters:
            return None
        return version if {**version.parents, Kind.COVER_CLIP: champion} == plan.inputs else None


FINETUNE_CLIP = FinetuneClip(
    name="finetune_clip",
    publishes=Kind.CLIP_CANDIDATE,
    function="dustjacket.clip.finetune:finetune_clip",
    parameters=ClipParameters,
    facts=CandidateFacts,
    reads=(Kind.LABELLED_COVERS,),
    experiment="cover-clip",
    section="clip",
    completes=True,
)
STEPS = [FINETUNE_CLIP]
