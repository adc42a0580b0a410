"""The Assets that connect the DAGs. Each event announces one published version."""

from dustjacket.orchestration import published
from dustjacket.pipeline.kinds import Kind

CATALOG = published(Kind.CATALOG)
GENRE_CLASSIFIER = published(Kind.GENRE_CLASSIFIER)
COVERS = published(Kind.COVERS)
LABELLED_COVERS = published(Kind.LABELLED_COVERS)
LABELLED_CATALOG = published(Kind.LABELLED_CATALOG)
CLIP_CANDIDATE = published(Kind.CLIP_CANDIDATE)
COVER_CLIP = published(Kind.COVER_CLIP)
GENERATOR_CANDIDATE = published(Kind.GENERATOR_CANDIDATE)
COVER_GENERATOR = published(Kind.COVER_GENERATOR)
COVER_INDEX = published(Kind.COVER_INDEX)
