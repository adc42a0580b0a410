"""Genres from titles and authors: select a classifier, publish it, label covers with it.

In: the books of a catalogue, and the index of covers. Out: a scorer, which runs without Spark and
is registered in MLflow, and a table of labels. May import pipeline, metrics, pretrained and the
rooms below them, and the catalog; never clip.
"""
