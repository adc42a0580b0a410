"""A fitted classifier without the engine that fitted it, and its two files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.bag_of_words import Counted
from dustjacket.genres.hashed_linear import Hashed
from dustjacket.genres.scores import UNCALIBRATED, Calibration

DESCRIPTION, WEIGHTS = "scorer.json", "model.safetensors"
_FORMAT = 2
_MODELS: dict[str, type[Counted | Hashed]] = {kind.KIND: kind for kind in (Counted, Hashed)}


@dataclass(frozen=True)
class Scorer:
    """Genres' probabilities for titles and authors.

    Attributes:
        name: the candidate that was selected.
        genres: the genres, in the order of the probabilities.
        model: what gives their scores.
        calibration: of the scores.
    """

    name: str
    genres: list[str]
    model: Counted | Hashed
    calibration: Calibration = UNCALIBRATED

    def probabilities(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,
        sentences: np.ndarray | None = None,
    ) -> np.ndarray:
        """Return (books, genres), each row summing to 1.

        Args:
            authors: None where there is none.
            descriptions: read by a model that has learnt of them.
            sentences: (books, dimensions) embeddings, where they are known already.
        """
        if not titles:
            return np.empty((0, len(self.genres)))
        scores = self.model.scores(titles, authors, descriptions=descriptions, sentences=sentences)
        return self.calibration.probabilities(scores)

    def save(self, folder: Path) -> None:
        """Write the scorer's two files into ``folder``."""
        described = {
            "format": _FORMAT,
            "name": self.name,
            "genres": self.genres,
            "calibration": asdict(self.calibration),
            "kind": self.model.KIND,
            "model": self.model.description(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).write_text(json.dumps(described, ensure_ascii=False))
        arrays = self.model.arrays().items()
        save_file({name: np.ascontiguousarray(array) for name, array in arrays}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "Scorer":
        """Return the scorer that :meth:`save` wrote into ``folder``.

        Raises:
            CorruptVersionError: another format wrote it.
        """
        described = json.loads((folder / DESCRIPTION).read_text())
        if described["format"] != _FORMAT:
            raise CorruptVersionError(
                f"the classifier has format {described['format']}, not {_FORMAT}: "
                "run select_classifier to make one that can be read"
            )
        model = _MODELS[described["kind"]].restored(described["model"], load_file(folder / WEIGHTS))
        calibration = Calibration(**described["calibration"])
        return cls(described["name"], described["genres"], model, calibration)


def predict_genre(scorer: Scorer, title: str, author: str | None) -> list[tuple[str, float]]:
    """Return every genre with its probability, likeliest first."""
    found = scorer.probabilities([title], [author])[0]
    order = np.argsort(-found, kind="stable")
    return [(scorer.genres[at], float(found[at])) for at in order]
