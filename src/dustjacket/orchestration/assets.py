"""The Assets of Dustjacket's kinds, which connect its DAGs, and those of a team with them."""

from airflow.sdk import Asset

from dustjacket.pipeline.kinds import Kind

_WHAT = {
    Kind.CATALOG: "the listing, cleaned, with the sides of the split",
    Kind.GENRE_CLASSIFIER: "the genre classifier, and its comparison",
    Kind.COVERS: "covers, checked and normalised",
    Kind.LABELLED_COVERS: "the predicted genre of each cover",
    Kind.LABELLED_CATALOG: "the predicted subjects of each book",
    Kind.CLIP_CANDIDATE: "a fine-tuned CLIP, not judged yet",
    Kind.COVER_CLIP: "the CLIP that serves, after a promotion or rollback",
    Kind.GENERATOR_CANDIDATE: "a cover generator, not judged yet",
    Kind.COVER_GENERATOR: "the cover generator that serves",
    Kind.COVER_INDEX: "the embeddings of all covers, in which the Studio searches",
}


def published(kind: Kind | str) -> Asset:
    """Return the Asset whose events announce the versions of a kind.

    Raises:
        ValueError, KeyError: no DAG announces such a kind.
    """
    kind = Kind(kind)
    return Asset(
        name=kind.value,
        uri=f"x-dustjacket://{kind}",
        group="dustjacket",
        extra={"what": _WHAT[kind], "where": f"{kind}/<version>/ in the bucket"},
    )
