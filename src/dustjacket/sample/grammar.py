"""A grammar for books: a title names a coloured thing; its phrase and author suggest a genre."""

import random
from dataclasses import dataclass

from dustjacket.identity.text import normalise
from dustjacket.splits import book_group, split_of

COLOURS = {
    "Red": (214, 40, 40),
    "Golden": (240, 190, 40),
    "Silver": (196, 202, 208),
    "Emerald": (20, 160, 90),
    "Blue": (45, 110, 220),
    "Violet": (140, 70, 200),
    "Black": (24, 24, 28),
    "White": (250, 250, 245),
    "Copper": (190, 105, 55),
    "Rose": (240, 130, 165),
}
"""RGB colours of a cover's main motif, by the word in the title."""

MOTIFS = (
    "Moon", "Sun", "Star", "Tree", "House", "Heart", "Mountain", "Ship", "Fish", "Bird", "Key",
    "Crown", "Sword", "Flower", "Cup", "Bell", "Eye", "Ladder", "Bridge", "Tower", "Kite", "Leaf",
    "Flame", "Wave", "Cloud", "Arrow", "Anchor", "Apple", "Clock", "Ring", "Bottle", "Candle",
    "Umbrella", "Wheel", "Tent", "Lantern",
)  # fmt: skip
"""Things that a title may name; :mod:`dustjacket.sample.motifs` has a drawing of each."""

HELD_OUT_WORDS = ("Anchor", "House", "Ladder", "Umbrella", "Copper")
"""Things and a colour that only titles of test books name.

A model trained on the sample has seen none of them, so these test books measure how it generalises
to new words.
"""
HELD_OUT_SHARE = 0.05
"""Share of books with such a word; all are test books, so about a quarter of those."""

_HELD_OUT = frozenset(map(normalise, HELD_OUT_WORDS))
TRAINING_COLOURS = tuple(name for name in COLOURS if name not in HELD_OUT_WORDS)
TRAINING_MOTIFS = tuple(name for name in MOTIFS if name not in HELD_OUT_WORDS)


@dataclass(frozen=True)
class SampleGenre:
    """One genre of the sample.

    Attributes:
        name: the category, named as in the real listing.
        number: the category id.
        weight: relative frequency.
        phrases: templates of its titles.
        motifs: things that its titles name most often.
    """

    name: str
    number: int
    weight: int
    phrases: tuple[str, ...]
    motifs: tuple[str, ...]


GENRES = (
    SampleGenre(
        "Mystery, Thriller & Suspense", 18, 14,
        ("Murder at {thing}", "The Case of {thing}", "Death of {thing}", "Who Stole {thing}",
         "A Killer near {thing}", "{thing}: A Detective Novel", "The Secret of {thing}",
         "Silence behind {thing}"),
        ("Key", "Tower", "Clock", "Eye", "Lantern"),
    ),
    SampleGenre(
        "Romance", 24, 14,
        ("A Kiss under {thing}", "In Love with {thing}", "The Duke of {thing}",
         "Promise me {thing}", "{thing}: A Love Story", "Summer of {thing}",
         "The Bride and {thing}", "The Secret of {thing}"),
        ("Heart", "Flower", "Ring", "Moon", "Candle"),
    ),
    SampleGenre(
        "Science Fiction & Fantasy", 25, 13,
        ("The Dragon of {thing}", "Planet of {thing}", "Wizards of {thing}", "Beyond {thing}",
         "{thing}: Book One of the Saga", "Lords of {thing}", "The Robot and {thing}",
         "The Last {bare}"),
        ("Star", "Sword", "Crown", "Moon", "Flame"),
    ),
    SampleGenre(
        "Children's Books", 8, 11,
        ("Goodnight, {bare}", "Where Is {thing}?", "My First Book of {thing}", "Teddy and {thing}",
         "The Little {bare}", "{thing} Goes to School", "Ten Tales of {thing}",
         "Adventures of {thing}"),
        ("Kite", "Bird", "Sun", "Fish", "Star"),
    ),
    SampleGenre(
        "Cookbooks, Food & Wine", 10, 10,
        ("Recipes from {thing}", "Cooking with {thing}", "The {bare} Kitchen", "Baking at {thing}",
         "A Taste of {thing}", "{thing}: 100 Easy Dinners", "Feasts of {thing}",
         "Wines of {thing}"),
        ("Apple", "Cup", "Bottle", "Fish", "Leaf"),
    ),
    SampleGenre(
        "Travel", 29, 9,
        ("A Guide to {thing}", "Walking to {thing}", "Journeys past {thing}", "The Road to {thing}",
         "{thing}: 50 Places to See", "Sailing to {thing}", "A Year near {thing}",
         "Adventures of {thing}"),
        ("Mountain", "Ship", "Bridge", "Tent", "Wave"),
    ),
    SampleGenre(
        "History", 13, 9,
        ("The Fall of {thing}", "A History of {thing}", "The War for {thing}", "Empire of {thing}",
         "{thing} in the Middle Ages", "Kings of {thing}", "The Last {bare}",
         "Letters from {thing}"),
        ("Crown", "Sword", "Tower", "Ship", "Bell"),
    ),
    SampleGenre(
        "Christian Books & Bibles", 7, 8,
        ("Praying with {thing}", "The Grace of {thing}", "Psalms of {thing}", "Faith and {thing}",
         "{thing}: A Bible Study", "God's {bare}", "The Promise of {thing}",
         "Letters from {thing}"),
        ("Candle", "Bell", "Lantern", "Tree", "Star"),
    ),
    SampleGenre(
        "Computers & Technology", 9, 6,
        ("Programming {thing}", "Learn {bare} in 24 Hours", "{bare} Networks", "Hacking {thing}",
         "{thing}: A Developer's Handbook", "Data Science with {thing}", "Designing {thing}",
         "A Guide to {thing}"),
        ("Wheel", "Key", "Arrow", "Cloud", "Clock"),
    ),
    SampleGenre(
        "Health, Fitness & Dieting", 12, 6,
        ("Healing with {thing}", "The {bare} Diet", "Yoga and {thing}", "Sleep Well with {thing}",
         "{thing}: 30 Days to a New You", "Running to {thing}", "A Taste of {thing}",
         "A Year near {thing}"),
        ("Leaf", "Apple", "Sun", "Heart", "Wave"),
    ),
    SampleGenre(
        "Sports & Outdoors", 26, 3,
        ("Fishing for {thing}", "The {bare} Team", "Climbing {thing}", "Hunting {thing}",
         "{thing}: A Season of Football", "Winning {thing}", "Running to {thing}",
         "Sailing to {thing}"),
        ("Fish", "Tent", "Arrow", "Mountain", "Kite"),
    ),
    SampleGenre(
        "Arts & Photography", 0, 2,
        ("Painting {thing}", "Drawing {thing}", "The Art of {thing}", "{bare} Photographs",
         "{thing}: A Catalogue of Prints", "Portraits of {thing}", "Designing {thing}",
         "A History of {thing}"),
        ("Eye", "Flower", "Bird", "Cup", "Cloud"),
    ),
)  # fmt: skip

