"""What each step can be told.

One frozen class a step, from which forms, flags and MLflow's parameters are all made.
"""

from typing import ClassVar, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

CandidateName = Literal[
    "naive_bayes",
    "logistic_regression",
    "logistic_regression_cv",
    "random_forest",
    "complement_nb",
    "linear_svm",
    "complement_nb_sentences",
    "linear_svm_sentences",
    "vote",
]
COVER_CLIP = "cover_clip"
"""The kind of promoted models."""
CHAMPION_MODEL = "champion"
"""A model's name that stands for the newest promoted one."""
Recipe = Literal["full", "locked_image", "locked_text", "locked", "lora"]
GenreMetric = Literal["f1_weighted", "accuracy", "f1_macro"]


class StepParameters(BaseModel):
    """Common behaviour: unknown names are refused, values never change."""

    model_config = ConfigDict(frozen=True, extra="forbid")
    let_through: ClassVar[frozenset[str]] = frozenset()
    """Parameters that change nothing of what is published, only how, or whether it may be."""

    @property
    def also_reads(self) -> tuple[str, ...]:
        """Kinds that the step reads beside its own, if they are there."""
        return ()

    @property
    def content(self) -> tuple[str, ...]:
        """Values that may be paths or addresses, whose content is part of the work."""
        return ()


class CatalogParameters(StepParameters):
    """Parameters of ``ingest_catalog``."""

    let_through: ClassVar[frozenset[str]] = frozenset({"accept_changes"})

    source: str = Field(
        "",
        max_length=2000,
        description="Listing to read: path, s3:// or https:// address of a file, or a folder",
    )
    title_column: str = Field("", max_length=200, description="Column of titles, by its header")
    author_column: str = Field("", max_length=200, description="Column of authors")
    genre_column: str = Field("", max_length=200, description="Column of genres")
    description_column: str = Field("", max_length=200, description="Column of descriptions")
    clean: Literal["books", "paper"] = Field(
        "books",
        description="Cleaning: of books, or the paper's, which drops rows with any empty field",
    )
    genres: tuple[str, ...] = Field(
        (), max_length=1000, description="Known genres: rows of others are rejected"
    )
    min_rows_per_genre: int = Field(
        2, ge=1, le=10_000, description="Reject rows of genres with fewer accepted rows than this"
    )
    max_title_length: int = Field(
        1000, ge=10, le=10_000, description="Reject titles longer than this, in characters"
    )
    max_row_drop: float = Field(
        0.1, ge=0, le=1, description="Hold a version back that lost more than this share of books"
    )
    max_genre_drop: float = Field(
        0.5, ge=0, le=1, description="Hold it back if a genre lost more than this share of books"
    )
    max_mix_shift: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Hold it back if more than this share of books moved between genres",
    )
    accept_changes: bool = Field(False, description="Let a version through that would be held back")


class CoversParameters(StepParameters):
    """Parameters of ``ingest_covers``."""

    source: str = Field(
        "",
        max_length=2000,
        description="Covers to read: a table or a folder, a path or s3:// address; a table also "
        "at http(s)://",
    )
    title_column: str = Field(
        "", max_length=200, description="Column of titles; empty: the known names"
    )
    author_column: str = Field(
        "", max_length=200, description="Column of authors; empty: the known names"
    )
    image_column: str = Field(
        "", max_length=200, description="Column of image paths or URLs; empty: the known names"
    )
    category_column: str = Field(
        "", max_length=200, description="Column of categories; empty: the known names"
    )
    short_side: int = Field(
        256, ge=32, le=1024, description="Pixels of a stored cover's shorter side; never enlarged"
    )
    image_format: Literal["jpeg", "webp"] = Field("jpeg", description="Format of stored covers")
    max_pixels: int = Field(
        50_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject images with more pixels than this",
    )
    max_bytes: int = Field(
        20_000_000,
        ge=10_000,
        le=200_000_000,
        description="Reject image files larger than this",
    )
    min_ink: float = Field(
        0.015,
        ge=0,
        le=0.5,
        description="Reject as placeholders covers that are one colour but for less than this",
    )
    placeholder_books: int = Field(
        5,
        ge=2,
        le=1_000_000,
        description="Reject as placeholders pictures that as many different books share",
    )
    max_reject_share: float = Field(
        0.5, ge=0, le=1, description="Fail if a greater share of the rows than this is rejected"
    )
    connections_per_host: int = Field(
        16, ge=1, le=256, description="Connections to one web host at a time, over all tasks"
    )
    image_deadline_s: float = Field(
        30, ge=1, le=600, description="Seconds that one image may take to fetch, retries included"
    )
    host_patience_s: float = Field(
        60, ge=1, le=3600, description="Seconds that a web host may stand still before it is left"
    )
    covers_per_shard: int = Field(1000, ge=10, le=20_000, description="Covers in one tar shard")


