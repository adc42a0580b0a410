"""Values of products of ONIX."""

import pytest

from tests.support.onix import IDENTIFIERS, descriptive, message, rows_of, titled, values_of


def product(*, reference="r.1", notification="03", identifiers=(("15", "9780000000002"),)):
    return (
        (f"<RecordReference>{reference}</RecordReference>" if reference else "")
        + f"<NotificationType>{notification}</NotificationType>"
        + "".join(
            f"<ProductIdentifier><ProductIDType>{kind}</ProductIDType><IDValue>{value}</IDValue>"
            "</ProductIdentifier>"
            for kind, value in identifiers
        )
    )


DESCRIPTIVE = f"<DescriptiveDetail>{titled()}</DescriptiveDetail>"


@pytest.mark.parametrize(
    ("identifiers", "expected"),
    [
        ([("15", "9780000000002")], ["9780000000002"]),
        ([("02", "0000000000"), ("15", "9780000000002")], ["9780000000002", "0000000000"]),
        ([("03", "9780000000002")], ["9780000000002"]),
        ([("03", "4006381333931")], None),
        ([("01", "house-7")], None),
        ([("15", "")], None),
    ],
)
def test_isbns_are_listed_best_first(identifiers, expected):
    assert values_of(product(identifiers=identifiers) + DESCRIPTIVE).get("isbn") == expected


@pytest.mark.parametrize(
    ("notification", "blocks", "expected"),
    [
        ("01", DESCRIPTIVE, "new"),
        ("02", DESCRIPTIVE, "new"),
        ("03", DESCRIPTIVE, "new"),
        ("", DESCRIPTIVE, "new"),
        ("04", DESCRIPTIVE, "block_update"),
        ("04", f"{DESCRIPTIVE}<CollateralDetail/><PublishingDetail/>", "update"),
        ("04", "", "block_update"),
        ("12", "<ProductSupply/>", "block_update"),
        ("05", "", "delete"),
        ("05", DESCRIPTIVE, "delete"),
    ],
)
def test_notifications_say_how_a_record_applies(notification, blocks, expected):
    assert values_of(product(notification=notification) + blocks)["notification"] == expected


@pytest.mark.parametrize("notification", ["88", "89"])
def test_test_records_are_rejected(notification):
    (row,) = rows_of(message(product(notification=notification) + DESCRIPTIVE))
    assert row.reason == "test_record"


def test_a_product_without_identifiers_is_rejected():
    (row,) = rows_of(message(product(reference="", identifiers=()) + DESCRIPTIVE))
    assert row.reason == "no_identifier"


def test_either_identifier_is_enough():
    assert values_of(product(identifiers=()) + DESCRIPTIVE)["record_id"] == "r.1"
    assert "record_id" not in values_of(product(reference="") + DESCRIPTIVE)


def test_a_block_update_has_the_fields_of_its_blocks_and_no_other():
    values = values_of(
        product(notification="04")
        + "<CollateralDetail><TextContent><TextType>03</TextType><Text>New</Text></TextContent>"
        "</CollateralDetail><RelatedMaterial/>"
    )
    assert values == {
        "record_id": "r.1",
        "isbn": ["9780000000002"],
        "notification": "block_update",
        "description": "New",
        "image": None,
        "work_id": None,
    }


def subject(scheme, code="", heading="", *, main=False):
    return (
        "<Subject>"
        + ("<MainSubject/>" if main else "")
        + f"<SubjectSchemeIdentifier>{scheme}</SubjectSchemeIdentifier>"
        + (f"<SubjectCode>{code}</SubjectCode>" if code else "")
        + (f"<SubjectHeadingText>{heading}</SubjectHeadingText>" if heading else "")
        + "</Subject>"
    )


