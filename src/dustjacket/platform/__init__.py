"""The embedded platform: S3Proxy, MLflow and Airflow on loopback, under one supervisor.

In: the settings, and servers that the environment already provides. Out: running servers, their
settings in ``platform.env``, and their status. ``process_guard`` kills leftover processes of tasks.
``accounts`` has the accounts of people, with which they log in to these servers.
Imports storage, settings and errors.
"""

from dustjacket.platform.lifecycle import down, is_up, up
from dustjacket.platform.status import print_addresses, print_status, status

__all__ = ["down", "is_up", "print_addresses", "print_status", "status", "up"]