class ClassifierParameters(StepParameters):
    """Parameters of ``select_classifier``."""

    candidates: tuple[CandidateName, ...] = Field(
        get_args(CandidateName), min_length=1, description="Classifiers to compare"
    )
    folds: int = Field(3, ge=2, le=10, description="Folds of the cross-validation")
    metric: GenreMetric = Field("f1_weighted", description="Mean over folds that decides")
    vocabulary: int = Field(20_000, ge=100, le=200_000, description="Most frequent terms to count")
    min_books_per_piece: int = Field(
        0,
        ge=0,
        le=1000,
        description="Leave hashed pieces out that fewer training books have; 0: 1, or 2 of 50,000",
    )
    idf: bool = Field(True, description="Whether rare terms and pieces weigh more (IDF)")
    use_descriptions: bool = Field(
        False,
        description="Learn from descriptions too; labels of covers, the Studio and the command "
        "line, which have none, are then less sure",
    )
    sentence_model: str = Field(
        "all-MiniLM-L6-v2",
        max_length=500,
        description="Sentence model: a name, or a folder; empty: no sentence embeddings",
    )
    suspect_weight: float = Field(
        0.2, ge=0, le=1, description="Weight of books whose genre the model contradicts"
    )
    repeat_paper: bool = Field(
        False, description="Repeat the paper's own protocol too, and print its table beside ours"
    )
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Seed of everything random")


class LabelParameters(StepParameters):
    """Parameters of ``label_covers``."""

    top: int = Field(3, ge=1, le=10, description="Likeliest genres to record for each cover")


