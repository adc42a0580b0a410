"""Retrieval: an index of cover embeddings, and exact search in it.

In: a version of covers, and the champion CLIP model. Out: a published index (embeddings and rows of
all covers), and in memory the search by vector, words and genre for Studio and command line.

May import ``clip``, ``genres``, ``covers`` and everything below them.
"""
