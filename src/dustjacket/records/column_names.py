"""The usual names of columns, by field.

English, German, French, Spanish, Italian, Dutch, Portuguese, Chinese and Japanese, and what common
exports and data sets write. Case, accents, blanks and punctuation do not count, so ``Book-Title``
is here as ``book title``. The names of one tuple are equally usual; earlier tuples are preferred.
"""

from collections.abc import Mapping

CODED_SCHEMES = ("bisac", "thema", "clil", "wgs", "nur", "bic")
"""Schemes whose codes give a genre by themselves, best first."""
OWN = "own"
"""The scheme of a source's own genres."""
DEFAULT_SCHEMES = (OWN, *CODED_SCHEMES)
SUBJECT_SCHEMES = (*CODED_SCHEMES, "lcsh", "keywords")
"""Schemes that columns are named after, such as ``Thema 1`` … ``Thema 5`` or ``BISAC Code``."""

NAME = (
    "name", "nom", "nombre", "nome", "naam", "名称", "名稱", "名前",
)  # fmt: skip
"""The title, or if there is a title column, the author unless there is an author column."""

COLUMN_NAMES: Mapping[str, tuple[tuple[str, ...], ...]] = {
    "title": (
        ("title", "titel", "titre", "título", "titolo", "书名", "書名", "标题", "標題", "タイトル",
         "題名", "本のタイトル", "题名"),
        ("book title", "book name", "title of book", "product title", "main title", "full title",
         "title text", "buchtitel", "haupttitel", "titre du livre", "titre principal",
         "título del libro", "titolo del libro", "boektitel", "título do livro", "nome do livro",
         "nombre del libro", "图书名称", "圖書名稱", "书籍名称", "商品名", "作品名"),
        ("original title", "originaltitel", "titre original", "título original",
         "titolo originale", "原题", "原題"),
    ),
    "subtitle": (
        ("subtitle", "untertitel", "sous titre", "subtítulo", "sottotitolo", "ondertitel",
         "副标题", "副標題", "副书名", "副書名", "サブタイトル", "副題"),
        ("book subtitle",),
    ),
    "author": (
        ("author", "autor", "auteur", "autore", "作者", "著者", "著者名", "verfasser",
         "verfasserin", "autorin", "autora", "autrice", "schrijver", "escritor", "scrittore",
         "écrivain"),
        ("authors", "autoren", "auteurs", "autores", "autori", "auteures",
         "verfasserinnen", "auteur rice s"),
        ("book author", "primary author", "main author", "author name", "author names",
         "author full name", "first author", "written by", "writer", "autorname",
         "nombre del autor", "nome do autor", "nome autore", "nom de l auteur", "作者名",
         "作家", "作者姓名"),
        ("contributor 1", "contributor", "contributors", "creator", "creators", "by"),
    ),
    "contributors": (("contributors",),),
    "subjects": (("subjects",),),
    "translator": (
        ("translator", "translators", "translated by", "übersetzer", "übersetzerin", "übersetzung",
         "traducteur", "traductrice", "traduction", "traductor", "traductora", "traducción",
         "traduttore", "traduttrice", "vertaler", "vertaling", "tradutor", "tradutora",
         "译者", "譯者", "翻译", "翻訳者", "訳者", "翻訳"),
    ),
    "illustrator": (
        ("illustrator", "illustrators", "illustrated by", "illustratorin", "illustrateur",
         "illustratrice", "ilustrador", "ilustradora", "ilustraciones", "illustratore",
         "illustraties", "插图", "插画", "绘者", "繪者", "イラスト", "イラストレーター", "絵"),
    ),
    "editor": (
        ("editor", "editors", "edited by", "herausgeber", "herausgeberin", "hrsg", "a cura di",
         "curatore", "redacteur", "主编", "編者", "编者", "主編"),
    ),
    "genre": (
        ("genre", "category", "kategorie", "catégorie", "género", "categoría", "genere",
         "categorie", "categoria", "gênero", "literary genre", "book genre", "book category",
         "category name", "main genre", "primary genre", "genre name", "gattung", "类别", "類別",
         "分类", "分類", "类型", "類型", "体裁", "ジャンル", "カテゴリ", "カテゴリー"),
        ("genres", "categories", "kategorien", "catégories", "géneros", "categorías", "generi",
         "categorieën", "categorias", "gêneros", "book genres", "book categories"),
        ("subject", "subjects", "sachgebiet", "sachgruppe", "sujet", "sujets", "materia",
         "materias", "tema", "temas", "soggetto", "soggetti", "onderwerp", "onderwerpen",
         "assunto", "assuntos", "warengruppe", "rubrik", "rayon", "主题", "主題", "件名"),
        ("tags", "tag", "schlagwörter", "schlagworte", "mots clés", "étiquettes", "etiquetas",
         "etichette", "trefwoorden", "标签", "標籤", "タグ"),
        ("bookshelves", "shelves", "shelf", "popular shelves", "regale", "étagères",
         "estanterías", "scaffali", "boekenplanken", "estantes", "书架", "書架", "本棚"),
        ("collections",),
    ),
    "description": (
        ("description", "beschreibung", "descripción", "descrizione", "omschrijving",
         "beschrijving", "descrição", "简介", "簡介", "内容简介", "內容簡介", "説明", "内容紹介",
         "内容", "あらすじ", "紹介文"),
        ("long description", "main description", "book description", "product description",
         "beschreibungstext", "langtext"),
        ("summary", "blurb", "synopsis", "abstract", "overview", "annotation", "desc", "comments",
         "klappentext", "zusammenfassung", "inhalt", "résumé", "resumen", "sinopsis",
         "riassunto", "trama", "samenvatting", "resumo", "sinopse", "摘要", "概要", "要約"),
        ("short description", "kurzbeschreibung"),
    ),
    "isbn": (
        ("isbn13", "isbn 13", "print isbn 13"),
        ("isbn", "isbn number", "isbn nummer", "isbn nr", "isbn no", "isbn code", "print isbn",
         "numéro isbn", "número isbn", "codice isbn", "isbn 号", "isbn 號", "isbn 番号",
         "isbn コード", "国际标准书号", "國際標準書號", "国際標準図書番号"),
        ("ean", "ean13", "ean code", "gtin", "gtin13", "barcode"),
        ("isbn10", "isbn 10"),
        ("isbns", "identifiers"),
    ),
    "identifier": (
        ("asin",), ("parent asin",), ("isbn13",), ("isbn",), ("ean", "ean13", "gtin", "gtin13"),
        ("isbn10",), ("isbns",), ("book id",),
        ("id", "product id", "item id", "artikelnummer", "sku", "编号", "編號", "番号"),
    ),
    "work_id": (("work id",), ("openlibrary work", "work key")),
    "record_id": (("record reference",), ("record identifier",)),
    "language": (
        ("language", "sprache", "langue", "idioma", "lingua", "taal", "língua", "语言", "語言",
         "言語"),
        ("language code", "languages", "lang", "sprachen", "langues", "idiomas", "lingue",
         "talen", "language of text", "语种", "語種"),
    ),
    "published": (
        ("publication date", "published", "published date", "date published", "publish date",
         "pub date", "publishing date", "date of publication", "publicationdate",
         "erscheinungsdatum", "erscheinungstermin", "date de parution", "date de publication",
         "fecha de publicación", "data di pubblicazione", "publicatiedatum",
         "verschijningsdatum", "data de publicação", "出版日期", "出版时间", "出版時間", "发行日期",
         "発売日", "発行日", "刊行日", "出版日"),
        ("year published", "published year", "publication year", "year of publication",
         "erscheinungsjahr", "année de publication", "année de parution",
         "año de publicación", "anno di pubblicazione", "jaar van uitgave",
         "ano de publicação", "出版年", "出版年份", "発行年", "刊行年"),
        ("original publication year", "first publish year", "first publish date"),
        ("year", "jahr", "année", "año", "anno", "jaar", "ano", "年"),
        ("date", "datum", "fecha", "data", "日期", "日付"),
    ),
    "image": (
        ("img paths", "image path"),
        ("image url", "cover url", "cover image url", "image link", "cover link", "img url",
         "image url l", "titelbild url"),
        ("image", "cover image", "cover", "img", "cover img", "coverbild", "titelbild",
         "umschlag", "umschlagbild", "couverture", "portada", "cubierta", "copertina", "omslag",
         "kaft", "capa", "封面", "封面图片", "封面圖片", "表紙", "書影", "カバー画像", "画像",
         "图片", "bild", "imagen", "immagine", "afbeelding", "imagem"),
        ("image url m", "image url s", "large image", "thumbnail", "small image url", "images"),
        ("filename", "file name", "image file", "image filename", "cover file", "dateiname",
         "nom du fichier", "nombre de archivo", "nome file", "bestandsnaam",
         "nome do arquivo", "文件名", "檔案名稱", "ファイル名"),
    ),
    "asin": (("asin",), ("parent asin",)),
    "filename": (("filename",),),
    "publisher": (
        ("publisher", "verlag", "éditeur", "editorial", "editore", "uitgever", "uitgeverij",
         "editora", "出版社", "出版商", "出版者"),
        ("publisher name", "imprint", "maison d édition", "casa editrice"),
    ),
    "text_and_data_mining": (("text and data mining", "tdm", "tdm reservation"),),
    "rights": (("rights", "licence", "license", "rechte", "lizenz", "droits", "derechos",
                "diritti", "rechten", "direitos"),),
}  # fmt: skip
"""Names by field, most usual first; where a value is missing, the next column counts."""
