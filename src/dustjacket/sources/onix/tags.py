"""Short tags of ONIX for Books 3, and the reference names of the same elements."""

REFERENCE = {
    "header": "Header", "sender": "Sender", "x298": "SenderName", "x307": "SentDateTime",
    "m184": "DefaultLanguageOfText", "product": "Product", "a001": "RecordReference",
    "a002": "NotificationType", "a194": "RecordSourceType", "a199": "DeletionText",
    "productidentifier": "ProductIdentifier", "b221": "ProductIDType", "b233": "IDTypeName",
    "b244": "IDValue",
    "descriptivedetail": "DescriptiveDetail", "x314": "ProductComposition", "b012": "ProductForm",
    "epubusageconstraint": "EpubUsageConstraint", "x318": "EpubUsageType",
    "x319": "EpubUsageStatus", "epublicense": "EpubLicense", "x511": "EpubLicenseName",
    "epublicenseexpression": "EpubLicenseExpression", "x508": "EpubLicenseExpressionType",
    "x510": "EpubLicenseExpressionLink", "collection": "Collection", "x329": "CollectionType",
    "titledetail": "TitleDetail", "b202": "TitleType", "titleelement": "TitleElement",
    "b034": "SequenceNumber", "x409": "TitleElementLevel", "x410": "PartNumber",
    "b020": "YearOfAnnual", "b030": "TitlePrefix", "x501": "NoPrefix",
    "b031": "TitleWithoutPrefix", "b203": "TitleText", "b029": "Subtitle",
    "contributor": "Contributor", "b035": "ContributorRole", "b036": "PersonName",
    "b037": "PersonNameInverted", "b038": "TitlesBeforeNames", "b039": "NamesBeforeKey",
    "b247": "PrefixToKey", "b040": "KeyNames", "b041": "NamesAfterKey", "b248": "SuffixToKey",
    "b042": "LettersAfterNames", "b043": "TitlesAfterNames", "b047": "CorporateName",
    "x443": "CorporateNameInverted", "b249": "UnnamedPersons", "b044": "BiographicalNote",
    "b049": "ContributorStatement", "n339": "NoContributor",
    "language": "Language", "b253": "LanguageRole", "b252": "LanguageCode",
    "subject": "Subject", "x425": "MainSubject", "b067": "SubjectSchemeIdentifier",
    "b171": "SubjectSchemeName", "b068": "SubjectSchemeVersion", "b069": "SubjectCode",
    "b070": "SubjectHeadingText", "mainsubject": "MainSubject",
    "b191": "MainSubjectSchemeIdentifier", "b064": "BASICMainSubject", "b065": "BICMainSubject",
    "collateraldetail": "CollateralDetail", "textcontent": "TextContent", "x426": "TextType",
    "x427": "ContentAudience", "d104": "Text", "supportingresource": "SupportingResource",
    "x436": "ResourceContentType", "x437": "ResourceMode", "resourceversion": "ResourceVersion",
    "x441": "ResourceForm", "resourceversionfeature": "ResourceVersionFeature",
    "x442": "ResourceVersionFeatureType", "x439": "FeatureValue", "x435": "ResourceLink",
    "publishingdetail": "PublishingDetail", "imprint": "Imprint", "b079": "ImprintName",
    "publisher": "Publisher", "b291": "PublishingRole", "b081": "PublisherName",
    "publishingdate": "PublishingDate", "x448": "PublishingDateRole", "j260": "DateFormat",
    "b306": "Date", "relatedmaterial": "RelatedMaterial", "relatedwork": "RelatedWork",
    "x454": "WorkRelationCode", "workidentifier": "WorkIdentifier", "b201": "WorkIDType",
    "productsupply": "ProductSupply", "market": "Market", "territory": "Territory",
    "x450": "RegionsIncluded", "supplydetail": "SupplyDetail", "supplier": "Supplier",
    "j292": "SupplierRole", "j137": "SupplierName", "j396": "ProductAvailability",
    "price": "Price", "x462": "PriceType", "j151": "PriceAmount", "j152": "CurrencyCode",
    "priceconstraint": "PriceConstraint", "x529": "PriceConstraintType",
    "x530": "PriceConstraintStatus",
}  # fmt: skip
"""Reference name of each short tag that is read or written."""

SHORT = {name: tag for tag, name in reversed(REFERENCE.items())}
"""Short tag of each reference name; of several the first."""

_MOST_NAMES = 10_000


class _Names(dict[str, str]):
    """Reference names by tag, as lxml gives it: with a namespace or none, reference or short."""

    def __missing__(self, tag: str) -> str:
        # Comments have a function for a tag.
        local = tag.rpartition("}")[2] if isinstance(tag, str) else ""
        name = REFERENCE.get(local, local)
        if len(self) < _MOST_NAMES:
            self[tag] = name
        return name


NAMES = _Names()
"""Reference name by tag."""
