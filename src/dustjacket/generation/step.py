"""The steps ``train_generator`` and ``evaluate_generator``: parameters and facts."""

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field

from dustjacket.clip.step import uneven_batch
from dustjacket.evaluation.step import REPORT
from dustjacket.generation.schemas import GeneratorEvaluationFacts, GeneratorEvaluationParameters
from dustjacket.genres.schemas import RetrainingParameters
from dustjacket.genres.training_step import TrainingStep
from dustjacket.pipeline.kinds import Kind
from dustjacket.promotion.evaluation_step import EvaluationStep
from dustjacket.storage.manifest import Facts

GENERATOR_FOLDER, CONDITIONER_FOLDER = "generator", "conditioner"
"""Folders of a published generator: its own files, and its text encoder."""
MIN_COVERS = 20
"""Fewer covers that models may be trained on make no generator."""


class GeneratorParameters(RetrainingParameters):
    """Parameters of ``train_generator``."""

    main: ClassVar[frozenset[str]] = frozenset({"budget_minutes", "max_covers", "device", "start"})
    operational: ClassVar[frozenset[str]] = RetrainingParameters.operational | {
        "processes", "micro_batch", "checkpoint_steps", "keep_checkpoints", "max_broken_share",
    }  # fmt: skip

    budget_minutes: float = Field(
        3, gt=0, le=100_000, description="Time for the training steps; their number is measured"
    )
    max_covers: int = Field(
        10_000, ge=MIN_COVERS, le=1_000_000, description="Maximum number of covers to learn from"
    )
    processes: int = Field(1, ge=1, le=64, description="Training processes (TorchDistributor)")
    device: Literal["cpu", "gpu"] = Field(
        "cpu", description="Device to train on; gpu: one process per GPU"
    )
    precision: Literal["fp32", "bf16"] = Field("fp32", description="Precision of the computation")
    start: Literal["weights", "random"] = Field(
        "weights",
        description="What training starts from: the weights that come with the package, where they "
        "fit the text encoder and the width, or random weights",
    )
    width: int = Field(
        64, ge=32, le=1024, multiple_of=32, description="Channels of the U-Net's first level"
    )
    batch_size: int = Field(64, ge=1, le=65536, description="Covers in a batch of all processes")
    micro_batch: int = Field(
        0, ge=0, le=65536, description="Covers per process and forward pass; 0: its whole share"
    )
    learning_rate: float = Field(2e-3, gt=0, le=1, description="Peak learning rate")
    weight_decay: float = Field(0.01, ge=0, le=1, description="Weight decay")
    warmup: float = Field(0.05, ge=0, le=1, description="Share of the steps with linear warm-up")
    null_share: float = Field(
        0.1, ge=0, le=1, description="Share of the conditions replaced by the null token"
    )
    reference_share: float = Field(
        0.8, ge=0, le=1, description="Share of the covers that see the nearest training cover's art"
    )
    sampling_steps: int = Field(18, ge=2, le=1000, description="Steps of Heun's method in drawing")
    checkpoint_steps: int = Field(
        0, ge=0, le=1_000_000, description="Steps between checkpoints; 0: about one a minute"
    )
    keep_checkpoints: int = Field(2, ge=1, le=100, description="Checkpoints to keep")
    max_broken_share: float = Field(
        0.01, ge=0, le=1, description="Fail if more than this share of the covers cannot be read"
    )
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Random seed")

    def conflict(self) -> str | None:
        """Return why the batch cannot be split over the processes, or None."""
        return uneven_batch(self.batch_size, self.processes)


class GeneratorFacts(Facts):
    """Facts of a trained generator.

    Attributes:
        implementation: what reads its files; see :mod:`dustjacket.generation.read`.
        conditioner: ``<kind>/<version>`` of the text encoder; its files are among the generator's.
        image_model: ``<kind>/<version>`` of the model whose image embeddings the prior predicts.
        covers: training covers.
        text_left: share of characters that OCR still reads in the art it was trained on.
        prior: the chosen candidate; ``prior_trials`` has the figures of all.
        start: what it was trained from: ``weights`` or ``random``.
        starting_images: image-steps that the starting weights have seen.
        steps: optimizer steps, fixed by the budget before the first.
        starting_loss: of the validation covers before training.
        validation_loss, unconditional_loss: the same after, with condition and without.
    """

    implementation: str = "scratch"
    conditioner: str = ""
    image_model: str = ""
    run_id: str = ""
    covers: int = 0
    text_left: float = 0.0
    prior: str = ""
    prior_trials: list[dict[str, float | str]] = Field(default_factory=list)
    start: str = "random"
    starting_images: int = 0
    steps: int = 0
    images_per_second: float = 0.0
    starting_loss: float | None = None
    validation_loss: float | None = None
    unconditional_loss: float | None = None
    ledger_record: int | None = None
    rolled_back_to: str | None = None

    def outcome(self, parameters: Mapping[str, Any]) -> str:  # noqa: ARG002
        """Return the number of covers and steps, and the loss on the validation side."""
        loss = self.validation_loss
        figure = "" if loss is None else f", validation loss {loss:.3f}"
        return f"{self.covers:,} covers, {self.steps:,} steps{figure}"


TRAIN_GENERATOR = TrainingStep(
    name="train_generator",
    publishes=Kind.GENERATOR_CANDIDATE,
    function="dustjacket.generation.train_step:train_generator",
    parameters=GeneratorParameters,
    facts=GeneratorFacts,
    reads=(Kind.LABELLED_COVERS,),
    optional_inputs=(Kind.COVER_CLIP,),
    follows=(Kind.EVALUATION,),
    experiment="cover-generator",
    section="generator",
    completes=True,
)
EVALUATE_GENERATOR = EvaluationStep(
    name="evaluate_generator",
    publishes=Kind.GENERATOR_EVALUATION,
    function="dustjacket.generation.evaluate:evaluate_generator",
    parameters=GeneratorEvaluationParameters,
    facts=GeneratorEvaluationFacts,
    reads=(Kind.GENERATOR_CANDIDATE,),
    promotes_to=Kind.COVER_GENERATOR,
    experiment="cover-generator",
    artifacts={"Report": REPORT},
    section="generation",
)
STEPS = [TRAIN_GENERATOR, EVALUATE_GENERATOR]
