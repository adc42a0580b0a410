"""The gate: whether a candidate may replace the champion, from figures on the same test covers.

``docs/evaluation.md`` has the error rate and the power of each rule.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from scipy.stats import norm

from dustjacket.metrics.paired import PairedOutcome, detectable_gain
from dustjacket.promotion.schemas import GateParameters
from dustjacket.promotion.spending import level

GenreRow = tuple[float, float, int, int, int]
"""Recall@10 of champion and candidate, covers, and book groups that were gained and lost."""

POOLED = "the smaller genres together"
_FALSE_ALARM_RATE = 0.05  # of calling any genre worse by chance, over all genres together
_DIGITS = 9  # differences of shares are rounded, so that 0.50 - 0.48 equals 0.02


@dataclass(frozen=True)
class GateInput:
    """The figures that the gate decides on.

    Attributes:
        test_covers: number of covers that both models were tested on, without the leaked ones.
        champion: the champion's title-to-cover recall@10.
        candidate: the candidate's title-to-cover recall@10, on the same covers.
        gain_interval: 95 % interval of candidate minus champion.
        size: number of covers divided by the design effect of their book groups.
        gained, lost: share of the covers that only the candidate, or only the champion, finds.
        better, worse: number of book groups of which the candidate finds more, or fewer, covers.
        by_genre: the same by genre.
        general: accuracy of general zero-shot recognition, of champion and candidate.
        general_interval: 95 % interval of candidate minus champion.
        general_champion: 95 % interval of the champion's accuracy.
        general_chance: accuracy of guessing.
        leaked_share: share of all test covers that look like a training cover.
        side: the side of the split that the figures of covers are of.
        uses: how often this test side has decided before.
        test_side: of :func:`dustjacket.promotion.spending.sketch`.
        unchecked: why not all training covers could be compared with; then any share of the test
            covers may have leaked. Empty if all were.
    """

    test_covers: int
    champion: float
    candidate: float
    gain_interval: tuple[float, float]
    size: float
    gained: float
    lost: float
    better: int
    worse: int
    by_genre: Mapping[str, GenreRow]
    general: tuple[float, float]
    general_interval: tuple[float, float]
    general_champion: tuple[float, float]
    general_chance: float
    leaked_share: float
    side: str = "test"
    uses: int = 0
    test_side: tuple[str, ...] = ()
    unchecked: str = ""


@dataclass(frozen=True)
class Rule:
    """One rule of the gate: whether it holds, and its figures in one sentence.

    Attributes:
        held: None if the figures do not decide; the rule then refuses no candidate.
    """

    name: str
    held: bool | None
    sentence: str


@dataclass(frozen=True)
class Decision:
    """The gate's verdict, the reason in one sentence, and the outcome of every rule.

    Attributes:
        proven: whether the gain is proven, so that figures of the test side may be published.
    """

    verdict: str
    reason: str
    rules: tuple[Rule, ...]
    proven: bool

    @property
    def promoted(self) -> bool:
        """Whether the candidate passed the gate."""
        return self.verdict == "promoted"


def decide(figures: GateInput, parameters: GateParameters) -> Decision:
    """Check every rule; the first broken rule, in the order below, names the verdict.

    Too few or leaked test covers come first: without a valid test the other rules mean nothing.
    Unless the gain is proven, no sentence has a figure of the test covers.
    """
    better = _better(figures, parameters)
    proven = bool(better.held)
    rules: dict[str, Rule] = {
        "insufficient": _enough_covers(figures, parameters, proven=proven),
        "leaked": _no_leak(figures, parameters),
        "not_better": better,
        "worse_genre": _no_worse_genre(figures, parameters, proven=proven),
        "forgotten": _nothing_forgotten(figures, parameters),
    }
    return decision_by(rules, proven=proven)


def decision_by(rules: Mapping[str, Rule], *, proven: bool) -> Decision:
    """Return the decision of rules by verdict, of which ``not_better`` gives a promotion's reason.

    The first broken rule names the verdict.
    """
    broken = [verdict for verdict, rule in rules.items() if rule.held is False]
    verdict = broken[0] if broken else "promoted"
    reason = rules[broken[0] if broken else "not_better"].sentence
    return Decision(verdict, reason, tuple(rules.values()), proven)


def spent_level(uses: int, size: float) -> str:
    """Return a clause on the level of a decision, and the gain that it finds on such a test side.

    Args:
        uses: how often the test side has decided before.
        size: of :class:`~dustjacket.metrics.paired.PairedOutcome`.
    """
    at = level(uses)
    return (
        f"this test side decided {uses} times before, so the level is {at:.2g}, at which "
        f"it finds a gain of {detectable_gain(size, at):+.3f} four times in five"
    )


def as_facts(figures: Any, decision: Decision) -> dict[str, Any]:
    """Return the facts that an evaluation's manifest holds about the gate; promotion reads them.

    Args:
        figures: the dataclass of figures that the gate decided on.
    """
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "promoted": decision.promoted,
        "comparison": asdict(figures),
        "rules": [asdict(rule) for rule in decision.rules],
    }


def _enough_covers(figures: GateInput, parameters: GateParameters, *, proven: bool) -> Rule:
    required = parameters.min_test_covers
    held = figures.test_covers >= required
    outcome = f"at least {required} are required" if held else f"fewer than the required {required}"
    shown = _recalls(figures) if proven else f"{figures.test_covers} test covers"
    return Rule("enough_covers", held, f"{shown}: {outcome}")


def _no_leak(figures: GateInput, parameters: GateParameters) -> Rule:
    limit = parameters.max_leaked_share
    if figures.unchecked:
        accepted = limit >= 1
        unknown = f"the test covers that leaked are not all known: {figures.unchecked}"
        cure = "max_leaked_share=1 accepts that"
        return Rule("no_leak", accepted, f"{unknown} ({cure})")
    held = figures.leaked_share <= limit
    return Rule(
        "no_leak",
        held,
        f"{figures.leaked_share:.1%} of the test covers look like a training cover; the limit is "
        f"{limit:.1%}" + ("" if held else ", so the test is not valid"),
    )


def _better(figures: GateInput, parameters: GateParameters) -> Rule:
    """Test the gain at the level of this use of the test side.

    The interval of the same level has to be above the least gain. Where it is above 0, the exact
    test is significant too.
    """
    at = level(figures.uses)
    outcome = PairedOutcome(
        figures.test_covers, figures.size, figures.gained, figures.lost, figures.better,
        figures.worse,
    )  # fmt: skip
    low = outcome.interval(1 - 2 * at)[0] if outcome.books else -1.0
    held = round(low, _DIGITS) > parameters.min_gain
    spent = spent_level(figures.uses, figures.size)
    if not held:
        return Rule(
            "better",
            False,
            f"a gain above {parameters.min_gain:g} in title-to-cover recall@10 is not proven on "
            f"{figures.test_covers} test covers; {spent}. How large it was is not published, as "
            "later candidates could be fitted to it",
        )
    least, most = figures.gain_interval
    return Rule(
        "better",
        True,
        f"{_recalls(figures)}; the gain's 95 % interval is {least:+.3f} to {most:+.3f}, and at the "
        f"level of this decision its low end is {low:+.3f}; {spent}",
    )


def _no_worse_genre(figures: GateInput, parameters: GateParameters, *, proven: bool) -> Rule:
    """Find the genres that lost more than the limit, and more than chance explains.

    The test is the exact one of McNemar on pairs, one-sided, at 5 % divided by the number of tested
    genres (Bonferroni). Genres of too few covers are tested together.
    """
    required, limit = parameters.min_genre_covers, parameters.max_genre_drop
    if not proven:
        return Rule(
            "no_worse_genre", None, "recall@10 by genre is not looked at unless a gain is proven"
        )
    tested = {genre: row for genre, row in figures.by_genre.items() if row[2] >= required}
    if small := [row for row in figures.by_genre.values() if row[2] < required]:
        tested[POOLED] = _pool(small)
    at = _FALSE_ALARM_RATE / max(1, len(tested))
    worse = {
        genre: (before, after)
        for genre, (before, after, _, gained, lost) in tested.items()
        if round(before - after, _DIGITS) > limit and _p_worse(gained, lost) <= at
    }
    if worse:
        drops = ", ".join(
            f"{genre} (from {before:.3f} to {after:.3f})"
            for genre, (before, after) in worse.items()
        )
        return Rule("no_worse_genre", False, f"recall@10 fell by more than {limit:g} in {drops}")
    needed = next(lost for lost in range(1, 64) if _p_worse(0, lost) <= at)
    falls = [max(limit, needed / row[2]) for row in tested.values()]
    return Rule(
        "no_worse_genre",
        True,
        f"recall@10 fell by more than {limit:g} in none of {len(tested)} genres, where those with "
        f"fewer than {required} test covers count as one"
        + (f"; a fall of {min(1, max(falls)):.2f} could have been seen in each" if falls else ""),
    )


def _pool(rows: list[GenreRow]) -> GenreRow:
    covers = sum(row[2] for row in rows)
    before, after = (sum(row[at] * row[2] for row in rows) / covers for at in (0, 1))
    return before, after, covers, sum(row[3] for row in rows), sum(row[4] for row in rows)


def _p_worse(gained: int, lost: int) -> float:
    return PairedOutcome(0, 0.0, 0.0, 0.0, gained, lost).p_worse


def _nothing_forgotten(figures: GateInput, parameters: GateParameters) -> Rule:
    """Test that the candidate is not worse than the champion by the limit or more.

    A test of non-inferiority (Blackwelder, Controlled Clinical Trials 3, 1982): the whole 95 %
    interval of the difference has to be above minus the limit. A champion that recognises nothing
    has nothing to forget, so the rule then refuses no candidate.
    """
    (before, after), (low, high) = figures.general, figures.general_interval
    shown = (
        f"accuracy of general recognition is {after:.3f} against the champion's {before:.3f}; the "
        f"difference's 95 % interval is {low:+.3f} to {high:+.3f}"
    )
    if not figures.general_champion[0] > figures.general_chance:
        return Rule(
            "nothing_forgotten",
            None,
            f"cannot be told, and refuses nobody: the champion is not above chance, which is "
            f"{figures.general_chance:.3f}; {shown}",
        )
    limit = parameters.max_forgetting
    held = round(low, _DIGITS) > -limit
    decidable = (high - low) / 2 / norm.isf(0.025) * (norm.isf(0.025) + norm.isf(0.2))
    return Rule(
        "nothing_forgotten",
        held,
        f"{shown}: a fall of {limit:g} is {'' if held else 'not '}excluded; of an equal model it "
        f"is excluded four times in five if the limit is {decidable:.3f}",
    )


def _recalls(figures: GateInput) -> str:
    return (
        f"title-to-cover recall@10 is {figures.candidate:.3f} against the champion's "
        f"{figures.champion:.3f}, on {figures.test_covers} test covers"
    )
