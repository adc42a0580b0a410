"""Concepts: the same request gives the same bytes, and near copies are shown and never exported."""

import io
from dataclasses import replace

import pytest
from PIL import Image

from dustjacket.errors import BadInputError, NotReadyError
from dustjacket.generation.concept_request import ConceptRequest
from dustjacket.generation.concepts import Art, ConceptTools, make_concepts, ranked
from dustjacket.typesetting.habits import measure_habits
from dustjacket.typesetting.style import HouseStyle
from tests.support.generators import copying_tools, drawing_tools, tools_without_generator
from tests.support.images import drawn, saved

RICE = ConceptRequest(title="Rice, rice", author="Ada Stern", n=3, seed=7)


@pytest.fixture(scope="module")
def tools():
    return drawing_tools()


@pytest.fixture(scope="module")
def concepts(tools):
    return list(make_concepts(tools, RICE))


def test_the_same_request_and_versions_give_the_same_bytes(tools, concepts):
    again = list(make_concepts(tools, RICE))
    assert again == concepts
    assert [tools.export(one, "png") for one in again[:1]] == [tools.export(concepts[0], "png")]
    assert len({one.art.body for one in concepts}) == 3


def test_a_concept_is_drawn_alone_as_among_others(tools, concepts):
    alone = RICE.model_copy(update={"n": 1, "seed": 9})
    assert list(make_concepts(tools, alone)) == [concepts[2]]


def test_how_well_art_of_an_untested_generator_fits_is_not_known(tools, concepts):
    untested = replace(tools, artist=lambda: replace(tools.artist(), untested=True))
    (concept, *_) = make_concepts(untested, RICE)
    assert concept.art.untested
    assert concept.fit is None
    assert concept.score == concepts[0].score, "concepts are still ranked"
    assert concept.nearest == concepts[0].nearest


def test_guidance_and_genre_reach_the_generator(tools, concepts):
    for change in ({"guidance": 5.0}, {"genre": "Travel"}, {"description": "About rice"}):
        (other,) = make_concepts(tools, RICE.model_copy(update={"n": 1, **change}))
        assert other.art.body != concepts[0].art.body, change


def test_each_concept_has_its_fit_and_its_nearest_real_covers(concepts):
    for concept in concepts:
        assert -1 <= concept.score <= 1
        assert 0 <= concept.fit <= 1
        assert len(concept.nearest) == 3
        assert concept.art.generator == "cover_generator/test-1"
        with Image.open(io.BytesIO(concept.preview)) as preview:
            assert (preview.format, preview.size) == ("JPEG", (400, 640))
    assert [one.art.seed for one in concepts] == [7, 8, 9]
    assert [one.score for one in ranked(concepts)] == sorted(
        (one.score for one in concepts), reverse=True
    )


def test_type_is_changed_without_drawing(concepts):
    retyped = ConceptRequest(title="Beans", n=1, type_seed=99)
    (concept,) = make_concepts(tools_without_generator(), retyped, concepts[1].art)
    assert concept.art == concepts[1].art
    assert concept.layout.book.title == "Beans"
    assert concept.layout != concepts[1].layout


def test_layout_colours_and_house_style_are_those_of_the_request(tools, concepts):
    blue = {"field": "#102030", "title": "#f0e0c0", "text": "#ffffff"}
    wanted = RICE.model_copy(update={"n": 1}).model_dump() | {"layout": "framed", "colours": blue}
    art = concepts[0].art
    (framed,) = make_concepts(tools, ConceptRequest(**wanted), art)
    assert framed.layout.family.startswith("framed")
    assert framed.layout.background == "#102030"
    assert framed.layout.block("title").colour == "#f0e0c0"
    styled = ConceptTools(
        artist=tools.artist,
        gallery=tools.gallery,
        styles={"night": HouseStyle(name="night", series="Night Classics"), "plain": HouseStyle()},
    )
    for style, series in (("", "NIGHT CLASSICS"), ("night", "NIGHT CLASSICS"), ("plain", None)):
        (made,) = make_concepts(styled, ConceptRequest(**{**wanted, "style": style}), art)
        block = made.layout.block("series")
        assert (block and block.text) == series
        assert styled.export(made, "svg")
    with pytest.raises(BadInputError, match="style 'day' is unknown: night, plain"):
        next(make_concepts(styled, ConceptRequest(**{**wanted, "style": "day"}), art))


def test_type_follows_the_habits_of_the_genre_or_of_all(tools, concepts):
    low, high = (measure_habits([[(0.1, at, 0.9, at + 0.1)]] * 500) for at in (0.7, 0.05))
    art = concepts[0].art
    with_habits = ConceptTools(
        artist=tools.artist, gallery=tools.gallery, habits=lambda: {"": high, "Travel": low}
    )

    def tops(genre):
        request = RICE.model_copy(update={"genre": genre, "layout": "overlay", "n": 4})
        made = make_concepts(with_habits, request, art)
        return [concept.layout.block("title").box.top for concept in made]

    assert min(tops("Travel")) > max(tops("Cooking"))


def test_own_art_needs_no_generator_and_is_not_said_to_be_generated():
    own = Art(saved(drawn(3, (400, 640))))
    found = list(make_concepts(tools_without_generator(), RICE, own))
    assert len({one.preview for one in found}) > 1, "several layouts"
    assert {(one.art, one.copied, one.layout.provenance) for one in found} == {(own, None, None)}
    with pytest.raises(NotReadyError, match="dustjacket run"):
        next(make_concepts(tools_without_generator(), RICE))


def test_without_an_index_concepts_are_made_and_not_compared(tools):
    alone = ConceptTools(artist=tools.artist, gallery=lambda: None)
    (concept,) = make_concepts(alone, RICE.model_copy(update={"n": 1}))
    assert (concept.score, concept.nearest) == (None, ())


def test_a_near_copy_of_a_real_cover_is_found_and_not_exported():
    tools = copying_tools()
    (copy,) = make_concepts(tools, RICE.model_copy(update={"n": 1}))
    assert (copy.art.copy_of, copy.copied.key) == ("00000007", "00000007")
    for form in ("png", "jpeg", "svg", "pdf", "json"):
        with pytest.raises(BadInputError, match="near copy of the real cover 00000007"):
            tools.export(copy, form)


def test_new_type_does_not_make_a_near_copy_new(tools):
    (copy,) = make_concepts(copying_tools(), RICE.model_copy(update={"n": 1}))
    (retyped,) = make_concepts(tools, RICE.model_copy(update={"n": 1, "type_seed": 3}), copy.art)
    assert retyped.art.copy_of == "00000007"
    with pytest.raises(BadInputError, match="near copy"):
        tools.export(retyped, "svg")


@pytest.mark.parametrize(
    ("form", "start"),
    [("png", b"\x89PNG"), ("jpeg", b"\xff\xd8"), ("svg", b"<"), ("pdf", b"%PDF"), ("json", b"{")],
)
def test_a_concept_is_exported_in_every_form(tools, concepts, form, start):
    assert tools.export(concepts[0], form).startswith(start)


def test_drawn_art_carries_where_it_comes_from(concepts):
    first, other = (one.layout.provenance for one in concepts[:2])
    assert (first.generator, first.seed) == ("cover_generator/test-1", 7)
    assert first.source_type == "trainedAlgorithmicMedia"
    assert len(first.prompt_sha256) == 64
    assert first.prompt_sha256 == other.prompt_sha256
    assert "Rice" not in first.model_dump_json()
