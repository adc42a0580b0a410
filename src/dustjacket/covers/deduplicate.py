"""What only all covers together show: copies, placeholders, look-alikes, groups and the split."""

from dataclasses import dataclass

from pyspark.sql import Column, DataFrame, SparkSession, Window
from pyspark.sql import functions as fn

from dustjacket.covers.groups import linked_groups

MAX_DISTANCE, MAX_TURNED = 3, 6
"""Bits in which look-alikes may differ, of the 64 of the first hash and of the second.

Four bands of 16 bits find every pair within 3, for one of the bands must then be equal; the second
hash tells those apart that only chance brought so near.
"""
_BANDS = 4
DUPLICATES = (
    "position", "other_position", "key", "other_key", "distance", "kind", "decision",
)  # fmt: skip
"""A pair that looks alike: ``other`` is the earlier one.

``kind`` is exact (the same pixels) or perceptual; ``decision`` is rejected (a copy of one book's
cover) or joined (different books, kept on one side of the split). Of many covers that have one
look, each is paired with the first of them, and two looks that are near are paired by their first.
"""


@dataclass(frozen=True)
class Settled:
    """Every row with what became of it, and the pairs that look alike.

    Attributes:
        rows: those that came in, with ``group`` and ``split`` where ``reason`` is null.
        duplicates: columns of ``DUPLICATES``.
    """

    rows: DataFrame
    duplicates: DataFrame


def settle(rows: DataFrame, placeholder_books: int, spark: SparkSession) -> Settled:
    """Decide on the covers of ``rows``; none is lost or added.

    A picture that ``placeholder_books`` different books share is a ``placeholder``. Copies of one
    book's cover are each a ``duplicate`` but for the first. Different books that look alike are
    kept, and share a group.

    Args:
        rows: of ``PACKED``, cached or the like, for they are read several times.
        placeholder_books: see above.
    """
    covers = _flagged(rows, placeholder_books).localCheckpoint()
    copies = _copies(covers.where("not placeholder and of_book > 1")).localCheckpoint()
    kept = covers.where("not placeholder").join(copies, "position", "left_anti")
    alike = _look_alikes(kept).localCheckpoint()
    links = alike.select("book", "other_book").where("book != other_book").distinct().toArrow()
    groups = spark.createDataFrame(linked_groups(links), "book string, group string, split string")
    late = (
        covers.where("placeholder")
        .select("position", fn.lit("placeholder").alias("late_reason"))
        .union(copies.select("position", fn.lit("duplicate").alias("late_reason")))
    )
    good = fn.col("reason").isNull()
    decided = (
        rows.join(late, "position", "left")
        .withColumn("reason", fn.coalesce("reason", "late_reason"))
        .join(groups, "book", "left")
        .withColumn("group", fn.when(good, fn.coalesce("group", "book")))
        .withColumn("split", fn.when(good, fn.coalesce("split", "book_split")))
        .drop("late_reason", "book_split")
    )
    return Settled(decided, copies.select(*DUPLICATES).unionByName(alike.select(*DUPLICATES)))


def _flagged(rows: DataFrame, placeholder_books: int) -> DataFrame:
    """Return what is compared of the covers, with whether they are placeholders.

    ``of_book`` counts the covers of the same book.
    """
    same_picture = Window.partitionBy("sha256")
    books = fn.max(fn.dense_rank().over(same_picture.orderBy("book"))).over(same_picture)
    return (
        rows.where("reason is null")
        .select(
            "position", "key", "sha256", "book",
            _bits("dhash").alias("look"), _bits("vhash").alias("turned"),
        )
        .withColumn("placeholder", books >= placeholder_books)
        .withColumn("of_book", fn.count("*").over(Window.partitionBy("book")))
    )  # fmt: skip


def _bits(column: str) -> Column:
    """Return 16 hexadecimal digits as a number of 64 bits, whose first is its sign."""
    high = fn.conv(fn.substring(column, 1, 8), 16, 10).cast("long")
    low = fn.conv(fn.substring(column, 9, 8), 16, 10).cast("long")
    return fn.shiftleft(high, 32).bitwiseOR(low)


def _distance(column: str) -> Column:
    return fn.bit_count(fn.col(f"a.{column}").bitwiseXOR(fn.col(f"b.{column}")))


def _near() -> Column:
    return (_distance("look") <= MAX_DISTANCE) & (_distance("turned") <= MAX_TURNED)


def _pair(decision: str) -> list[Column]:
    """Return the columns of a pair of ``b``, and ``a``, which is earlier."""
    same = fn.col("a.sha256") == fn.col("b.sha256")
    return [
        fn.col("b.position"),
        fn.col("a.position").alias("other_position"),
        fn.col("b.key"),
        fn.col("a.key").alias("other_key"),
        fn.col("b.book"),
        fn.col("a.book").alias("other_book"),
        _distance("look").alias("distance"),
        fn.when(same, fn.lit("exact")).otherwise(fn.lit("perceptual")).alias("kind"),
        fn.lit(decision).alias("decision"),
    ]


def _copies(covers: DataFrame) -> DataFrame:
    """Return each cover that shows its book as an earlier one does, with the first such one."""
    same_book = (fn.col("a.book") == fn.col("b.book")) & (
        fn.col("a.position") < fn.col("b.position")
    )
    pairs = (
        covers.alias("a").join(covers.alias("b"), same_book & _near()).select(*_pair("rejected"))
    )
    columns = [name for name in pairs.columns if name != "position"]
    first = fn.min_by(fn.struct(*columns), "other_position").alias("first")
    return pairs.groupBy("position").agg(first).select("position", "first.*")


def _look_alikes(covers: DataFrame) -> DataFrame:
    """Return the pairs that link covers of one look, and looks that are near each other."""
    whole = fn.struct("position", "key", "sha256", "book")
    looks = covers.groupBy("look", "turned").agg(fn.min_by(whole, "position").alias("first"))
    looks = looks.select("look", "turned", "first.*")
    same_look = (fn.col("a.look") == fn.col("b.look")) & (fn.col("a.turned") == fn.col("b.turned"))
    stars = (
        looks.alias("a")
        .join(covers.alias("b"), same_look & (fn.col("a.position") < fn.col("b.position")))
        .select(*_pair("joined"))
    )
    banded = looks.select(
        "*",
        fn.explode(
            fn.array(
                *(
                    fn.shiftrightunsigned("look", 16 * band).bitwiseAND(fn.lit(0xFFFF))
                    + fn.lit(band << 16)
                    for band in range(_BANDS)
                )
            )
        ).alias("band"),
    )
    one_band = (fn.col("a.band") == fn.col("b.band")) & (
        fn.col("a.position") < fn.col("b.position")
    )
    near = (
        banded.alias("a")
        .join(banded.alias("b"), one_band & _near())
        .select(*_pair("joined"))
        .distinct()
    )
    return stars.unionByName(near)
