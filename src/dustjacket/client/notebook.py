"""Functions for notebooks: ``import dustjacket as dj``, then ``dj.genre("…")`` and so on.

The running Studio answers where there is one. Tables are pandas data frames, or Arrow tables.
"""

import base64
import html
import io
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dustjacket.client.answers import Answers
from dustjacket.client.studio import RunningStudio
from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.pipeline.kinds import Kind
from dustjacket.settings import home, load_settings
from dustjacket.storage.store import Store

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

    from dustjacket.client.comparison import ModelComparison
    from dustjacket.client.concepts import MadeCover

_MAIN_TABLES = {Kind.CATALOG: "books", Kind.COVERS: "index", Kind.LABELLED_COVERS: "labels"}
_PICTURE_PIXELS = 150


def use(folder: str | Path) -> None:
    """Use the platform whose state is in ``folder``, in place of the nearest one upwards."""
    os.environ["DUSTJACKET_HOME"] = str(Path(folder).absolute())
    load_settings.cache_clear()


def genre(title: str | Sequence[str], author: str | None = None) -> "pd.DataFrame":
    """Predict the genre of a title, or of several.

    Returns:
        for one title, a row for each genre with its ``probability``, most probable first; for
        several, a row for each title and a column of probabilities for each genre.
    """
    import pandas as pd

    answers = _answers()
    if isinstance(title, str):
        answer = answers.genre(title, author)
        frame = pd.DataFrame([row.model_dump() for row in answer.genres])
        frame.attrs["classifier"] = answer.classifier
        return frame
    rows = {
        one: {row.genre: row.probability for row in answers.genre(one, author).genres}
        for one in title
    }
    frame = pd.DataFrame.from_dict(rows, orient="index").rename_axis("title")
    return frame.sort_index(axis="columns")


def covers(
    title: str, author: str | None = None, genre: str | None = None, top: int = 12
) -> "pd.DataFrame":
    """Find the covers that match a title best; :func:`show` shows their pictures.

    Args:
        genre: only covers of this genre or category.
        top: maximum number of covers, up to 100.
    """
    import pandas as pd

    answer = _answers().covers(title, author, genre, top)
    frame = pd.DataFrame([cover.model_dump() for cover in answer.covers])
    frame.attrs["index"] = answer.index
    return frame


def match(cover: str, prompts: Sequence[str]) -> "pd.DataFrame":
    """Score how well prompts fit a cover: a file, an s3:// address, or the key of a cover."""
    import pandas as pd

    answer = _answers().match(cover, prompts)
    frame = pd.DataFrame([row.model_dump() for row in answer.prompts])
    frame.attrs["model"] = answer.model
    return frame


def create(title: str, *, n: int = 4, **book: Any) -> "list[MadeCover]":
    """Make concepts of a new cover, best first; each shows itself and can be saved.

    Args:
        n: number of concepts.
        book: author, subtitle, description, genre, seed, guidance; as ``dustjacket create`` has.
    """
    from dustjacket.client.concepts import make_covers

    return make_covers(RunningStudio(load_settings()), {"title": title, "n": n, **book})


def show(found: "pd.DataFrame") -> "Pictures":
    """Return the pictures of covers, from a data frame with their ``key`` and ``title``."""
    answers = _answers()
    return Pictures([(answers.image(row.key), row.title) for row in found.itertuples()])


def versions(kind: str) -> list[str]:
    """Return the published versions of a kind, such as ``catalog``, oldest first."""
    return _store().versions(_kind(kind))


def tables(kind: str, version: str | None = None) -> list[str]:
    """Return the names of the tables that :func:`load` can read of a version."""
    manifest = _manifest(_store(), kind, version)
    names = (entry.path.partition("/")[0] for entry in manifest.files if _is_table(entry.path))
    return list(dict.fromkeys(names))


