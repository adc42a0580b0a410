"""The gate: whether a candidate may replace the champion, from figures on the same test covers."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

import numpy as np
from scipy.stats import fisher_exact

from dustjacket.promotion.schemas import GateParameters

Verdict = Literal["promoted", "not_better", "insufficient", "worse_genre", "forgotten", "leaked"]

_FALSE_ALARM_RATE = 0.05  # of calling any genre worse by chance, over all genres together
_DIGITS = 9  # differences of shares are rounded, so that 0.50 - 0.48 equals 0.02


@dataclass(frozen=True)
class GateInput:
    """The figures that the gate decides on.

    Attributes:
        test_covers: number of covers that both models were tested on, without the leaked ones.
        champion: the champion's title-to-cover recall@10.
        candidate: the candidate's title-to-cover recall@10, on the same covers.
        gain_interval: 95 % interval of candidate minus champion, from a paired bootstrap.
        by_genre: by genre, recall@10 of champion and candidate, and the number of test covers.
        general: accuracy of general zero-shot recognition, of champion and candidate.
        general_interval: 95 % interval of candidate minus champion, from a paired bootstrap.
        leaked_share: share of all test covers that look like a training cover.
    """

    test_covers: int
    champion: float
    candidate: float
    gain_interval: tuple[float, float]
    by_genre: dict[str, tuple[float, float, int]]
    general: tuple[float, float]
    general_interval: tuple[float, float]
    leaked_share: float


@dataclass(frozen=True)
class Rule:
    """One rule of the gate: whether it holds, and its figures in one sentence."""

    name: str
    held: bool
    sentence: str


@dataclass(frozen=True)
class Decision:
    """The gate's verdict, the reason in one sentence, and the outcome of every rule."""

    verdict: Verdict
    reason: str
    rules: tuple[Rule, ...]

    @property
    def promoted(self) -> bool:
        """Whether the candidate passed the gate."""
        return self.verdict == "promoted"


def decide(figures: GateInput, parameters: GateParameters) -> Decision:
    """Check every rule; the first broken rule, in the order below, names the verdict.

    Too few or leaked test covers come first: without a valid test the other rules mean nothing.
    """
    rules: dict[Verdict, Rule] = {
        "insufficient": _enough_covers(figures, parameters),
        "leaked": _no_leak(figures, parameters),
        "not_better": _better(figures, parameters),
        "worse_genre": _no_worse_genre(figures, parameters),
        "forgotten": _nothing_forgotten(figures, parameters),
    }
    broken = [verdict for verdict, rule in rules.items() if not rule.held]
    verdict = broken[0] if broken else "promoted"
    reason = rules[broken[0] if broken else "not_better"].sentence
    return Decision(verdict, reason, tuple(rules.values()))


def as_facts(figures: GateInput, decision: Decision) -> dict[str, Any]:
    """Return the facts that an evaluation's manifest holds about the gate; promotion reads them."""
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "promoted": decision.promoted,
        "comparison": asdict(figures),
        "rules": [asdict(rule) for rule in decision.rules],
    }


def _enough_covers(figures: GateInput, parameters: GateParameters) -> Rule:
    required = parameters.min_test_covers
    held = figures.test_covers >= required
    outcome = f"at least {required} are required" if held else f"fewer than the required {required}"
    return Rule("enough_covers", held, f"{_recalls(figures)}: {outcome}")


def _no_leak(figures: GateInput, parameters: GateParameters) -> Rule:
    limit = parameters.max_leaked_share
    held = figures.leaked_share <= limit
    return Rule(
        "no_leak",
        held,
        f"{figures.leaked_share:.1%} of the test covers look like a training cover; the limit is "
        f"{limit:.1%}" + ("" if held else ", so the test is not valid"),
    )


def _better(figures: GateInput, parameters: GateParameters) -> Rule:
    low, high = figures.gain_interval
    held = round(low, _DIGITS) > parameters.min_gain
    interval = f"{_recalls(figures)}; the gain's 95 % interval is {low:+.3f} to {high:+.3f}"
    return Rule(
        "better",
        held,
        interval if held else f"{interval}: its low end is not above {parameters.min_gain:g}",
    )


def _no_worse_genre(figures: GateInput, parameters: GateParameters) -> Rule:
    """Find the genres that lost more than the limit, and more than chance explains.

    Significance is Fisher's exact test, one-sided, at 5 % divided by the number of genres
    (Bonferroni). The test ignores that both models saw the same covers, so it is conservative.
    """
    required, limit = parameters.min_genre_covers, parameters.max_genre_drop
    counted = {genre: row for genre, row in figures.by_genre.items() if row[2] >= required}
    worse = {
        genre: (before, after)
        for genre, (before, after, covers) in counted.items()
        if round(before - after, _DIGITS) > limit
        and _drop_p_value(before, after, covers) < _FALSE_ALARM_RATE / len(counted)
    }
    if not worse:
        return Rule(
            "no_worse_genre",
            True,
            f"recall@10 fell by more than {limit:g} in none of {len(counted)} genres with at least "
            f"{required} test covers",
        )
    drops = ", ".join(
        f"{genre} (from {before:.3f} to {after:.3f})" for genre, (before, after) in worse.items()
    )
    return Rule("no_worse_genre", False, f"recall@10 fell by more than {limit:g} in {drops}")


def _nothing_forgotten(figures: GateInput, parameters: GateParameters) -> Rule:
    (before, after), (low, high) = figures.general, figures.general_interval
    limit = parameters.max_forgetting
    held = round(before - after, _DIGITS) <= limit or high >= 0
    return Rule(
        "nothing_forgotten",
        held,
        f"accuracy of general recognition is {after:.3f} against the champion's {before:.3f}; the "
        f"difference's 95 % interval is {low:+.3f} to {high:+.3f}"
        + ("" if held else f": it fell by more than {limit:g}"),
    )


def _recalls(figures: GateInput) -> str:
    return (
        f"title-to-cover recall@10 is {figures.candidate:.3f} against the champion's "
        f"{figures.champion:.3f}, on {figures.test_covers} test covers"
    )


def _drop_p_value(before: float, after: float, covers: int) -> float:
    """Return the p-value of a fall in recall on ``covers`` covers, from ``before`` to ``after``."""
    counts = (round(share * covers) for share in (before, after))
    hits = np.array([[hit, covers - hit] for hit in counts])
    return float(fisher_exact(hits, alternative="greater").pvalue)
