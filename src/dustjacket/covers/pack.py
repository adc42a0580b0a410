"""What a Spark task does with its chunk of covers: check each image, write a shard."""

import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pandas as pd

from dustjacket.covers.check import check_cover
from dustjacket.covers.shards import write_shard
from dustjacket.parameters import CoversParameters
from dustjacket.settings import Settings
from dustjacket.storage import Draft, Store

CHECKED = (
    "position long, reason string, shard string, offset long, size long, width int, height int, "
    "sha256 string, dhash string"
)


def packer(
    settings: Settings, draft: tuple[str, str, str], parameters: CoversParameters
) -> Callable[[pd.DataFrame], pd.DataFrame]:
    """Return a function from the rows of one chunk to what became of each.

    It takes position, bucket, object and chunk, writes ``shards/<chunk>.tar`` into the draft, and
    gives the columns of ``CHECKED``: a reason, or where in the shard the cover is. The same rows
    write the same shard, so a task that Spark repeats harms nothing.

    Args:
        draft: its kind, version and attempt; what travels to Spark's workers holds no client.
    """

    def pack(rows: pd.DataFrame) -> pd.DataFrame:
        store = Store(settings)
        shard = f"shards/{int(rows['chunk'].iloc[0]):05d}.tar"
        answers: list[dict[str, Any]] = []

        def covers() -> Iterator[tuple[str, bytes]]:
            for row in rows.sort_values("position").itertuples(index=False):
                reply = store.client.get_object(Bucket=row.bucket, Key=row.object)
                cover = check_cover(reply["Body"].read(parameters.max_bytes + 1), parameters)
                if isinstance(cover, str):
                    answers.append({"position": row.position, "reason": cover})
                    continue
                answers.append(
                    {
                        "position": row.position,
                        "shard": shard,
                        "size": len(cover.body),
                        "width": cover.width,
                        "height": cover.height,
                        "sha256": cover.sha256,
                        "dhash": cover.dhash,
                    }
                )
                yield f"{row.position:08d}.jpg", cover.body

        with tempfile.NamedTemporaryFile() as packed:
            # Each offset comes before the next cover is asked for, so it is the last answer's.
            for offset in write_shard(packed, covers()):
                answers[-1]["offset"] = offset
            packed.flush()
            Draft(store, *draft).upload(shard, Path(packed.name))
        columns = [field.split()[0] for field in CHECKED.split(", ")]
        return pd.DataFrame(answers, columns=columns, dtype=object)

    return pack
