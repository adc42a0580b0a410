"""The gate for generators: whether a candidate may serve, from its pictures for test titles."""

from collections.abc import Mapping
from dataclasses import dataclass

from dustjacket.generation.schemas import GeneratorGateParameters
from dustjacket.metrics.bootstrap import Interval
from dustjacket.metrics.paired import PairedOutcome
from dustjacket.promotion.gate import Decision, Rule, decision_by, spent_level
from dustjacket.promotion.spending import level

_UNPROVEN = "is not looked at unless the pictures are proven to fit their titles"


@dataclass(frozen=True)
class GeneratorGateInput:
    """The figures that the gate decides on, all of raw art.

    Attributes:
        titles: number of titles that pictures were drawn for.
        ceiling: the judge's recall@10 of real art among all titles.
        drawn, genre_mean: recall@10 within the genre, of drawn art and of the mean of the genre's
            training art.
        fits: that comparison, title by title.
        shows: recall@1 within the genre of drawn art, compared with each picture's mean colour.
        kid: kernel inception distance to real art.
        kid_difference: 95 % interval of the candidate's minus the serving generator's; None if
            none serves.
        serving_kid: the serving generator's.
        kid_floor: upper end of the 95 % interval of real art's own, between two sides.
        near_copies: share of the pictures that are near copies of training covers.
        near_copies_interval: its 95 % interval, by book group.
        side: the side of the split that the titles are of.
        uses: how often this test side has decided before.
        test_side: of :func:`dustjacket.promotion.spending.sketch`.
    """

    titles: int
    ceiling: float
    drawn: float
    genre_mean: float
    fits: PairedOutcome
    shows: PairedOutcome
    kid: float
    kid_difference: Interval | None
    serving_kid: float | None
    kid_floor: float
    near_copies: float
    near_copies_interval: Interval
    side: str = "test"
    uses: int = 0
    test_side: tuple[str, ...] = ()


def decide_generator(figures: GeneratorGateInput, parameters: GeneratorGateParameters) -> Decision:
    """Check every rule; the first broken one, in the order below, names the verdict.

    Unless the pictures are proven to fit, no sentence has a figure of how well they do: see
    :mod:`dustjacket.promotion.spending`.
    """
    fits = _fits(figures)
    rules: Mapping[str, Rule] = {
        "insufficient": _enough_titles(figures, parameters),
        "judge_too_weak": _judge(figures, parameters),
        "near_copies": _no_copies(figures, parameters),
        "not_better": fits,
        "only_colour": _shows(figures, proven=bool(fits.held)),
        "less_real": _looks_real(figures, parameters, proven=bool(fits.held)),
    }
    return decision_by(rules, proven=bool(fits.held))


def _enough_titles(figures: GeneratorGateInput, parameters: GeneratorGateParameters) -> Rule:
    required = parameters.min_titles
    held = figures.titles >= required
    outcome = f"at least {required} are required" if held else f"fewer than the required {required}"
    return Rule("enough_titles", held, f"{figures.titles} test titles: {outcome}")


def _judge(figures: GeneratorGateInput, parameters: GeneratorGateParameters) -> Rule:
    held = figures.ceiling >= parameters.min_ceiling
    return Rule(
        "judge",
        held,
        f"of real art, the judge finds the title among ten in {figures.ceiling:.3f}; at least "
        f"{parameters.min_ceiling:g} is required" + ("" if held else ", so it cannot judge"),
    )


def _no_copies(figures: GeneratorGateInput, parameters: GeneratorGateParameters) -> Rule:
    low, high = figures.near_copies_interval
    # Some real covers are flagged too: what chance explains is not held against a generator.
    held = low <= parameters.max_near_copies
    return Rule(
        "no_copies",
        held,
        f"{figures.near_copies:.1%} of the pictures are near copies of training covers (95 % "
        f"interval {low:.1%} to {high:.1%}); more than {parameters.max_near_copies:.1%} is "
        f"{'not ' if held else ''}proven",
    )


def _fits(figures: GeneratorGateInput) -> Rule:
    """Test recall@10 within the genre against the genre's mean, at the level of this decision."""
    at = level(figures.uses)
    low = figures.fits.interval(1 - 2 * at)[0] if figures.fits.books else -1.0
    spent = spent_level(figures.uses, figures.fits.size)
    if low <= 0:
        return Rule(
            "fits",
            False,
            "pictures that fit their title better than the mean of its genre are not proven on "
            f"{figures.titles} test titles; {spent}. How well they fit is not published, as later "
            "candidates could be fitted to it",
        )
    least, most = figures.fits.interval()
    return Rule(
        "fits",
        True,
        f"recall@10 within the genre is {figures.drawn:.3f} against {figures.genre_mean:.3f} of "
        f"the mean of the genre; the gain's 95 % interval is {least:+.3f} to {most:+.3f}, and at "
        f"the level of this decision its low end is {low:+.3f}; {spent}",
    )


def _shows(figures: GeneratorGateInput, *, proven: bool) -> Rule:
    if not proven:
        return Rule("shows", None, f"what pictures show beside their colour {_UNPROVEN}")
    low, high = figures.shows.interval()
    held = low > 0
    return Rule(
        "shows",
        held,
        f"recall@1 within the genre is {figures.shows.gain:+.3f} above that of each picture's mean "
        f"colour (95 % interval {low:+.3f} to {high:+.3f})"
        + ("" if held else ": more than a coloured rectangle is not proven"),
    )


def _looks_real(
    figures: GeneratorGateInput, parameters: GeneratorGateParameters, *, proven: bool
) -> Rule:
    """Test that the KID is not above the serving generator's by the limit or more.

    A test of non-inferiority (Blackwelder, Controlled Clinical Trials 3, 1982). The limit is a
    share of the serving one's KID, or of what real art may differ by, if that is more.
    """
    if figures.kid_difference is None or figures.serving_kid is None:
        return Rule("looks_real", None, "refuses nobody: no generator serves to compare with")
    if not proven:
        return Rule("looks_real", None, f"how real pictures look {_UNPROVEN}")
    low, high = figures.kid_difference
    limit = parameters.max_kid_rise * max(figures.serving_kid, figures.kid_floor)
    held = high <= limit
    return Rule(
        "looks_real",
        held,
        f"KID is {figures.kid:.4f} against {figures.serving_kid:.4f} of the serving generator; the "
        f"difference's 95 % interval is {low:+.4f} to {high:+.4f}, which does "
        f"{'' if held else 'not '}exclude a rise of {limit:.4f}",
    )
