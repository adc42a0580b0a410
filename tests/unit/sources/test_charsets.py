# ruff: noqa: RUF001, E501 - texts in many languages
"""The encoding of a text is declared or found, never guessed silently."""

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dustjacket.errors import BadInputError
from dustjacket.sources.charsets import WESTERN, encoding_of
from dustjacket.sources.formats import read_rows, shape_of
from dustjacket.sources.tables import ReadOptions

BOOKS = {
    "Russian": "Война и мир;Лев Толстой;Роман\nМастер и Маргарита;Михаил Булгаков;Роман\n"
    "Вишнёвый сад;Антон Чехов;Пьеса\n",
    "Ukrainian": "Лісова пісня;Леся Українка;Драма\nТіні забутих предків;М. Коцюбинський;Повість\n",
    "Czech": "Bílá nemoc;Karel Čapek;Drama\nPříběhy z kapsy;Karel Čapek;Próza\nŽert;M. Kundera;Próza\n",
    "Polish": "Księgi Jakubowe;Olga Tokarczuk;Powieść\nŻycie na gorąco;Łukasz Orbitowski;Sensacja\n",
    "Hungarian": "A Pál utcai fiúk;Molnár Ferenc;Ifjúsági\nŐszi szőlő;Tóth Űrs;Költészet\n",
    "French": "Les Misérables;Victor Hugo;Roman\nÀ la recherche;Marcel Proust;Œuvre complète\n",
    "German": "Die Verwandlung;Franz Kafka;Erzählung\nDer große Gatsby;Fitzgerald;Märchen\n",
    "Spanish": "Cien años de soledad;Gabriel García Márquez;Ficción\n¿Quién?;Camilo Nuñez;Misterio\n",
    "Danish": "Smillas fornemmelse for sne;Peter Høeg;Krimi\nPå rejse;Karen Ærø;Børnebøger\n",
    "Greek": "Βίος και Πολιτεία;Νίκος Καζαντζάκης;Μυθιστόρημα\nΗ Φόνισσα;Παπαδιαμάντης;Νουβέλα\n",
    "Turkish": "İnce Memed;Yaşar Kemal;Roman\nÇalıkuşu;Reşat Nuri Güntekin;Roman\nAşk;Şafak;Öykü\n",
    "Latvian": "Dvēseļu putenis;Aleksandrs Grīns;Romāns\nŽņaugs;Jānis Bērziņš;Stāsti\n",
    "Hebrew": "סיפור על אהבה וחושך;עמוס עוז;ביוגרפיה\nתמול שלשום;שמואל יוסף עגנון;רומן\n",
    "Arabic": "بين القصرين;نجيب محفوظ;رواية\nموسم الهجرة إلى الشمال;الطيب صالح;رواية\n",
    "Japanese": "吾輩は猫である;夏目漱石;小説\nこころ;夏目漱石;小説\nノルウェイの森;村上春樹;小説\n",
    "Chinese": "红楼梦;曹雪芹;小说\n三体;刘慈欣;科幻\n活着;余华;小说\n围城;钱钟书;小说\n",
    "Taiwanese": "紅樓夢;曹雪芹;小說\n三體;劉慈欣;科幻\n活著;余華;小說\n圍城;錢鍾書;小說\n",
    "Korean": "채식주의자;한강;소설\n엄마를 부탁해;신경숙;소설\n82년생 김지영;조남주;소설\n",
}
LEGACY = [
    ("Russian", "cp1251"), ("Russian", "koi8-r"), ("Russian", "iso8859-5"), ("Russian", "cp866"),
    ("Ukrainian", "cp1251"), ("Ukrainian", "koi8-u"), ("Czech", "cp1250"), ("Czech", "iso8859-2"),
    ("Polish", "cp1250"), ("Polish", "iso8859-2"), ("Hungarian", "cp1250"),
    ("Hungarian", "iso8859-2"), ("French", "cp1252"), ("German", "latin-1"), ("Spanish", "cp1252"),
    ("Danish", "latin-1"), ("Greek", "cp1253"), ("Greek", "iso8859-7"), ("Turkish", "cp1254"),
    ("Latvian", "cp1257"), ("Hebrew", "cp1255"), ("Arabic", "cp1256"), ("Japanese", "cp932"),
    ("Japanese", "euc_jp"), ("Chinese", "gb18030"), ("Taiwanese", "big5"), ("Korean", "cp949"),
]  # fmt: skip
UNICODE = [
    (language, encoding)
    for language in BOOKS
    for encoding in ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be", "utf-32")
]


def read(data, **options):
    shape = shape_of(io.BytesIO(data), ReadOptions("books.csv", **options))
    return shape, [tuple(row.values.values()) for row in read_rows(io.BytesIO(data), shape)]


@pytest.mark.parametrize(("language", "encoding"), LEGACY + UNICODE)
def test_a_listing_is_read_whatever_its_encoding(language, encoding):
    text = "title;author;genre\n" + BOOKS[language]
    shape, rows = read(text.encode(encoding))
    assert rows == [tuple(line.split(";")) for line in BOOKS[language].splitlines()]
    assert shape.encoding_reason


def test_records_that_mix_utf8_and_windows_1252_are_all_right():
    data = "title;genre\nCafé;F\n".encode() + "Crème;F\n“Quoted” – dash;F\n".encode("cp1252")
    shape, rows = read(data)
    assert [title for title, _ in rows] == ["Café", "Crème", "“Quoted” \u2013 dash"]
    assert "Windows-1252" in shape.encoding_reason


def test_the_encoding_that_the_user_names_is_not_doubted():
    data = ("title;genre\n" + "Âîéíà è ìèð;F\n").encode("cp1252")
    assert read(data)[1] == [("Война и мир", "F")]
    shape, rows = read(data, encoding="latin-1")
    assert rows == [("Âîéíà è ìèð", "F")]
    assert shape.encoding_reason == "named by the user"


def test_an_unknown_encoding_is_refused_with_examples():
    with pytest.raises(BadInputError, match=r"'utf-9'.*windows-1252"):
        read(b"title;genre\nEmma;F\n", encoding="utf-9")


def test_a_text_that_is_plausible_in_no_encoding_has_a_warning():
    data = b"title;genre\n" + b"a\xff\xfe\xd7\x81b \xf7\x98c;F\n" * 9
    shape, _ = read(data)
    assert shape.encoding == WESTERN
    assert "set encoding" in shape.warnings[0]


def test_a_western_text_has_no_warning():
    assert not read("title;genre\nCafé;F\n".encode("latin-1"))[0].warnings


@given(st.binary(max_size=300))
def test_any_bytes_have_an_encoding_that_decodes_them(data):
    encoding, reason = encoding_of(data)
    data.decode(encoding, "replace")
    assert reason