def load(
    kind: str, version: str | None = None, *, table: str | None = None, arrow: bool = False
) -> "pd.DataFrame | pa.Table":
    """Return a table of a published version, verified.

    Args:
        kind: such as ``catalog``, ``covers`` or ``labelled_covers``.
        version: the one in use if None.
        table: the main one if None; :func:`tables` lists all.
        arrow: return an Arrow table, not a data frame.

    Raises:
        BadInputError: there is no such kind or table.
        NotReadyError: nothing of the kind is published.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    store = _store()
    manifest = _manifest(store, kind, version)
    known = tables(kind, manifest.version)
    name = table or _MAIN_TABLES.get(_kind(kind)) or next(iter(known), "")
    paths = [
        entry.path
        for entry in manifest.files
        if entry.path.partition("/")[0] == name and _is_table(entry.path)
    ]
    if not paths:
        cure = f"name one of {', '.join(known)}" if known else "it has no tables"
        raise BadInputError(f"{kind}/{manifest.version} has no table {name!r}: {cure}")
    parts = (pq.read_table(io.BytesIO(store.read(manifest, path))) for path in paths)
    whole = pa.concat_tables(parts, promote_options="permissive")
    if "position" in whole.column_names:
        whole = whole.sort_by("position")
    return whole if arrow else whole.to_pandas()


def history() -> "pd.DataFrame":
    """Return every promotion, refusal and rollback, oldest first."""
    import pandas as pd

    from dustjacket.promotion.ledger import Ledger

    records = Ledger(_store()).records()
    return pd.DataFrame([record.model_dump(mode="json", by_alias=True) for record in records])


def compare(kind: str = Kind.COVER_CLIP) -> "ModelComparison":
    """Compare candidates with the champion, as a figure and a table.

    Args:
        kind: ``cover_clip`` for recall@10 of the newest evaluation, or ``genre_classifier`` for the
            cross-validated accuracy of the candidates of the newest selection.

    Raises:
        BadInputError: another kind.
        NotReadyError: nothing was compared yet.
    """
    from dustjacket.client.comparison import compare_classifiers, compare_clip

    functions = {
        Kind.COVER_CLIP: (Kind.EVALUATION, compare_clip),
        Kind.GENRE_CLASSIFIER: (Kind.GENRE_CLASSIFIER, compare_classifiers),
    }
    if _kind(kind) not in functions:
        raise BadInputError(f"{kind} cannot be compared: name one of {', '.join(functions)}")
    of, function = functions[_kind(kind)]
    return function(_manifest(_store(), of, None).facts)


@dataclass(frozen=True)
class Pictures:
    """Pictures with captions, side by side, as a notebook shows them."""

    images: list[tuple[bytes, str]]

    def _repr_html_(self) -> str:
        figures = "".join(_figure(body, caption) for body, caption in self.images)
        return f'<div style="display:flex;flex-wrap:wrap;gap:12px">{figures}</div>'


def _figure(body: bytes, caption: str) -> str:
    kind = "jpeg" if body[:2] == b"\xff\xd8" else "webp"
    source = f"data:image/{kind};base64,{base64.b64encode(body).decode()}"
    return (
        f'<figure style="margin:0;width:{_PICTURE_PIXELS}px"><img style="width:100%" '
        f'src="{source}" alt=""><figcaption>{html.escape(caption)}</figcaption></figure>'
    )


def _answers() -> Answers:
    return Answers(RunningStudio(load_settings()), _store)


def _store() -> Store:
    settings = load_settings()
    if not settings.s3_endpoint and not settings.folder:
        raise NotReadyError(
            f"no platform was started in {home()}: name the folder of another with dj.use(…)"
        )
    return Store(settings)


def _kind(kind: str) -> Kind:
    try:
        return Kind(kind)
    except ValueError:
        raise BadInputError(f"no kind is called {kind!r}: name one of {', '.join(Kind)}") from None


def _manifest(store: Store, kind: str, version: str | None) -> Any:
    known = _kind(kind)
    manifest = store.manifest(known, version) if version else store.newest(known)
    if manifest is None:
        raise NotReadyError(f"no {kind} is published yet: run `dustjacket run`")
    return manifest


def _is_table(path: str) -> bool:
    return path.endswith(".parquet")
