"""Whether a candidate may take the champion's place, judged on the same held-out covers."""

from dataclasses import asdict, dataclass
from typing import Any, Literal

from scipy.stats import fisher_exact

from dustjacket.pipeline.parameters import EvaluationParameters

Verdict = Literal["promoted", "not_better", "insufficient", "worse_genre", "forgotten", "leaked"]

_CHANCE = 0.05  # how often a genre may seem worse by chance alone, over all genres together
_DIGITS = 9  # that differences of shares are rounded to, so that 0.50 - 0.48 is 0.02


@dataclass(frozen=True)
class GateInput:
    """What the gate looks at.

    Attributes:
        test_covers: those that both models were tested on, after leaked ones were left out.
        champion: the champion's title-to-cover recall@10.
        candidate: the candidate's, on the same covers.
        gain_interval: 95 % interval of candidate minus champion, from a paired bootstrap.
        by_genre: the champion's and the candidate's recall@10 and the number of test covers.
        general: accuracy of general zero-shot recognition, the champion's and the candidate's.
        general_interval: 95 % interval of candidate minus champion, from a paired bootstrap.
        leaked_share: of all test covers, those that look like a training cover.
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
    """One rule of the gate: whether it held, and its figures in one sentence."""

    name: str
    held: bool
    sentence: str


@dataclass(frozen=True)
class Decision:
    """The gate's verdict, the reason in one sentence, and all rules, the broken ones too."""

    verdict: Verdict
    reason: str
    rules: tuple[Rule, ...]

    @property
    def promoted(self) -> bool:
        """Whether the gate lets the candidate through."""
        return self.verdict == "promoted"


def decide(found: GateInput, parameters: EvaluationParameters) -> Decision:
    """Hold every rule against what was found; the first broken one, in this order, is the verdict.

    Too few covers, or leaked ones, come first: they leave nothing that the others could be held
    against.
    """
    rules: dict[Verdict, Rule] = {
        "insufficient": _enough_covers(found, parameters),
        "leaked": _no_leak(found, parameters),
        "not_better": _better(found, parameters),
        "worse_genre": _no_worse_genre(found, parameters),
        "forgotten": _nothing_forgotten(found, parameters),
    }
    broken = [verdict for verdict, rule in rules.items() if not rule.held]
    verdict = broken[0] if broken else "promoted"
    reason = rules[broken[0] if broken else "not_better"].sentence
    return Decision(verdict, reason, tuple(rules.values()))


def as_facts(found: GateInput, decision: Decision) -> dict[str, Any]:
    """Return what an evaluation's manifest says of the gate, from which a promotion is made."""
    return {
        "verdict": decision.verdict,
        "reason": decision.reason,
        "promoted": decision.promoted,
        "comparison": asdict(found),
        "rules": [asdict(rule) for rule in decision.rules],
    }


def _enough_covers(found: GateInput, parameters: EvaluationParameters) -> Rule:
    least = parameters.min_test_covers
    held = found.test_covers >= least
    figures = f"{_recalls(found)}: "
    enough = f"{least} are enough" if held else f"fewer than {least}, too few to tell"
    return Rule("enough_covers", held, figures + enough)


def _no_leak(found: GateInput, parameters: EvaluationParameters) -> Rule:
    most = parameters.max_leaked_share
    held = found.leaked_share <= most
    return Rule(
        "no_leak",
        held,
        f"{found.leaked_share:.1%} of the test covers look like a training cover, and "
        f"{most:.1%} may" + ("" if held else ": the test proves nothing"),
    )


def _better(found: GateInput, parameters: EvaluationParameters) -> Rule:
    low, high = found.gain_interval
    held = round(low, _DIGITS) > parameters.min_gain
    interval = f"{_recalls(found)}; the gain's 95 % interval is {low:+.3f} to {high:+.3f}"
    return Rule(
        "better",
        held,
        interval if held else f"{interval}: not surely above {parameters.min_gain:g}",
    )


def _no_worse_genre(found: GateInput, parameters: EvaluationParameters) -> Rule:
    """Find the genres that lost more than is allowed, and more than chance would take.

    Chance is Fisher's exact test, one-sided, at 5 % divided by the number of genres (Bonferroni).
    Both models saw the same covers, which the test does not know: that makes it cautious.
    """
    least, most = parameters.min_genre_covers, parameters.max_genre_drop
    counted = {genre: row for genre, row in found.by_genre.items() if row[2] >= least}
    worse = {
        genre: (before, after)
        for genre, (before, after, covers) in counted.items()
        if round(before - after, _DIGITS) > most
        and _drop_by_chance(before, after, covers) < _CHANCE / len(counted)
    }
    if not worse:
        of = f"of {len(counted)} genres with at least {least} test covers"
        return Rule("no_worse_genre", True, f"{of}, none lost more than {most:g} of recall@10")
    told = ", ".join(
        f"{genre} from {before:.3f} to {after:.3f}" for genre, (before, after) in worse.items()
    )
    return Rule("no_worse_genre", False, f"recall@10 fell by more than {most:g} on {told}")


def _nothing_forgotten(found: GateInput, parameters: EvaluationParameters) -> Rule:
    (before, after), (low, high) = found.general, found.general_interval
    most = parameters.max_forgetting
    held = round(before - after, _DIGITS) <= most or high >= 0
    return Rule(
        "nothing_forgotten",
        held,
        f"general recognition is {after:.3f} against the champion's {before:.3f}; the difference's "
        f"95 % interval is {low:+.3f} to {high:+.3f}"
        + ("" if held else f": more than {most:g} was forgotten"),
    )


def _recalls(found: GateInput) -> str:
    return (
        f"title-to-cover recall@10 is {found.candidate:.3f} against the champion's "
        f"{found.champion:.3f}, on {found.test_covers} test covers"
    )


def _drop_by_chance(before: float, after: float, covers: int) -> float:
    hits = [[round(share * covers), covers - round(share * covers)] for share in (before, after)]
    return float(fisher_exact(hits, alternative="greater").pvalue)
