"""Read MARC 21 bibliographic records, in their exchange format (ISO 2709) and as XML (MARCXML).

Both formats give :class:`records.MarcRecord`; `values` makes a book's canonical fields of it.
"""
