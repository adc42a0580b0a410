"""The Assets that connect the DAGs. Each event announces one published version."""

from airflow.sdk import Asset

from dustjacket.pipeline.kinds import Kind


def _asset(kind: Kind, what: str) -> Asset:
    return Asset(
        name=kind.value,
        uri=f"x-dustjacket://{kind}",
        group="dustjacket",
        extra={"what": what, "where": f"{kind}/<version>/ in the bucket"},
    )


CATALOG = _asset(Kind.CATALOG, "the listing, cleaned, with the sides of the split")
GENRE_CLASSIFIER = _asset(Kind.GENRE_CLASSIFIER, "the genre classifier, and its comparison")
COVERS = _asset(Kind.COVERS, "covers, checked and normalised")
LABELLED_COVERS = _asset(Kind.LABELLED_COVERS, "the predicted genre of each cover")
LABELLED_CATALOG = _asset(Kind.LABELLED_CATALOG, "the predicted subjects of each book")
CLIP_CANDIDATE = _asset(Kind.CLIP_CANDIDATE, "a fine-tuned CLIP, not judged yet")
COVER_CLIP = _asset(Kind.COVER_CLIP, "the CLIP that serves, after a promotion or rollback")
GENERATOR_CANDIDATE = _asset(Kind.GENERATOR_CANDIDATE, "a cover generator, not judged yet")
COVER_GENERATOR = _asset(Kind.COVER_GENERATOR, "the cover generator that serves")
COVER_INDEX = _asset(Kind.COVER_INDEX, "the embeddings of all covers, in which the Studio searches")
