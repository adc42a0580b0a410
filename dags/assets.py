"""The Assets that connect the DAGs. Each event announces one published version."""

from airflow.sdk import Asset

from dustjacket.pipeline.kinds import Kind


def _asset(kind: Kind) -> Asset:
    return Asset(name=kind.value, uri=f"x-dustjacket://{kind}", group="dustjacket")


CATALOG = _asset(Kind.CATALOG)
GENRE_CLASSIFIER = _asset(Kind.GENRE_CLASSIFIER)
COVERS = _asset(Kind.COVERS)
LABELLED_COVERS = _asset(Kind.LABELLED_COVERS)
LABELLED_CATALOG = _asset(Kind.LABELLED_CATALOG)
CLIP_CANDIDATE = _asset(Kind.CLIP_CANDIDATE)
COVER_CLIP = _asset(Kind.COVER_CLIP)
GENERATOR_CANDIDATE = _asset(Kind.GENERATOR_CANDIDATE)
COVER_GENERATOR = _asset(Kind.COVER_GENERATOR)
COVER_INDEX = _asset(Kind.COVER_INDEX)