class ClipParameters(StepParameters):
    """Parameters of ``finetune_clip``."""

    let_through: ClassVar[frozenset[str]] = frozenset(
        {
            "processes", "micro_batch", "checkpoint_steps", "keep_checkpoints", "cache_gib",
            "max_broken_share",
        }
    )  # fmt: skip

    model: str = Field(
        "lite0-minilm",
        max_length=2000,
        description="Model: lite0-minilm (needs no network), champion, a name of open_clip's "
        "(ViT-B-32), hf-hub:NAME, or a folder or s3:// address",
    )
    weights: str = Field(
        "",
        max_length=2000,
        description="Weights of open_clip's model: a tag, or a checkpoint's path or s3:// address; "
        "empty: random",
    )
    recipe: Recipe = Field(
        "locked_image", description="What is trained: all, one tower, the projection, or LoRA"
    )
    wise_ft: bool = Field(
        False, description="Mix with the starting weights, as much as does best on validation"
    )
    processes: int = Field(2, ge=1, le=64, description="Training processes (TorchDistributor)")
    device: Literal["cpu", "gpu"] = Field("cpu", description="Where to train: a process a GPU")
    precision: Literal["fp32", "bf16"] = Field("fp32", description="Of products and sums")
    epochs: int = Field(10, ge=1, le=1000, description="Passes over the training pairs")
    patience: int = Field(
        5, ge=0, le=1000, description="Stop after so many epochs without a better one; 0: never"
    )
    batch_size: int = Field(128, ge=2, le=65536, description="Pairs in a batch, over all processes")
    micro_batch: int = Field(
        0, ge=0, le=65536, description="Pairs a process embeds at a time; 0: all of its batch"
    )
    learning_rate: float = Field(3e-4, gt=0, le=1, description="Peak learning rate")
    weight_decay: float = Field(0.1, ge=0, le=1, description="AdamW's weight decay")
    warmup: float = Field(0.1, ge=0, le=1, description="Share of steps that warm up")
    max_shift: float = Field(
        0.06, ge=0, le=0.5, description="Most that a cover is moved by, as a share of its side"
    )
    include_genre: bool = Field(True, description="Put the predicted genre into training prompts")
    min_confidence: float = Field(
        0.3, ge=0, le=1, description="Leave a genre out that is less probable than this"
    )
    checkpoint_steps: int = Field(
        0, ge=0, le=1_000_000, description="Steps between checkpoints; 0: once an epoch"
    )
    keep_checkpoints: int = Field(2, ge=1, le=100, description="Checkpoints to keep")
    max_broken_share: float = Field(
        0.01, ge=0, le=1, description="Fail if a greater share of the covers cannot be read"
    )
    cache_gib: float = Field(
        8, ge=0.01, le=10_000, description="Disk for decoded covers on each machine, in GiB"
    )
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Seed of everything random")

    @property
    def also_reads(self) -> tuple[str, ...]:
        """The champion, where training goes on from it."""
        return (COVER_CLIP,) if self.model == CHAMPION_MODEL else ()

    @property
    def content(self) -> tuple[str, ...]:
        """Where weights may lie."""
        return (self.model, self.weights)


class EvaluationParameters(StepParameters):
    """Parameters of ``evaluate_clip``."""

    let_through: ClassVar[frozenset[str]] = frozenset({"require_approval"})

    min_test_covers: int = Field(
        100, ge=1, le=100_000, description="Below this many test covers the verdict is insufficient"
    )
    min_gain: float = Field(
        0.0, ge=0, le=1, description="The 95 % interval of recall@10 gained must be above this"
    )
    min_genre_covers: int = Field(
        20, ge=1, le=100_000, description="Test covers from which on a genre counts by itself"
    )
    max_genre_drop: float = Field(
        0.25, ge=0, le=1, description="Most that a genre's recall@10 may fall, beyond chance"
    )
    max_forgetting: float = Field(
        0.02, ge=0, le=1, description="Most that accuracy of general recognition may fall"
    )
    max_leaked_share: float = Field(
        0.05, ge=0, le=1, description="Most of the test covers that may look like a training cover"
    )
    require_approval: bool = Field(
        False, description="Let a person decide, in Airflow, of what the gate lets through"
    )
    max_drift: float = Field(
        0.25, ge=0, le=100, description="Warn above this population stability index"
    )
    bootstrap: int = Field(
        1000, ge=100, le=100_000, description="Resamples that intervals are made of"
    )
    match_cover: str = Field(
        "",
        max_length=2000,
        description="Cover to match with prompts: a path, an s3:// address, or a cover's key",
    )
    match_prompts: tuple[str, ...] = Field(
        (), max_length=100, description="Prompts to match it with"
    )
    batch_size: int = Field(128, ge=1, le=8192, description="Covers embedded at a time")
    seed: int = Field(13, ge=0, le=2**31 - 1, description="Seed of everything random")


class IndexParameters(StepParameters):
    """Parameters of ``index_covers``."""

    batch_size: int = Field(16, ge=1, le=8192, description="Covers embedded at a time")
    max_broken_share: float = Field(
        0.01, ge=0, le=1, description="Fail if a greater share of the covers cannot be read"
    )
