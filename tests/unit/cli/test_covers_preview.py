"""The first rows of a set of covers are shown as they would be read."""

from dustjacket.cli.covers_preview import preview_covers
from dustjacket.covers.step import CoversParameters
from dustjacket.settings import Settings
from dustjacket.storage.store import Store
from tests.support.images import drawn, saved


def seen(tmp_path):
    settings = Settings(
        _env_file=None, home=tmp_path / "home", folder=tmp_path / "store",
        source_roots=str(tmp_path / "set"),
    )  # fmt: skip
    return preview_covers(CoversParameters(source=str(tmp_path / "set")), Store(settings))


def test_rows_are_shown_with_their_columns_and_reasons(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "1.jpg").write_bytes(saved(drawn(1)))
    rows = "".join(f"Book {n},{n}.jpg\n" for n in range(20))
    (tmp_path / "set" / "t.csv").write_text("Titel,Bild\n" + rows)
    preview = seen(tmp_path)
    assert preview.files[0].columns == {"title": ("Titel",), "image": ("Bild",)}
    assert len(preview.records) == 10
    assert preview.records[1].fields == {"title": "Book 1", "image": "1.jpg"}
    assert preview.records[0].reason == "missing_image"
    assert preview.rejected_by_reason == {"missing_image": 19}
    assert preview.counted == 20


def test_names_of_images_are_shown_as_books(tmp_path):
    (tmp_path / "set").mkdir()
    (tmp_path / "set" / "Emma - Jane Austen.jpg").write_bytes(saved(drawn(1)))
    preview = seen(tmp_path)
    assert preview.records[0].fields["title"] == "Emma"
    assert preview.files[0].file == "1 images"
