"""From the values of a row to the fields of one book.

This room alone knows the usual names of columns, the words that stand for a missing value, and how
text, lists, ISBNs, contributors, subjects and rights are read. Listings, tables of covers and names
of image files all go through :func:`dustjacket.records.record.record_of`, so one book has one
title, one author and one genre wherever it comes from.
"""
