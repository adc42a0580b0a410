"""Reading of published generators: errors where there is none, or none that this release reads."""

import pytest

from dustjacket.errors import CorruptVersionError, NotReadyError
from dustjacket.generation.read import load_generator, manifest_in_use
from tests.support.bucket import store_in_memory


def test_without_a_generator_the_error_names_the_command_that_makes_one():
    with pytest.raises(NotReadyError, match="run `dustjacket run`"):
        manifest_in_use(store_in_memory())


def test_a_generator_of_an_unknown_implementation_is_named_with_the_cure():
    store = store_in_memory()
    draft = store.draft("generator_candidate", "20260101T000000000000Z-000000000001")
    draft.put("weights", b"a")
    manifest, _ = draft.publish(facts={"implementation": "future"})
    with pytest.raises(CorruptVersionError, match="needs a generator 'future'"):
        load_generator(store, manifest)
