"""The steps are collected from their rooms, each after the steps that it reads from."""

from dustjacket.pipeline.step import Step
from dustjacket.pipeline.steps import STEPS, in_order, in_use
from tests.support.bucket import store_in_memory
from tests.support.facts import least_facts


def test_every_input_is_published_by_an_earlier_step():
    published: set[str] = set()
    for step in STEPS.values():
        assert {*step.reads, *step.optional_inputs} <= published
        published |= {step.publishes, step.promotes_to}


def test_every_step_has_a_function_and_a_section_of_the_report_of_its_own():
    assert all(callable(step.load_function()) for step in STEPS.values())
    sections = [step.section for step in STEPS.values()]
    assert len(set(sections)) == len(sections)
    assert all(sections)


def test_steps_are_ordered_by_what_they_read_then_by_name():
    def step(name, reads=()):
        return Step(name=name, publishes=name, function="", parameters=None, reads=reads)

    steps = [step("c", ("b",)), step("b", ("z",)), step("z"), step("a", ("elsewhere",))]
    assert list(in_order(steps)) == ["a", "z", "b", "c"]


def test_the_classifier_in_use_is_the_champion_until_another_beats_it():
    store, kind = store_in_memory(), "genre_classifier"
    assert in_use(store, kind) is None
    for version, champion in (("v1", "v1"), ("v2", "v1")):
        store.draft(kind, version).publish(facts=least_facts(kind, champion=champion))
    assert in_use(store, kind).version == "v1"
    store.draft(kind, "v3").publish(facts=least_facts(kind, champion="deleted"))
    assert in_use(store, kind).version == "v3", "its champion was deleted"


def test_a_classifier_with_damaged_facts_does_not_stop_the_step_that_makes_the_next():
    store = store_in_memory()
    store.draft("genre_classifier", "v1").publish(facts={"selected": "naive_bayes"})
    assert in_use(store, "genre_classifier").version == "v1"


def test_a_kind_that_no_step_publishes_is_used_in_its_newest_version():
    store = store_in_memory()
    store.draft("cover_clip", "v1").publish()
    store.draft("cover_clip", "v2").publish()
    assert in_use(store, "cover_clip").version == "v2"
