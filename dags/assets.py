"""The Assets that chain the DAGs, named once. Each event stands for one published version."""

from airflow.sdk import Asset


def _asset(kind: str) -> Asset:
    return Asset(name=kind, uri=f"x-dustjacket://{kind}", group="dustjacket")


CATALOG = _asset("catalog")
GENRE_CLASSIFIER = _asset("genre_classifier")
COVERS = _asset("covers")
LABELLED_COVERS = _asset("labelled_covers")
CLIP_CANDIDATE = _asset("clip_candidate")
COVER_CLIP = _asset("cover_clip")
COVER_INDEX = _asset("cover_index")
