"""Sources that a run may read, and those that are refused without a copy."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.settings import Settings
from dustjacket.sources.files import fingerprint, stage
from dustjacket.sources.roots import allow
from tests.support.bucket import store_in_memory

ANYWHERE = "/"


@pytest.fixture
def folders(tmp_path):
    """A root, a folder outside, and a state folder, with one file each."""
    for name in ("root", "outside", "home"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "listing.csv").write_text("title,genre\nRice,Cooking\n")
    (tmp_path / "root/link.csv").symlink_to(tmp_path / "outside/listing.csv")
    (tmp_path / "root/link").symlink_to(tmp_path / "outside")
    return tmp_path


def store_with(folders, roots):
    store = store_in_memory()
    store.settings = Settings(_env_file=None, home=folders / "home", source_roots=roots)
    return store


def assert_refused(store, source, word):
    for read in (
        lambda: fingerprint(str(source), store.settings),
        lambda: stage(str(source), store, lambda _: True),
    ):
        with pytest.raises(BadInputError, match=word) as refused:
            read()
        assert "\n" not in str(refused.value)
    assert store.client.objects == {}, "no copy is left"


@pytest.mark.parametrize(
    "source",
    ["outside/listing.csv", "outside", "root/../outside/listing.csv", "root/link.csv",
     "root/link/listing.csv", "root/link", "nowhere.csv", "rootless/listing.csv"],
)  # fmt: skip
def test_a_source_outside_the_roots_is_refused_whether_it_exists_or_not(folders, source):
    store = store_with(folders, f"{folders / 'root'}:/nonexistent")
    assert_refused(store, f"{folders}/{source}", "DUSTJACKET_SOURCE_ROOTS")


@pytest.mark.parametrize("source", ["home/listing.csv", "home", "root/../home/listing.csv"])
@pytest.mark.parametrize("roots", [ANYWHERE, ""])
def test_the_state_folder_is_never_a_source(folders, source, roots):
    assert_refused(store_with(folders, roots), f"{folders}/{source}", "the platform's own folder")


def test_without_roots_nothing_of_this_machine_is_read(folders):
    assert_refused(store_with(folders, ""), folders / "root/listing.csv", "DUSTJACKET_SOURCE_ROOTS")


@pytest.mark.parametrize("source", ["root/listing.csv", "root"])
def test_a_source_below_a_root_is_read_without_what_links_lead_to(folders, source):
    store = store_with(folders, f":{folders / 'root'}")
    (staged,) = stage(str(folders / source), store, lambda _: True)
    assert staged.name == "listing.csv"
    assert list(store.client.objects) == [staged.key]


def test_what_the_owner_named_once_is_read_from_then_on_and_its_neighbours_are_not(folders):
    store = store_with(folders, "")
    named = folders / "outside/listing.csv"
    for _ in range(2):
        allow(str(named), store.settings)
    allow("", store.settings)
    allow("s3://bucket/x", store.settings)
    assert len(fingerprint(str(named), store.settings)) == 64
    (folders / "outside/other.csv").write_text("title\n")
    assert_refused(store, folders / "outside/other.csv", "DUSTJACKET_SOURCE_ROOTS")
    assert (folders / "home/source-roots").read_text() == f"{named}\n"


def test_the_sample_in_the_state_folder_is_read(folders):
    sample = folders / "home/sample-13-abc"
    sample.mkdir()
    (sample / "listing.csv").write_text("title\n")
    assert fingerprint(str(sample / "listing.csv"), store_with(folders, "").settings)
