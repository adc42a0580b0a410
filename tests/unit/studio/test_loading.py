"""What the Studio serves is loaded again when its version is published anew."""

from dustjacket.pipeline.kinds import Kind
from dustjacket.studio.loading import find_generator
from dustjacket.upkeep.erasure import republish
from tests.support.bucket import store_in_memory


def test_a_generator_from_which_a_book_was_erased_takes_the_place_of_the_one_before():
    store = store_in_memory()
    assert find_generator(store, None) is None
    version = "20260101T000000000000Z-0123456789ab"
    published, _ = store.draft(Kind.COVER_GENERATOR, version).publish()
    first = find_generator(store, None)
    assert find_generator(store, first) is first
    newer = republish(store, published, {}, {}, {})
    assert find_generator(store, first).manifest == newer
