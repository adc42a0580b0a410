"""The kinds of published versions."""

from enum import StrEnum


class Kind(StrEnum):
    """A kind of version: the first part of its prefix in the bucket."""

    CATALOG = "catalog"
    GENRE_CLASSIFIER = "genre_classifier"
    SENTENCE_EMBEDDINGS = "sentence_embeddings"
    COVERS = "covers"
    LABELLED_COVERS = "labelled_covers"
    LABELLED_CATALOG = "labelled_catalog"
    STARTING_CLIP = "starting_clip"
    CLIP_CHECKPOINT = "clip_checkpoint"
    CLIP_CANDIDATE = "clip_candidate"
    EVALUATION = "evaluation"
    COVER_CLIP = "cover_clip"
    COVER_INDEX = "cover_index"
    GENERATOR_CHECKPOINT = "generator_checkpoint"
    GENERATOR_CANDIDATE = "generator_candidate"
    GENERATOR_EVALUATION = "generator_evaluation"
    COVER_GENERATOR = "cover_generator"


CHAMPION_MODEL = "champion"
"""Value of the parameter ``model`` that selects the newest ``cover_clip``."""
