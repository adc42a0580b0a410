"""Sections that show single covers: the best and worst retrievals, and a map."""

import numpy as np

from dustjacket.clip.prompts import query_prompts
from dustjacket.evaluation.comparison import Comparison
from dustjacket.evaluation.page import CoverImage, Picture, RetrievalExample, Section
from dustjacket.evaluation.results import Results
from dustjacket.evaluation.sections.figures import map_figure, thumbnail_uri

_EXAMPLES, _RETRIEVED = 6, 5
_MAX_CAPTION = 60


def example_sections(comparison: Comparison, results: Results) -> list[Section]:
    """Return the titles whose cover the candidate ranks best and worst, with what it retrieves."""
    model, books = comparison.models["candidate"], comparison.test_books
    indices = comparison.test_indices
    covers = model.embed_covers(indices)
    titles = model.embed_texts(query_prompts(books))
    images = comparison.covers.images[max(comparison.covers.images)]
    ranks = results.retrieval["fine_tuned"].ranks["title_to_cover"].middle

    def thumbnail(row: int) -> str:
        return thumbnail_uri(images[indices[[row]]][0])

    def example(row: int) -> RetrievalExample:
        scores = covers @ titles[row]
        author = books["author"].iloc[row]
        return RetrievalExample(
            str(books["title"].iloc[row]),
            (f"by {author}, " if author else "") + f"own cover at rank {ranks[row]:g}",
            CoverImage(thumbnail(row), f"own, {scores[row]:.2f}", own=True),
            [
                CoverImage(
                    thumbnail(int(other)),
                    f"{scores[other]:.2f} {books['title'].iloc[other]}"[:_MAX_CAPTION],
                    own=bool(other == row),
                )
                for other in np.argsort(-scores, kind="stable")[:_RETRIEVED]
            ],
        )

    cosines = (titles * covers).sum(axis=1)
    best = np.lexsort((-cosines, ranks))[:_EXAMPLES]
    worst = np.lexsort((cosines, -ranks))[:_EXAMPLES]
    text = "For each title: its own cover, then the covers retrieved for it, with their cosines."
    return [
        Section(heading, [text], examples=[example(int(row)) for row in rows])
        for heading, rows in (("Best retrievals", best), ("Worst retrievals", worst))
    ]


def map_section(comparison: Comparison) -> Section:
    """Return a map of the candidate's embeddings of the test covers."""
    covers = comparison.models["candidate"].embed_covers(comparison.test_indices)
    if len(covers) < 3:
        return Section("Map of covers", ["There are too few test covers for a map."])
    genres = list(comparison.test_books["known_genre"])
    picture = Picture(
        map_figure(covers, genres, comparison.parameters.seed),
        "Test covers by genre; covers with similar embeddings of the candidate are close.",
    )
    return Section("Map of covers", pictures=[picture])