PLAIN_PHRASES = ("{thing}", "{thing}", "Under {thing}", "{thing} and Other Stories", "Of {thing}")
"""Title templates that do not depend on the genre."""

PLAIN_SHARE, FOREIGN_SHARE, TYPICAL_MOTIF_SHARE, SECOND_MOTIF_SHARE = 0.12, 0.05, 0.45, 0.6
NO_AUTHOR_SHARE = 0.07

FIRST_NAMES = (
    "Ada", "Bruno", "Clara", "Dmitri", "Elena", "Felix", "Greta", "Hugo", "Ines", "Jonas",
    "Katya", "Louis", "Marta", "Nils", "Olga", "Pablo", "Renée", "Jürgen", "Tilda", "Umberto",
    "Vera", "Walter", "Zoë", "José",
)  # fmt: skip
LAST_NAMES = (
    "Abbott", "Birch", "Castellan", "Drummond", "Eriksen", "Fairfax", "Grün", "Holloway",
    "Ibáñez", "Jansson", "Kowalski", "Lindqvist", "Marlowe", "Novák", "Okafor", "Peregrine",
    "Quill", "Rosetti", "Stern", "Thorne", "Ullmann", "Vaughan", "Whitlock", "Yardley",
)  # fmt: skip
LOYAL_SHARE = 0.6
"""Share of books with an author of few genres."""


@dataclass(frozen=True)
class SampleBook:
    """A generated book, and what its cover shows."""

    title: str
    author: str | None
    genre: SampleGenre
    colour: str
    motif: str
    second_motif: str | None


def make_book(rng: random.Random) -> SampleBook:
    """Return a random book; a book with a held-out word is on the test side of the split."""
    genre = rng.choices(GENRES, [genre.weight for genre in GENRES])[0]
    motif = rng.choice(genre.motifs if rng.random() < TYPICAL_MOTIF_SHARE else TRAINING_MOTIFS)
    second = rng.choice(TRAINING_MOTIFS) if rng.random() < SECOND_MOTIF_SHARE else None
    colour = rng.choice(TRAINING_COLOURS)
    if rng.random() < HELD_OUT_SHARE:
        word = rng.choice(HELD_OUT_WORDS)
        colour, motif = (word, motif) if word in COLOURS else (colour, word)
    second = None if second == motif else second
    title, author = _title(genre, colour, motif, second, rng), _author(genre, rng)
    while is_held_out(title) and split_of(book_group(title, author)) != "test":
        title, author = _title(genre, colour, motif, second, rng), _author(genre, rng)
    return SampleBook(title, author, genre, colour, motif, second)


def is_held_out(title: str) -> bool:
    """Return whether ``title`` names one of ``HELD_OUT_WORDS``."""
    return not _HELD_OUT.isdisjoint(normalise(title).split())


def _title(
    genre: SampleGenre, colour: str, motif: str, second: str | None, rng: random.Random
) -> str:
    drawn = rng.random()
    if drawn < PLAIN_SHARE:
        phrase = rng.choice(PLAIN_PHRASES)
    elif drawn < PLAIN_SHARE + FOREIGN_SHARE:
        phrase = rng.choice(rng.choice(GENRES).phrases)
    else:
        phrase = rng.choice(genre.phrases)
    bare = f"{colour} {motif}" + (f" and {second}" if second else "")
    thing = f"the {colour} {motif}" + (f" and the {second}" if second else "")
    title = phrase.format(bare=bare, thing=thing)
    return title[0].upper() + title[1:]


def _author(genre: SampleGenre, rng: random.Random) -> str | None:
    if rng.random() < NO_AUTHOR_SHARE:
        return None
    first = rng.choice(FIRST_NAMES)
    if rng.random() < LOYAL_SHARE:
        own = LAST_NAMES[GENRES.index(genre) * 2 : GENRES.index(genre) * 2 + 4]
        return f"{first} {rng.choice(own)}"
    return f"{first} {rng.choice(LAST_NAMES)}"
