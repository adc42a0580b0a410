"""How often the gate promotes useless candidates, and how often a better one.

A history is 200 candidates that are as good as the champion, in truth, judged on one test side. The
candidates of an analyst who adapts are put together from the results of earlier ones: probes that
looked better are kept, those that looked worse are turned round, and all vote on every cover
(Blum and Hardt, The Ladder, ICML 2015, section 4).

    make bench NAME=gate-simulation
"""

from collections.abc import Callable

import numpy as np
from scipy.stats import binom

from dustjacket.evaluation.step import EvaluationParameters
from dustjacket.metrics.paired import PairedOutcome
from dustjacket.metrics.shares import wilson
from dustjacket.promotion.gate import GateInput, decide
from dustjacket.promotion.spending import level

CANDIDATES, PROBES, DIFFERING = 200, 150, 0.2
Levels = Callable[[int], float]


def unspent(_uses: int) -> float:
    """Return the level of a 95 % interval, whatever was decided before."""
    return 0.025


def equal(rng: np.random.Generator, covers: int) -> np.ndarray:
    """Return (candidates, covers): 1 if only the candidate finds it, -1 if only the champion."""
    draws = rng.random((CANDIDATES, covers), np.float32)
    return (draws < DIFFERING / 2).astype(np.int8) - (draws > 1 - DIFFERING / 2).astype(np.int8)


def lineage(rng: np.random.Generator, covers: int) -> np.ndarray:
    """Return the same for candidates that each differ on a tenth of the covers from the last."""
    outcomes = equal(rng, covers)
    for number in range(1, CANDIDATES):
        kept = rng.random(covers) > 0.1
        outcomes[number, kept] = outcomes[number - 1, kept]
    return outcomes


def adaptive(rng: np.random.Generator, covers: int, *, sees_test: bool) -> np.ndarray:
    """Return the same for an analyst who combines probes by figures of the test or another side."""
    outcomes = equal(rng, covers)
    seen = outcomes if sees_test else equal(rng, covers)
    signs = np.sign(seen.sum(axis=1, dtype=int))
    for number in range(PROBES, CANDIDATES):
        probes = np.arange(number - PROBES, PROBES)
        votes = signs[probes] @ outcomes[probes] + rng.uniform(-0.4, 0.4, covers)
        strongest = np.abs(votes) >= np.quantile(np.abs(votes), 1 - DIFFERING)
        outcomes[number] = np.sign(votes) * strongest
    return outcomes


def promotes(outcomes: np.ndarray, levels: Levels) -> bool:
    """Return whether any candidate passes the exact test at the level of its decision."""
    better = (outcomes > 0).sum(axis=1)
    p = binom.sf(better - 1, (outcomes != 0).sum(axis=1), 0.5)
    return bool((p <= [levels(uses) for uses in range(len(p))]).any())


HISTORIES: dict[str, Callable[[np.random.Generator, int], np.ndarray]] = {
    "independent candidates": equal,
    "each a small change of the last": lineage,
    "fitted to figures of the validation side": lambda rng, n: adaptive(rng, n, sees_test=False),
    "fitted to figures of the test side": lambda rng, n: adaptive(rng, n, sees_test=True),
}
"""The last needs figures that the gate does not publish."""


def false_promotions(histories: int, covers: int, seed: int = 13) -> dict[str, tuple[float, float]]:
    """Return by kind of history the share in which any is promoted: unspent, and as spent."""
    shares = {}
    for name, draw in HISTORIES.items():
        rng = np.random.default_rng(seed)
        passed = [
            [promotes(outcomes, levels) for levels in (unspent, level)]
            for outcomes in (draw(rng, covers) for _ in range(histories))
        ]
        without, spent = np.mean(passed, axis=0)
        shares[name] = float(without), float(spent)
    return shares


def better_candidate(
    rng: np.random.Generator, covers: int, gain: float, uses: int, genres: int = 12
) -> GateInput:
    """Return the gate's figures of a candidate that is better by ``gain`` in truth.

    A tenth of the pictures of general recognition are recognised by one model only.
    """
    shares = [(DIFFERING + gain) / 2, (DIFFERING - gain) / 2, 0.5 - DIFFERING / 2]
    rows = rng.multinomial(covers // genres, [*shares, 1 - sum(shares)], size=genres)
    by_genre = {
        f"genre {number}": ((both + lost) / row.sum(), (both + gained) / row.sum(),
                            int(row.sum()), int(gained), int(lost))
        for number, row in enumerate(rows)
        for gained, lost, both in [row[:3]]
    }  # fmt: skip
    rest = rng.multinomial(covers - rows.sum(), [*shares, 1 - sum(shares)])
    better, worse, both, _ = (int(count) for count in rows.sum(axis=0) + rest)
    outcome = PairedOutcome(covers, covers, better / covers, worse / covers, better, worse)
    pictures = 2022
    found, lost, _ = rng.multinomial(pictures, [0.05, 0.05, 0.9])
    general = PairedOutcome(
        pictures, pictures, found / pictures, lost / pictures, int(found), int(lost)
    )
    return GateInput(
        test_covers=covers, champion=(both + worse) / covers, candidate=(both + better) / covers,
        gain_interval=outcome.interval(), size=covers, gained=outcome.gained, lost=outcome.lost,
        better=better, worse=worse, by_genre=by_genre, general=(0.5, 0.5 + general.gain),
        general_interval=general.interval(), general_champion=wilson(0.5, pictures),
        general_chance=0.064, leaked_share=0.0, uses=uses,
    )  # fmt: skip


def power(draws: int, covers: int, gain: float, uses: int, seed: int = 13) -> float:
    """Return how often the gate promotes a candidate that is better by ``gain`` in truth."""
    rng, parameters = np.random.default_rng(seed), EvaluationParameters()
    return float(
        np.mean([
            decide(better_candidate(rng, covers, gain, uses), parameters).promoted
            for _ in range(draws)
        ])
    )  # fmt: skip


def main() -> None:
    """Print both tables."""
    print(f"\nhistories of {CANDIDATES} equal candidates in which any is promoted")
    print(f"{'candidates':45}{'covers':>8}{'at .025 each':>14}{'spent':>8}")
    for covers in (209, 1000):
        for name, (without, spent) in false_promotions(500, covers).items():
            print(f"{name:45}{covers:8}{without:14.3f}{spent:8.3f}")
    print("\nhow often a better candidate is promoted, a fifth of the pairs being discordant")
    print(f"{'covers':>8}{'gain':>8}" + "".join(f"{uses:>10}" for uses in (0, 9, 19, 49, 199)))
    for covers, gain in ((209, 0.05), (209, 0.1), (1000, 0.05), (1000, 0.07), (1000, 0.1)):
        cells = [power(1000, covers, gain, uses) for uses in (0, 9, 19, 49, 199)]
        print(f"{covers:8}{gain:8.2f}" + "".join(f"{cell:10.3f}" for cell in cells))
    print("columns: how often the test side decided before")


if __name__ == "__main__":
    main()
