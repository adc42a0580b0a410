"""Genres from titles and authors: choose a classifier, publish it, label covers with it."""
