"""Metrics of classifiers and of retrieval, with bootstrap intervals.

In come labels, probabilities, ranks or embeddings as numpy arrays; out come plain numbers. Imports
numpy, scipy and scikit-learn, and nothing of the other rooms.
"""
