"""Clean a listing of books and publish it as a version of the catalogue.

In comes a table of books (CSV, JSON Lines or Parquet; title, author, genre); out go accepted books,
each with its group and split, rejected rows with their reasons, and statistics. Imports pipeline,
sources, storage, tracking and what is below them.
"""
