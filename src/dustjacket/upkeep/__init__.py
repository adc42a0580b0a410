"""Upkeep: what keeps a platform that nobody watches small, recoverable and heard.

In: the store's versions, ledger and leases, MLflow, Airflow's database and logs, and the state
folder. Out: removed versions, runs and logs, backups, restored state, and messages to people.
Imports promotion, platform, tracking, pipeline and storage; an entrance calls it.
"""
