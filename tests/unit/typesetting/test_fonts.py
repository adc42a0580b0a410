import json

import pytest
import typst

from dustjacket.errors import BadInputError
from dustjacket.typesetting.fonts import PACKAGES, bundled_folders, catalogue, measure
from dustjacket.typesetting.style import pairings

TEXTS = ["The Moon Pool", "AVATAR To Wave", "office fjord", "ألف ليلة وليلة", "東京物語", "שיר"]


def test_every_package_of_fonts_is_there_with_the_text_of_its_licence():
    folders = bundled_folders()
    for package in PACKAGES:
        folder = next(folder for folder in folders if folder.name == package)
        fonts = [file for file in folder.rglob("*") if file.suffix in (".ttf", ".otf")]
        texts = [*folder.rglob("OFL*"), *folder.parent.glob(f"{package}-*.dist-info/**/LICENSE*")]
        assert fonts, package
        assert any("SIL OPEN FONT LICENSE" in text.read_text().upper() for text in texts), package


def test_every_pairing_names_fonts_that_are_there():
    for pairing in pairings():
        title = catalogue().face(pairing.title, pairing.title_weight, italic=pairing.title_italic)
        assert (title.weight, title.italic) == (pairing.title_weight, pairing.title_italic)
        assert catalogue().face(pairing.text, pairing.text_weight, italic=False)


@pytest.mark.parametrize("text", TEXTS)
def test_a_measured_advance_is_what_typst_sets(text):
    face = catalogue().face_for(text, "Lato", 500, italic=False)
    source = (
        b'#let d = json(bytes(sys.inputs.at("d")))\n'
        b"#context [#metadata(measure(text(font: d.font, weight: d.weight, size: 100pt, d.text))"
        b".width.pt()) <width>]"
    )
    data = {"font": face.family, "weight": face.weight, "text": text}
    answer = typst.query(
        source, "<width>", field="value", one=True,
        font_paths=catalogue().fonts, sys_inputs={"d": json.dumps(data)},
    )  # fmt: skip
    assert 100 * measure(text, face).advance == pytest.approx(float(answer), rel=0.005)


def test_a_text_gets_a_font_that_has_all_its_characters():
    face_for = catalogue().face_for
    assert face_for("Moon", "Lato", 900, italic=False).weight == 900
    assert face_for("ألف", "Lato", 400, italic=False).family == "Amiri"
    assert face_for("東京", "Lato", 400, italic=False).family == "Noto Sans CJK JP"


def test_missing_characters_and_fonts_are_named():
    with pytest.raises(BadInputError, match=r"missing are .*U\+13080.*install a font"):
        catalogue().face_for("Sun \U00013080", "Lato", 400, italic=False)
    with pytest.raises(BadInputError, match="font 'Papyrus' is not installed"):
        catalogue().face("Papyrus", 400, italic=False)
