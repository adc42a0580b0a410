"""A fitted classifier that needs neither Spark nor scikit-learn, and its two files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.bag_of_words import BagOfWords
from dustjacket.genres.hashed_linear import HashedLinear
from dustjacket.genres.scores import UNCALIBRATED, Calibration

DESCRIPTION, WEIGHTS = "scorer.json", "model.safetensors"
_FORMAT = 2
_MODELS: dict[str, type[BagOfWords | HashedLinear]] = {
    model.KIND: model for model in (BagOfWords, HashedLinear)
}


@dataclass(frozen=True)
class Scorer:
    """Predicts the probabilities of genres from titles and authors.

    Attributes:
        name: the selected candidate.
        genres: the genres, in the order of the probabilities.
        model: computes their scores.
        calibration: of the scores.
    """

    name: str
    genres: list[str]
    model: BagOfWords | HashedLinear
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
            titles: of the books.
            authors: None if a book has none.
            descriptions: ignored unless the model was trained with them.
            sentences: (books, dimensions) embeddings, if they are computed already.

        Raises:
            NotReadyError: the model needs a sentence model whose weights are missing.
            CorruptVersionError: the sentence model has other weights than in training.
        """
        if not titles:
            return np.empty((0, len(self.genres)))
        scores = self.model.scores(titles, authors, descriptions=descriptions, sentences=sentences)
        return self.calibration.probabilities(scores)

    def save(self, folder: Path) -> None:
        """Write the scorer's two files into ``folder``."""
        description = {
            "format": _FORMAT,
            "name": self.name,
            "genres": self.genres,
            "calibration": asdict(self.calibration),
            "kind": self.model.KIND,
            "model": self.model.description(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).write_text(json.dumps(description, ensure_ascii=False))
        arrays = self.model.arrays().items()
        save_file({name: np.ascontiguousarray(array) for name, array in arrays}, folder / WEIGHTS)

    @classmethod
    def load(cls, folder: Path) -> "Scorer":
        """Return the scorer that :meth:`save` wrote into ``folder``.

        Raises:
            CorruptVersionError: the files have another format.
        """
        description = json.loads((folder / DESCRIPTION).read_text())
        written = description.get("format")
        if written != _FORMAT:
            raise CorruptVersionError(
                f"the classifier's files have format {written}, but this version of "
                f"dustjacket reads format {_FORMAT}: run select_classifier to make new ones"
            )
        model_type = _MODELS[description["kind"]]
        model = model_type.restore(description["model"], load_file(folder / WEIGHTS))
        calibration = Calibration(**description["calibration"])
        return cls(description["name"], description["genres"], model, calibration)


def predict_genre(scorer: Scorer, title: str, author: str | None) -> list[tuple[str, float]]:
    """Return every genre with its probability, likeliest first."""
    probabilities = scorer.probabilities([title], [author])[0]
    order = np.argsort(-probabilities, kind="stable")
    return [(scorer.genres[index], float(probabilities[index])) for index in order]
