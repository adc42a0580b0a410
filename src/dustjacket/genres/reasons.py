"""What speaks for a genre of a title, and against it; and training books that are similar."""

from pydantic import BaseModel, Field


class WeightedWord(BaseModel):
    """A word of a book, and what it adds to the score of a genre."""

    word: str
    weight: float = Field(description="below 0: it speaks against the genre")


class NearBook(BaseModel):
    """A training book that is similar to the one that is asked about."""

    title: str
    author: str | None
    genre: str
    similarity: float = Field(description="cosine of TF-IDF vectors, 0 to 1")


class GenreReasons(BaseModel):
    """What speaks for the likeliest genre, the heaviest word for it first."""

    genre: str
    words: list[WeightedWord]
    exact: bool = Field(
        description="whether the weights sum to the score of a linear model; otherwise each is "
        "what leaving the word out takes from the logarithm of the odds"
    )
    nearest: list[NearBook] = Field(description="most similar training books")
