"""Promotion: the gate that judges a candidate, the ledger of decisions, and changes of champion.

In: the figures of an evaluation (``gate``), and published evaluations and models (``promote``).
Out: records in the ledger, versions of ``cover_clip``, and the alias ``@champion`` in MLflow.
Imports pipeline, storage and tracking; no other room of the domain.
"""
