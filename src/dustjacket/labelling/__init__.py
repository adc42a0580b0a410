"""Labelling: subjects for catalogues and for people's own files, which are given back as they came.

In: files of any format that ``sources`` reads, versions of ``catalog``, and the genre classifier.
Out: the same file with subjects added (``label_file``), and versions of ``labelled_catalog``.
Imports genres, catalog and below.
"""