@pytest.mark.parametrize(
    ("number", "scheme"),
    [
        ("10", "bisac"), ("12", "bic"), ("14", "bic_qualifier"), ("93", "thema"),
        ("94", "thema_qualifier"), ("99", "thema_qualifier"), ("26", "wgs"), ("29", "clil"),
        ("32", "nur"), ("04", "lcsh"), ("23", "own"), ("24", "own"), ("78", "78"),
    ],
)  # fmt: skip
def test_subjects_have_a_scheme(number, scheme):
    values = values_of(descriptive(titled() + subject(number, "X1", "Heading", main=True)))
    assert values["subjects"] == [
        {"scheme": scheme, "code": "X1", "heading": "Heading", "main": True}
    ]


def test_keywords_are_split():
    values = values_of(descriptive(titled() + subject("20", "", "whales; the sea ;; ships")))
    assert [found["heading"] for found in values["subjects"]] == ["whales", "the sea", "ships"]
    assert {found["scheme"] for found in values["subjects"]} == {"keywords"}


def test_main_subjects_of_earlier_releases_are_read():
    values = values_of(
        descriptive(
            titled() + "<MainSubject><MainSubjectSchemeIdentifier>93</MainSubjectSchemeIdentifier>"
            "<SubjectCode>FBA</SubjectCode></MainSubject>"
            "<BASICMainSubject>FIC000000</BASICMainSubject>"
        )
    )
    assert [(s["scheme"], s["code"], s["main"]) for s in values["subjects"]] == [
        ("thema", "FBA", True),
        ("bisac", "FIC000000", True),
    ]


def collateral(content):
    return descriptive(titled()) + f"<CollateralDetail>{content}</CollateralDetail>"


def text(kind, content, attributes=""):
    return (
        f"<TextContent><TextType>{kind}</TextType><ContentAudience>00</ContentAudience>"
        f"<Text{attributes}>{content}</Text></TextContent>"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (text("02", "Short") + text("03", "Long"), "Long"),
        (text("03", "Long") + text("02", "Short"), "Long"),
        (text("02", "Short") + text("06", "Review"), "Short"),
        (text("06", "Review"), None),
        (text("03", "&lt;p&gt;Tom &amp;amp; Co&lt;/p&gt;"), "<p>Tom &amp; Co</p>"),
        (text("03", "<![CDATA[<p>Tom &amp; Co</p>]]>"), "<p>Tom &amp; Co</p>"),
        (
            text("03", "<p>Tom &amp; <em>Co</em></p><p>1 &lt; 2</p>", ' textformat="05"'),
            "<p>Tom &amp; <em>Co</em></p><p>1 &lt; 2</p>",
        ),
        (
            text("03", '<p xmlns="http://www.w3.org/1999/xhtml">One<br/>two</p>'),
            "<p>One<br>two</p>",
        ),
    ],
)
def test_descriptions_keep_their_markup_as_html(content, expected):
    assert values_of(collateral(content)).get("description") == expected


def resource(*versions, content="01", mode="03"):
    return (
        f"<SupportingResource><ResourceContentType>{content}</ResourceContentType>"
        f"<ContentAudience>00</ContentAudience><ResourceMode>{mode}</ResourceMode>"
        f"{''.join(versions)}</SupportingResource>"
    )


def version(link="", **features):
    numbers = {"height": "02", "width": "03", "name": "04", "bytes": "07"}
    return (
        "<ResourceVersion><ResourceForm>02</ResourceForm>"
        + "".join(
            "<ResourceVersionFeature><ResourceVersionFeatureType>"
            f"{numbers[name]}</ResourceVersionFeatureType><FeatureValue>{value}</FeatureValue>"
            "</ResourceVersionFeature>"
            for name, value in features.items()
        )
        + (f"<ResourceLink>{link}</ResourceLink>" if link else "")
        + "</ResourceVersion>"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (resource(version("a.jpg"), version("b.jpg")), "a.jpg"),
        (
            resource(
                version("s.jpg", height=100, width=60), version("l.jpg", height=900, width=600)
            ),
            "l.jpg",
        ),
        (resource(version("s.jpg", bytes=100), version("l.jpg", bytes=9000)), "l.jpg"),
        (resource(version("a.jpg", height="tall")), "a.jpg"),
        (resource(version(name="9780000000002.jpg")), "9780000000002.jpg"),
        (resource(version("back.jpg"), content="02"), None),
        (resource(version("trailer.mp4"), mode="05"), None),
        (resource(version()), None),
    ],
)
def test_the_largest_front_cover_is_the_image(content, expected):
    assert values_of(collateral(content)).get("image") == expected


