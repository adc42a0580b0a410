"""Pipeline: declare, plan and run steps.

A domain room declares its steps in ``<room>/step.py``. This room collects them, plans them (is the
work of a step published, and if not, why?) and runs them as Spark jobs that publish a version.
Imports storage, sources, tracking and the rooms below them, never a domain room.
"""
