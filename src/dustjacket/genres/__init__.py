"""Genres from titles and authors: select a classifier, publish it, label covers with it.

In come the books of a catalog, and the index of covers; out go a scorer, which runs without Spark
and is registered in MLflow, and a table of labels. May import pipeline, metrics, pretrained and the
rooms below them, and the catalog; never clip.
"""
