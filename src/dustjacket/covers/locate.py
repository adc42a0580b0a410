"""Match the image paths in a table to the image files of a source."""

from pathlib import PurePosixPath

from pyspark.sql import DataFrame
from pyspark.sql import functions as fn


def is_safe_path(image: str) -> bool:
    """Return whether ``image`` is a relative path that stays below the source's folder."""
    path = PurePosixPath(image)
    return not (path.is_absolute() or ".." in path.parts or "\\" in image or "\0" in image)


def match_keys(image: str, folder: str) -> list[str]:
    """Return keys that may identify the file that a table names ``image``, the best first.

    A table's path may begin with folders that the source does not have (``dataset/…``), or omit
    some that it has. So each suffix of the path is tried, the longest first: as a path in the
    table's folder (``=`` and the path), then as a suffix that only one file has (``~`` and the
    suffix).

    Args:
        folder: of the table, in the source.
    """
    parts = PurePosixPath(image).parts
    suffixes = ["/".join(parts[start:]) for start in range(len(parts))]
    return [
        key
        for suffix in suffixes
        for key in (f"={(PurePosixPath(folder) / suffix).as_posix()}", f"~{suffix}")
    ]


def locate_images(rows: DataFrame, names: DataFrame) -> DataFrame:
    """Add the column ``file``: the image file of each row that names one.

    Rows whose image is not in the source get the reason ``missing_image``.

    Args:
        rows: with ``match_keys``, ``url``, ``reason`` and a unique ``position``.
        names: one column, ``name``: the source's image files.
    """
    parts = names.withColumn("parts", fn.split("name", "/"))
    suffixes = parts.where("size(parts) > 1").select(
        "name",
        fn.explode(
            fn.expr(
                "transform(sequence(1, size(parts) - 1), "
                "start -> concat('~', array_join(slice(parts, start, size(parts)), '/')))"
            )
        ).alias("key"),
    )
    by_suffix = suffixes.groupBy("key").agg(fn.min("name").alias("name"), fn.count("*").alias("n"))
    files = by_suffix.where("n = 1").select("key", "name")
    files = files.union(names.select(fn.concat(fn.lit("="), "name"), "name"))
    best = (
        rows.where("reason is null")
        .select("position", fn.posexplode("match_keys").alias("rank", "key"))
        .join(files, "key")
        .groupBy("position")
        .agg(fn.min_by("name", "rank").alias("file"))
    )
    missing = fn.when(fn.col("file").isNull() & fn.col("url").isNull(), fn.lit("missing_image"))
    return (
        rows.join(best, "position", "left")
        .withColumn("reason", fn.coalesce("reason", missing))
        .drop("match_keys")
    )
