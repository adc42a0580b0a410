"""Feedback: votes and sampled queries of the Studio's users, and what an evaluation makes of them.

In: votes and queries from the Studio (``store``). Out: versions of ``studio_feedback``, and a
section of the evaluation's report (``queries``, ``section``). Imports evaluation, clip and covers;
``store`` alone, which the Studio uses, imports storage only. The evaluation works without this
room: ``evaluation/extras.py`` loads it by name if it is installed.
"""
