"""The embedded platform: S3Proxy, MLflow and Airflow on loopback, under one supervisor."""

from dustjacket.platform.lifecycle import down, is_up, up
from dustjacket.platform.status import print_addresses, print_status, status

__all__ = ["down", "is_up", "print_addresses", "print_status", "status", "up"]
