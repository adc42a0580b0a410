"""Evaluation: how good a fine-tuned CLIP is on held-out covers, and the report that shows it.

In: a candidate, the labelled covers that it was trained on, the starting weights, the champion.
Out: a version of ``evaluation`` with all figures, the gate's verdict and a page for reviewers.
Imports clip, genres, covers and promotion, and the floors below; ``extras`` loads feedback if that
room is installed. The Studio never imports this room.
"""
