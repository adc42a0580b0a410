"""Answers of the published models, for the command line, notebooks and other programs.

The running Studio gives them, over its API, where there is one: it holds the models in memory.
Otherwise this process loads the models.
"""
