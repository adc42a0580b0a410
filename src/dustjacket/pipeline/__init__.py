"""What a step of the pipeline is.

A room of the domain declares its steps in ``<room>/step.py``; here they are collected, planned (is
a step's work published, and if not, why?) and run as Spark jobs that publish a version. Imports
storage, sources, tracking and what is below them, never a room of the domain.
"""
