"""The verdict on generators whose pictures are known: only new art that fits its title passes."""

import numpy as np
import pytest

from dustjacket.generation import assess
from dustjacket.generation.assess import Assessor
from dustjacket.generation.evaluate import gate_input
from dustjacket.generation.gate import decide_generator
from dustjacket.generation.report import report_sections
from dustjacket.generation.schemas import GeneratorEvaluationParameters
from tests.support.art_case import fakes, near_copies_of, quick_features, sides

PARAMETERS = GeneratorEvaluationParameters(seeds=2, resamples=50)


@pytest.fixture(scope="module")
def library():
    return sides()


@pytest.fixture(scope="module")
def assessor(library):
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(assess, "picture_features", quick_features)
        yield Assessor(library, near_copies_of(library), {}, PARAMETERS)


def verdict(assessor, drawing, serving=None, **changed):
    found = assessor.assess("test", drawing, serving)
    return decide_generator(gate_input(found, 0, ()), PARAMETERS.model_copy(update=changed)), found


@pytest.mark.parametrize(
    ("drawn", "expected"),
    [
        ("real art", "promoted"),
        ("mean of the genre", "not_better"),
        ("shuffled", "not_better"),
        ("training art", "near_copies"),
        ("coloured rectangles", "only_colour"),
    ],
)
def test_only_new_art_that_fits_its_title_passes(library, assessor, drawn, expected):
    decision, found = verdict(assessor, fakes(library)[drawn])
    assert decision.verdict == expected, [rule.sentence for rule in decision.rules]
    if drawn == "training art":
        assert found.near_copies[0] == 1.0
        assert found.copying[0] > 0.99


def test_a_judge_that_knows_no_real_art_gives_no_verdict(library, assessor):
    decision, _ = verdict(assessor, fakes(library)["real art"], min_ceiling=1.0)
    assert decision.verdict == "judge_too_weak"


def test_too_few_titles_give_no_verdict(library, assessor):
    decision, _ = verdict(assessor, fakes(library)["real art"], min_titles=121)
    assert decision.verdict == "insufficient"


def test_what_looks_less_like_covers_than_the_serving_generator_does_not_replace_it(
    library, assessor
):
    real = fakes(library)["real art"]

    class Grey:
        version, size = "generator_candidate/grey", real.size

        def draw(self, requests):
            drawn = real.draw(requests).astype(int)
            return (drawn // 4 + 96).astype(np.uint8)

    replaced, found = verdict(assessor, Grey(), serving=real)
    assert found.kid_difference[0] > 0
    assert replaced.verdict == "less_real"
    same, _ = verdict(assessor, real, serving=real)
    assert same.verdict == "promoted"


def test_the_figures_of_real_art_are_the_ceiling_and_those_of_shuffled_titles_chance(
    library, assessor
):
    _, found = verdict(assessor, fakes(library)["real art"])
    precision = found.precision
    drawn, real = precision["drawn"], precision["real art"]
    assert drawn.all_titles["recall_at_10"].share == pytest.approx(
        real.all_titles["recall_at_10"].share, abs=0.05
    )
    assert real.all_titles["recall_at_10"].share == found.ceilings["test"]
    chance = 10 / len(library["test"].books)
    shuffled = precision["shuffled titles"].all_titles["recall_at_10"]
    assert shuffled.low <= 2 * chance
    assert precision["mean of the genre"].within_genre["recall_at_10"].share == pytest.approx(
        10 / 60, abs=0.05
    )
    assert drawn.any_seed["recall_at_10"].share >= drawn.all_titles["recall_at_10"].share


def test_the_report_shows_every_set_of_pictures_and_the_nearest_covers(library, assessor):
    _, found = verdict(assessor, fakes(library)["training art"])
    sections = report_sections(found, library["train"], {"drawing": 1.0, "evaluation": 2.0})
    [table] = sections[0].tables
    assert [row[0] for row in table.rows] == list(found.precision)
    artifacts = [picture.artifact for section in sections for picture in section.pictures]
    assert artifacts == ["contact_sheet.png", "nearest_covers.png"]
    pairs = sections[2].pictures[0].figure
    assert "near copy" in pairs.axes[0].get_title()
    for section in sections:
        for picture in section.pictures:
            assert picture.uri.startswith("data:image/png")
