"""What a generator learns from: the art of labelled covers, with conditions.

Shapes: N covers, V prompts a cover, T and D dimensions of text and image embeddings.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
import pandas as pd
import torch

from dustjacket.clip.embed import embed_covers, embed_texts
from dustjacket.clip.model import Clip
from dustjacket.clip.prompts import prompt_variants
from dustjacket.clip.retries import retry_while_unavailable
from dustjacket.errors import DustjacketError, NotReadyError
from dustjacket.generation.batches import ConditionedArt
from dustjacket.generation.conditions import Conditioner, fit_conditioner
from dustjacket.generation.habits import habits_of
from dustjacket.generation.network import BASE
from dustjacket.generation.prior import PriorTrial, fit_prior
from dustjacket.generation.step import MIN_COVERS, GeneratorParameters
from dustjacket.generation.textless import text_left, textless_art
from dustjacket.genres.published_labels import read_training_labels
from dustjacket.pipeline.kinds import Kind
from dustjacket.storage.manifest import Manifest
from dustjacket.storage.parents import parent_of
from dustjacket.storage.store import Store
from dustjacket.typesetting.habits import Habits

_MIN_CONFIDENCE = 0.3
"""Genres with a lower probability are left out of the prompts."""
_EMBEDDED_AT_ONCE = 256


@dataclass(frozen=True)
class KnownArt:
    """Covers with conditions, and what made these.

    Attributes:
        trials: figures of the candidates for the prior.
    """

    training: ConditionedArt
    validation: ConditionedArt
    conditioner: Conditioner
    trials: list[PriorTrial]


@dataclass(frozen=True)
class GeneratorData:
    """What a generator learns from.

    Attributes:
        keys: of the training covers; ``digest`` is theirs.
        books: rows of the validation covers.
        habits: where the training covers have their type, by genre.
    """

    art: KnownArt
    keys: list[str]
    books: pd.DataFrame
    digest: str
    text_left: float
    habits: dict[str, Habits]


def read_data(
    store: Store, version: str, parameters: GeneratorParameters, text: Clip, image: Clip
) -> GeneratorData:
    """Make the art and its conditions; every process makes the same.

    Args:
        version: of the labelled covers.

    Raises:
        NotReadyError: there are too few covers that models may be trained on.
        DustjacketError: too many covers cannot be read.
    """
    labels = retry_while_unavailable(store.manifest)(Kind.LABELLED_COVERS, version)
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
    known = condition_art(art, texts, images, readable["group"].to_numpy(), is_training)
    keys = list(readable["key"][is_training])
    return GeneratorData(
        known,
        keys=keys,
        books=readable[~is_training].reset_index(drop=True),
        digest=hashlib.sha256("\n".join(keys).encode()).hexdigest()[:12],
        text_left=text_left(readable, parameters.seed),
        habits=habits_of(readable[is_training]),
    )


def condition_art(
    art: np.ndarray,
    texts: np.ndarray,
    images: np.ndarray,
    groups: np.ndarray,
    is_training: np.ndarray,
) -> KnownArt:
    """Fit the prior and make the conditions of N covers.

    Args:
        art: (N, 72, 48, 3) 8-bit.
        texts: (V, N, T) embeddings of the prompts of each cover, the last with author and genre.
        images: (N, D) embeddings of the art.
        groups: (N,) book groups.
        is_training: (N,) whether a cover is learnt from; the others are validation covers.
    """
    rows, others = np.flatnonzero(is_training), np.flatnonzero(~is_training)
    validation = texts[-1, others]
    prior, predicted, trials = fit_prior(
        texts[:, rows], images[rows], groups[rows], (validation, images[others])
    )
    conditioner = fit_conditioner(prior, texts[:, rows], predicted)
    conditions = conditioner.join(predicted, texts[:, rows])
    queries = conditioner.conditions(validation)
    own = groups[rows][:, None] == groups[rows]
    pixels = torch.from_numpy(art)
    return KnownArt(
        training=ConditionedArt(
            pixels[rows],
            torch.from_numpy(conditions),
            torch.from_numpy(conditioner.references(conditions[-1], barred=own)),
        ),
        validation=ConditionedArt(
            pixels[others],
            torch.from_numpy(queries[None]),
            torch.from_numpy(conditioner.references(queries)[:, :1]),
        ),
        conditioner=conditioner,
        trials=trials,
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
