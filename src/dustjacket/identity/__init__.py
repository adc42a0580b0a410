"""What makes two records one book, and which books stay on one side of the split.

In come titles, authors and identifiers; out come folded texts, keys and names of groups. Whole
tables are compared as Arrow columns, without Spark. Imports nothing of the package.
"""