def dated(*dates):
    return (
        descriptive(titled())
        + "<PublishingDetail>"
        + "".join(
            f"<PublishingDate><PublishingDateRole>{role}</PublishingDateRole>{date}"
            "</PublishingDate>"
            for role, date in dates
        )
        + "</PublishingDetail>"
    )


@pytest.mark.parametrize(
    ("dates", "expected"),
    [
        ([("01", '<Date dateformat="00">20240501</Date>')], "2024-05-01"),
        ([("01", "<DateFormat>01</DateFormat><Date>202405</Date>")], "2024-05"),
        ([("01", "<Date>20240501</Date>")], "2024-05-01"),
        ([("11", "<Date>1999</Date>"), ("01", "<Date>2024</Date>")], "2024"),
        ([("11", "<Date>1999</Date>")], "1999"),
        ([("02", "<Date>2023</Date>")], None),
    ],
)
def test_the_date_of_publication_is_read(dates, expected):
    assert values_of(dated(*dates)).get("published") == expected


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("<Imprint><ImprintName>I</ImprintName></Imprint>", "I"),
        (
            "<Imprint><ImprintName>I</ImprintName></Imprint><Publisher><PublishingRole>01"
            "</PublishingRole><PublisherName>P</PublisherName></Publisher>",
            "P",
        ),
        (
            "<Publisher><PublishingRole>05</PublishingRole><PublisherName>D</PublisherName>"
            "</Publisher>",
            None,
        ),
    ],
)
def test_the_publisher_is_read(content, expected):
    values = values_of(descriptive(titled()) + f"<PublishingDetail>{content}</PublishingDetail>")
    assert values.get("publisher") == expected


def work(relation, kind, value, name=""):
    return (
        f"<RelatedWork><WorkRelationCode>{relation}</WorkRelationCode><WorkIdentifier>"
        f"<WorkIDType>{kind}</WorkIDType>"
        + (f"<IDTypeName>{name}</IDTypeName>" if name else "")
        + f"<IDValue>{value}</IDValue></WorkIdentifier></RelatedWork>"
    )


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        (work("01", "11", "A0"), "istc:A0"),
        (work("01", "01", "7", "House"), "House:7"),
        (work("01", "01", "7"), "Sender:7"),
        (work("02", "11", "A0"), None),
        (work("02", "11", "A0") + work("01", "11", "B0"), "istc:B0"),
    ],
)
def test_the_work_is_that_which_the_product_is_of(content, expected):
    values = values_of(
        descriptive(titled()) + f"<RelatedMaterial>{content}</RelatedMaterial>",
        header="<Sender><SenderName>Sender</SenderName></Sender>",
    )
    assert values.get("work_id") == expected


def test_the_language_is_the_texts_or_the_messages():
    header = "<DefaultLanguageOfText>fre</DefaultLanguageOfText>"
    own = (
        "<Language><LanguageRole>02</LanguageRole><LanguageCode>ger</LanguageCode></Language>"
        "<Language><LanguageRole>01</LanguageRole><LanguageCode>eng</LanguageCode></Language>"
    )
    assert values_of(descriptive(titled() + own), header=header)["language"] == "eng"
    assert values_of(descriptive(titled()), header=header)["language"] == "fre"
    assert "language" not in values_of(descriptive(titled()))


def test_blanks_around_codes_do_not_count():
    spaced = f"{IDENTIFIERS}{DESCRIPTIVE}".replace("<", " \n\t<").replace(">", ">\n  ")
    values = values_of(spaced)
    assert (values["title"], values["isbn"]) == ("Emma", ["9780000000002"])
