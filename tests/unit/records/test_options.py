"""What is made of the parameters once."""

import pytest

from dustjacket.errors import BadInputError
from dustjacket.records.column_names import DEFAULT_SCHEMES
from dustjacket.records.options import DEFAULT_OPTIONS, options_of
from dustjacket.records.parameters import RecordParameters
from dustjacket.settings import Settings
from dustjacket.storage.store import Store


@pytest.fixture
def store(tmp_path):
    return Store(Settings(folder=tmp_path / "store"))


def test_without_parameters_the_defaults_hold(store):
    assert options_of(RecordParameters(), (), store) == DEFAULT_OPTIONS


def test_parameters_are_folded_once(store, tmp_path):
    table = tmp_path / "genres.csv"
    table.write_text("scheme,code,genre\nthema,F,Novels\n")
    parameters = RecordParameters(
        subject_scheme=("Thema",), missing_words=("Leer",), genre_mapping=str(table)
    )
    options = options_of(parameters, ("Children's Books",), store)
    assert options.schemes == ("thema",)
    assert options.missing == {"leer"}
    assert options.accepted_genres == {"childrens books"}
    assert options.table.genres == {("thema", "F"): "Novels"}
    assert RecordParameters().subject_scheme == ()
    assert DEFAULT_OPTIONS.schemes == DEFAULT_SCHEMES


def test_a_reservation_is_lifted_by_the_rights_holder_or_for_a_reason(store):
    def lifted(**parameters):
        return options_of(RecordParameters(**parameters), (), store).train_on_reserved

    assert not lifted()
    assert not lifted(ignore_reservation_reason="  ")
    assert lifted(rights_holder="own")
    assert lifted(ignore_reservation_reason="licence of 2026-05-01")


def test_a_folder_is_no_table_of_genres(store, tmp_path):
    folder = tmp_path / "tables"
    folder.mkdir()
    (folder / "a.csv").write_text("x")
    (folder / "b.csv").write_text("x")
    with pytest.raises(BadInputError, match="2 files: name one CSV file"):
        options_of(RecordParameters(genre_mapping=str(folder)), (), store)
