"""Read the files of public data sets on books, each with the fields that it is known to have.

Other exports (Goodreads, LibraryThing, Calibre, Book-Crossing) are tables, whose columns are found
by their names.
"""
