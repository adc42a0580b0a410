"""What to do about covers that are rejected, by the reason."""

_CURES = {
    "missing_image": "name the folder that holds the images and the table, and check the paths in "
    "the image column",
    "isbn_not_in_catalog": "name a listing with the titles of these ISBNs with catalog",
    "not_the_front_cover": "give front covers, named by ISBN alone or with _FC",
    "update_without_record": "give the messages before it too",
    "no_image": "fill the image column, or set image_column to another one",
    "no_title": "fill the title column, or set title_column to another one",
    "punctuation_title": "set title_column to the column of titles",
    "title_too_long": "set title_column to the column of titles",
    "unsafe_path": "write image paths relative to the folder of the source",
    "bad_scheme": "give paths below the source's folder, or http and https addresses",
    "bad_url": "give complete http or https addresses",
    "unreadable_image": "let this account read the image files",
    "not_an_image": "give JPEG, PNG, WebP, AVIF, HEIC, TIFF, GIF or BMP files",
    "truncated": "give whole image files",
    "empty_file": "give whole image files",
    "too_large": "raise max_bytes",
    "too_many_pixels": "raise max_pixels, or give smaller images",
    "too_small": "give larger images",
    "placeholder": "give real covers, raise placeholder_books or lower min_ink",
    "duplicate": "give each cover once",
    "address_refused": "give addresses of public hosts, or set DUSTJACKET_ALLOW_PRIVATE_ADDRESSES",
    "port_refused": "give addresses with the usual ports",
    "credentials_in_url": "give addresses without user and password",
    "host_given_up": "run it again when the server answers",
    "wrong_column_count": "give each row as many fields as the header, or set separator",
    "unclosed_quote": "close the quotes of the fields, or set separator",
    "malformed_quotes": "double the quotes inside quoted fields",
    "record_too_long": "give shorter records",
}


def cure_of(reason: str) -> str:
    """Return the cure of a reason as an order."""
    if reason.startswith("http_"):
        return "check that the server gives these addresses"
    return _CURES.get(reason, "look at the rejected rows")
