"""When a chain that nobody watches trains again: missed and false trainings in 1,000 years.

Each week brings 1,200 covers. The mix of genres follows the seasons; now and then a genre moves for
good, which is when a training is wanted; and now and then a feed is broken for a week: half its
covers are of one genre, and the classifier is sure of few. A change is missed if no training
follows within eight weeks; a training is false if no change came since the last one.

    make bench NAME=retrain-simulation
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import numpy as np

from dustjacket.clip.step import ClipParameters
from dustjacket.genres.facts import LabelFacts
from dustjacket.genres.retraining import TrainingHistory, Window, compare, reason_to_wait
from dustjacket.metrics.shares import wilson

YEARS, COVERS, GENRES = 1000, 1200, 12
SEASON = 0.15  # of the share of a genre, at the height of its season
CHANGES_PER_YEAR, BROKEN_PER_YEAR, IN_TIME = 1.0, 1.5, 8
MOVED = (0.06, 0.2)  # share of all covers that a change moves to another genre
BEGIN = datetime(2000, 1, 2, tzinfo=UTC)


@dataclass
class Outcome:
    """What was seen: for each change, whether training followed in time; false trainings."""

    in_time: list[bool] = field(default_factory=list)
    weeks: list[int] = field(default_factory=list)
    trainings: int = 0
    false: int = 0


def week_of(rng: np.random.Generator, mix: np.ndarray, week: int, *, broken: bool) -> LabelFacts:
    """Return the facts of a week's labelled covers."""
    season = 1 + SEASON * np.sin(2 * np.pi * (week / 52 + np.arange(GENRES) / GENRES))
    shares = mix * season / (mix * season).sum()
    sure = 0.85
    if broken:
        shares = shares / 2
        shares[rng.integers(GENRES)] += 0.5
        sure = 0.4
    counts = rng.multinomial(COVERS, shares)
    genres = {f"genre {number}": int(count) for number, count in enumerate(counts)}
    return LabelFacts(labelled=COVERS, sure=int(rng.binomial(COVERS, sure)), genres=genres)


def move(rng: np.random.Generator, mix: np.ndarray) -> np.ndarray:
    """Return the mix after a change: part of all covers becomes of one other genre."""
    part = rng.uniform(*MOVED)
    moved = mix * (1 - part)
    moved[rng.integers(GENRES)] += part
    return moved


def simulate(rules: ClipParameters, years: int, seed: int) -> Outcome:
    """Return what a rule did in ``years`` years of weekly sources."""
    rng, outcome = np.random.default_rng(seed), Outcome()
    mix = rng.dirichlet(np.full(GENRES, 5.0))
    reference = week_of(rng, mix, 0, broken=False)
    trained, windows = [BEGIN], list[Window]()
    changes = list[int]()  # weeks of the changes since the last training
    for week in range(1, 52 * years):
        now = BEGIN + timedelta(weeks=week)
        if rng.random() < CHANGES_PER_YEAR / 52:
            mix = move(rng, mix)
            changes.append(week)
        facts = week_of(rng, mix, week, broken=rng.random() < BROKEN_PER_YEAR / 52)
        windows.append(compare(reference, facts, str(week)))
        rests = rules.retrain_on == "drift" and reason_to_wait(
            TrainingHistory(trained[-40:], windows), rules, now
        )
        if not rests:
            outcome.trainings += 1
            outcome.false += not changes
            outcome.weeks += [week - changed for changed in changes]
            outcome.in_time += [True for changed in changes if week - changed <= IN_TIME]
            reference, windows, changes = facts, [], []
            trained.append(now)
        elif changes and week - IN_TIME - 1 in changes:
            outcome.in_time.append(False)
    return outcome


def rule(violations: int, versions: int) -> ClipParameters:
    """Return the parameters of ``violations`` of ``versions``, with the shipped others."""
    return ClipParameters(retrain_on="drift", drift_violations=violations, drift_versions=versions)


RULES: dict[str, Callable[[], ClipParameters]] = {
    "each version": ClipParameters,
    "drift, 1 of 1": lambda: rule(1, 1),
    "drift, 2 of 3 (default)": lambda: rule(2, 3),
    "drift, 3 of 4": lambda: rule(3, 4),
}


def share(count: int, total: int) -> str:
    """Return a share in percent with its 95 % interval."""
    low, high = wilson(count / max(1, total), max(1, total))
    return f"{count / max(1, total):6.1%} ({low:.1%} to {high:.1%}, of {total})"


def main() -> None:
    """Print the table."""
    print(f"{YEARS} years of weekly sources, {COVERS} covers each")
    for name, make in RULES.items():
        found = simulate(make(), YEARS, seed=13)
        missed = found.in_time.count(False)
        weeks = np.median(found.weeks) if found.weeks else float("nan")
        print(
            f"{name:26} {found.trainings / YEARS:5.1f} trainings a year; "
            f"false {share(found.false, found.trainings)}; "
            f"missed {share(missed, len(found.in_time))}; median delay {weeks:.0f} weeks"
        )


if __name__ == "__main__":
    main()
