import json

import pytest
from PIL import Image

from dustjacket.errors import BadInputError
from dustjacket.typesetting.style import HouseStyle, load_style, load_styles, pairings, pairings_for
from tests.unit.typesetting.conftest import png_of

STYLE = """
name: Night Classics
fonts: {title: Marcellus, text: Lato, capitals: true}
families: [framed]
position: top
colours: {field: "#102030", title: "#f0e0c0", text: "#ffffff"}
frame: {colour: "#f0e0c0", width: 0.004}
series: Night Classics
logo: logo.png
"""


def test_yaml_and_json_give_the_same_style(tmp_path):
    (tmp_path / "logo.png").write_bytes(png_of(Image.new("RGB", (900, 900), "red")))
    (tmp_path / "a.yaml").write_text(STYLE)
    style = load_style(tmp_path / "a.yaml")
    assert (style.families, style.colours.field, style.frame.width) == (
        ("framed",),
        "#102030",
        0.004,
    )
    assert style.logo_png
    (tmp_path / "a.json").write_text(style.model_dump_json(exclude={"font_folder"}))
    assert load_style(tmp_path / "a.json") == style


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("fonts: {title: Lato}", r"fonts\.text: Field required"),
        ("colour: red", "colour: Extra inputs"),
        ("colours: {field: red}", r"colours\.field"),
        ("logo: ../secret.png", "outside the folder"),
        ("logo: /etc/passwd", "outside the folder"),
        ("logo: none.png", "does not exist"),
        ("logo: style.yaml", "no PNG or JPEG"),
        ("font_folder: none", "does not exist"),
        ("a: &a [1]\nb: *a", "aliases"),
        ("{", "no YAML or JSON"),
        ("!!python/object/apply:os.system [ls]", "no YAML or JSON"),
        ("name: '" + "x" * 70_000 + "'", "larger than 64 KiB"),
        ("logo_png: aGk=", "logo_png: name a file"),
        ("[1, 2]", "the file"),
    ],
)
def test_a_wrong_style_is_refused_in_one_line(tmp_path, text, message):
    (tmp_path / "style.yaml").write_text(text)
    with pytest.raises(BadInputError, match=message) as error:
        load_style(tmp_path / "style.yaml")
    assert "\n" not in str(error.value)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(BadInputError, match=r"none\.yaml: No such file"):
        load_style(tmp_path / "none.yaml")


def test_a_folder_has_styles_by_name_and_the_plain_one(tmp_path):
    (tmp_path / "b.yaml").write_text("name: Night\nseries: Night Classics")
    (tmp_path / "a.json").write_text("{}")
    (tmp_path / "notes.txt").write_text("no style")
    styles = load_styles(tmp_path)
    assert list(styles) == ["a", "Night", "plain"]
    assert {name: style.name for name, style in styles.items()} == {name: name for name in styles}
    assert list(load_styles(tmp_path / "b.yaml")) == ["Night", "plain"]
    assert list(load_styles(None)) == ["plain"]
    (tmp_path / "c.yml").write_text("name: Night")
    with pytest.raises(BadInputError, match=r"c\.yml: another one is called 'Night'"):
        load_styles(tmp_path)


def test_a_genre_has_its_pairings_and_every_genre_has_one():
    assert {pairing.name for pairing in pairings_for("Romance")} >= {"romance"}
    assert "poster" in {pairing.name for pairing in pairings_for("Mystery, Thriller & Suspense")}
    assert pairings_for("") == list(pairings()[:2])
    assert json.loads(HouseStyle().model_dump_json())["name"] == "plain"
