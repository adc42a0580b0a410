"""Decisions that need all covers together: duplicates, placeholders, groups and splits."""

from dataclasses import dataclass
from functools import reduce
from operator import and_

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from dustjacket.covers.groups import book_groups
from dustjacket.covers.hashes import MAX_DHASH_DISTANCE, MAX_VHASH_DISTANCE

_BANDS = 4
"""Bands of 16 bits of the dhash: hashes that differ in at most 3 bits have an equal band."""
_PAIR_COLUMNS = [
    "position", "other_position", "key", "other_key", "distance", "kind", "decision"
]  # fmt: skip
"""A pair of near-duplicates, of which ``other`` is earlier in the source.

``distance`` is that of the dhashes. ``kind`` is exact (the same pixels) or perceptual; ``decision``
is rejected (a duplicate of the same book's cover) or joined (different books, kept on one side of
the split). Covers with equal hashes are each paired with the first of them only, and covers with
close hashes by the first cover of each hash, so n equal covers make n - 1 pairs.
"""


@dataclass(frozen=True)
class Deduplicated:
    """All rows with the decisions on them, and the pairs of near-duplicates.

    Attributes:
        rows: the rows given, with ``group`` and ``split`` where ``reason`` is null.
        pairs: columns ``position``, ``other_position``, ``key``, ``other_key``, ``distance``,
            ``kind`` and ``decision``.
    """

    rows: DataFrame
    pairs: DataFrame


def deduplicate_and_group(
    rows: DataFrame, placeholder_books: int, spark: SparkSession
) -> Deduplicated:
    """Reject placeholders and duplicates, and group books whose covers are near-duplicates.

    An image that ``placeholder_books`` different books share is rejected as ``placeholder``. Of
    near-duplicate covers of one book, all but the first are rejected as ``duplicate``. Different
    books with near-duplicate covers are kept and share a group, so also a side of the split. No row
    is lost or added.

    Args:
        rows: of ``normalise.NORMALISED_SCHEMA``, cached, because they are read several times.
    """
    covers = _with_placeholder_flag(rows, placeholder_books).localCheckpoint()
    duplicates = _duplicates(covers.where("not placeholder and book_covers > 1")).localCheckpoint()
    kept = covers.where("not placeholder").join(duplicates, "position", "left_anti")
    near_pairs = _near_duplicates(kept).localCheckpoint()
    links = near_pairs.select("book", "other_book").where("book != other_book").distinct()
    groups = spark.createDataFrame(
        book_groups(links.toArrow()), "book string, group string, split string"
    )
    rejected = (
        covers.where("placeholder")
        .select("position", fn.lit("placeholder").alias("new_reason"))
        .union(duplicates.select("position", fn.lit("duplicate").alias("new_reason")))
    )
    accepted = fn.col("reason").isNull()
    decided = (
        rows.join(rejected, "position", "left")
        .withColumn("reason", fn.coalesce("reason", "new_reason"))
        .join(groups, "book", "left")
        .withColumn("group", fn.when(accepted, fn.coalesce("group", "book")))
        .withColumn("split", fn.when(accepted, fn.coalesce("split", "book_split")))
        .drop("new_reason", "book_split")
    )
    pairs = duplicates.select(_PAIR_COLUMNS).unionByName(near_pairs.select(_PAIR_COLUMNS))
    return Deduplicated(decided, pairs)


def _with_placeholder_flag(rows: DataFrame, placeholder_books: int) -> DataFrame:
    """Return the columns to compare, and ``placeholder`` and ``book_covers`` (of the same book)."""
    same_image = Window.partitionBy("sha256")
    books = fn.max(fn.dense_rank().over(same_image.orderBy("book"))).over(same_image)
    return (
        rows.where("reason is null")
        .select("position", "key", "sha256", "book", _as_long("dhash"), _as_long("vhash"))
        .withColumn("placeholder", books >= placeholder_books)
        .withColumn("book_covers", fn.count("*").over(Window.partitionBy("book")))
    )


def _as_long(column: str) -> Column:
    """Return 16 hexadecimal digits as a signed integer of the same 64 bits."""
    high = fn.conv(fn.substring(column, 1, 8), 16, 10).cast("long")
    low = fn.conv(fn.substring(column, 9, 8), 16, 10).cast("long")
    return fn.shiftleft(high, 32).bitwiseOR(low).alias(column)


def _distance(column: str) -> Column:
    """Return the Hamming distance of a column in ``a`` and ``b``."""
    return fn.bit_count(fn.col(f"a.{column}").bitwiseXOR(fn.col(f"b.{column}")))


def _is_near() -> Column:
    return (_distance("dhash") <= MAX_DHASH_DISTANCE) & (_distance("vhash") <= MAX_VHASH_DISTANCE)


def _equal(*columns: str) -> Column:
    return reduce(and_, (fn.col(f"a.{column}") == fn.col(f"b.{column}") for column in columns))


def _a_is_earlier() -> Column:
    return fn.col("a.position") < fn.col("b.position")


def _pair(decision: str) -> list[Column]:
    """Return the columns of the pair of ``b`` and the earlier ``a``."""
    exact = fn.col("a.sha256") == fn.col("b.sha256")
    return [
        fn.col("b.position"),
        fn.col("a.position").alias("other_position"),
        fn.col("b.key"),
        fn.col("a.key").alias("other_key"),
        fn.col("b.book"),
        fn.col("a.book").alias("other_book"),
        _distance("dhash").alias("distance"),
        fn.when(exact, fn.lit("exact")).otherwise(fn.lit("perceptual")).alias("kind"),
        fn.lit(decision).alias("decision"),
    ]


def _duplicates(covers: DataFrame) -> DataFrame:
    """Return each cover that has an earlier near-duplicate of its own book, with the first one."""
    same_book = _equal("book") & _a_is_earlier()
    pairs = (
        covers.alias("a").join(covers.alias("b"), same_book & _is_near()).select(*_pair("rejected"))
    )
    columns = [name for name in pairs.columns if name != "position"]
    first = fn.min_by(fn.struct(*columns), "other_position").alias("first")
    return pairs.groupBy("position").agg(first).select("position", "first.*")


def _near_duplicates(covers: DataFrame) -> DataFrame:
    """Return pairs of covers with equal hashes, and pairs of close hashes by their first covers."""
    cover = fn.struct("position", "key", "sha256", "book")
    hashes = covers.groupBy("dhash", "vhash").agg(fn.min_by(cover, "position").alias("first"))
    hashes = hashes.select("dhash", "vhash", "first.*")
    equal_pairs = (
        hashes.alias("a")
        .join(covers.alias("b"), _equal("dhash", "vhash") & _a_is_earlier())
        .select(*_pair("joined"))
    )
    bands = fn.array(
        *(
            fn.shiftrightunsigned("dhash", 16 * band).bitwiseAND(fn.lit(0xFFFF))
            + fn.lit(band << 16)
            for band in range(_BANDS)
        )
    )
    banded = hashes.select("*", fn.explode(bands).alias("band"))
    close_pairs = (
        banded.alias("a")
        .join(banded.alias("b"), _equal("band") & _a_is_earlier() & _is_near())
        .select(*_pair("joined"))
        .distinct()
    )
    return equal_pairs.unionByName(close_pairs)
