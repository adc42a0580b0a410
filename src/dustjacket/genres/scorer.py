"""A fitted classifier that needs neither Spark nor scikit-learn, and its two files."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
from safetensors.numpy import load_file, save_file

from dustjacket.errors import CorruptVersionError
from dustjacket.genres.answers import ALWAYS_SURE, DOUBTS, Abstention, GenreAnswer, Predictions
from dustjacket.genres.bag_of_words import BagOfWords
from dustjacket.genres.hashed_linear import HashedLinear
from dustjacket.genres.known_words import KnownWords
from dustjacket.genres.plugins import PluggedModel
from dustjacket.genres.scores import UNCALIBRATED, Calibration
from dustjacket.genres.subject_model import SubjectModel

DESCRIPTION, WEIGHTS = "scorer.json", "model.safetensors"
_FORMAT = 3
_KNOWN_WORDS, _SUBJECTS = "known_words", "subjects."
_MODELS: dict[str, type[BagOfWords | HashedLinear | PluggedModel]] = {
    model.KIND: model for model in (BagOfWords, HashedLinear, PluggedModel)
}


@dataclass(frozen=True)
class Scorer:
    """Predicts the probabilities of genres from titles and authors.

    Attributes:
        name: the selected candidate.
        genres: the genres, in the order of the probabilities.
        model: computes their scores.
        calibration: of the scores of books whose description is read.
        title_calibration: of the scores of all others; None: the same.
        abstention: when it is sure of a genre.
        known_words: of the training books; None in classifiers of earlier releases.
        subjects: assigns several subjects to a book; None if they were not learnt.
    """

    name: str
    genres: list[str]
    model: BagOfWords | HashedLinear | PluggedModel
    calibration: Calibration = UNCALIBRATED
    title_calibration: Calibration | None = None
    abstention: Abstention = ALWAYS_SURE
    known_words: KnownWords | None = field(default=None, repr=False)
    subjects: SubjectModel | None = field(default=None, repr=False)

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
        described = self._described(titles, descriptions)
        probabilities = self.calibration.probabilities(scores)
        if self.title_calibration and not described.all():
            by_title = self.title_calibration.probabilities(scores[~described])
            probabilities[~described] = by_title
        return probabilities

    def _described(
        self, titles: Sequence[str], descriptions: Sequence[str | None] | None
    ) -> np.ndarray:
        """Return (books,) whether a description is read."""
        if descriptions is None or not self.model.use_descriptions:
            return np.zeros(len(titles), bool)
        return np.fromiter(map(bool, descriptions), bool, len(titles))

    def predict(
        self,
        titles: Sequence[str],
        authors: Sequence[str | None],
        *,
        descriptions: Sequence[str | None] | None = None,
        sentences: np.ndarray | None = None,
    ) -> Predictions:
        """Return the genres of books, and of which it is sure.

        Arguments and errors are those of :meth:`probabilities`.
        """
        probabilities = self.probabilities(
            titles, authors, descriptions=descriptions, sentences=sentences
        )
        doubts = self.doubts(probabilities, titles, descriptions)
        if self.subjects is None:
            return Predictions(self.genres, probabilities, doubts)
        read = descriptions if self.model.use_descriptions else None
        assigned = self.subjects.assigned(self.subjects.probabilities(titles, authors, read))
        return Predictions(self.genres, probabilities, doubts, assigned)

    def doubts(
        self,
        probabilities: np.ndarray,
        titles: Sequence[str],
        descriptions: Sequence[str | None] | None = None,
    ) -> np.ndarray:
        """Return (books,) codes of ``DOUBTS`` on the likeliest genre of (books, genres)."""
        thresholds = np.where(
            self._described(titles, descriptions),
            self.abstention.described_threshold,
            self.abstention.threshold,
        )
        reached = probabilities.max(axis=1, initial=0) >= thresholds
        why = np.where(thresholds > 1, DOUBTS.index("unproven"), DOUBTS.index("unlikely"))
        codes = np.where(reached, 0, why)
        if self.known_words is not None and titles:
            read = descriptions if self.model.use_descriptions else None
            codes[~self.known_words.occur_in(titles, read)] = DOUBTS.index("unknown")
        return codes

    def save(self, folder: Path) -> None:
        """Write the scorer's two files into ``folder``."""
        description = {
            "format": _FORMAT,
            "name": self.name,
            "genres": self.genres,
            "calibration": asdict(self.calibration),
            "title_calibration": self.title_calibration and asdict(self.title_calibration),
            "abstention": asdict(self.abstention),
            "subjects": self.subjects and self.subjects.description(),
            "kind": self.model.KIND,
            "model": self.model.description(),
        }
        folder.mkdir(parents=True, exist_ok=True)
        (folder / DESCRIPTION).write_text(json.dumps(description, ensure_ascii=False))
        arrays = self.model.arrays()
        if self.known_words is not None:
            arrays[_KNOWN_WORDS] = self.known_words.hashes
        if self.subjects is not None:
            arrays |= {f"{_SUBJECTS}{name}": at for name, at in self.subjects.arrays().items()}
        save_file(
            {name: np.ascontiguousarray(array) for name, array in arrays.items()}, folder / WEIGHTS
        )

    @classmethod
    def load(cls, folder: Path) -> "Scorer":
        """Return the scorer that :meth:`save` wrote into ``folder``.

        Raises:
            CorruptVersionError: the files have another format.
        """
        description = json.loads((folder / DESCRIPTION).read_text())
        written = description.get("format")
        if written not in (_FORMAT - 1, _FORMAT):
            raise CorruptVersionError(
                f"the classifier's files have format {written}, but this version of dustjacket "
                f"reads formats {_FORMAT - 1} and {_FORMAT}: run select_classifier to make new ones"
            )
        model_type = _MODELS[description["kind"]]
        arrays = load_file(folder / WEIGHTS)
        by_title = description.get("title_calibration")
        words, subjects = arrays.pop(_KNOWN_WORDS, None), description.get("subjects")
        of_subjects = {
            name.removeprefix(_SUBJECTS): arrays.pop(name)
            for name in list(arrays)
            if name.startswith(_SUBJECTS)
        }
        return cls(
            description["name"],
            description["genres"],
            model_type.restore(description["model"], arrays),
            Calibration(**description["calibration"]),
            Calibration(**by_title) if by_title else None,
            Abstention(**description.get("abstention", {})),
            None if words is None else KnownWords(words),
            SubjectModel.restore(subjects, of_subjects) if subjects else None,
        )


def predict_genre(
    scorer: Scorer, title: str, author: str | None, description: str | None = None
) -> GenreAnswer:
    """Return the genre of one book, with all others as alternatives."""
    return scorer.predict([title], [author], descriptions=[description]).answers()[0]
