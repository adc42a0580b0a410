"""What is fetched from the web, by a client that trusts neither addresses nor servers.

Only http and https, on the ports of the web, without credentials, cookies or proxies. The address
that a connection is made to is the one that is checked, so neither a redirect nor a name that
resolves to something else the second time leads inside. Bodies are bounded as they arrive. Every
failure has a reason; one that may pass is tried again, and a host that keeps failing is given up.
"""

from dustjacket.web.addresses import host_of, is_url
from dustjacket.web.blocking import download, fetch_many
from dustjacket.web.client import Fetched, Limits, Web
from dustjacket.web.failures import WebError, is_transient
from dustjacket.web.host_budget import HostBudget

__all__ = [
    "Fetched",
    "HostBudget",
    "Limits",
    "Web",
    "WebError",
    "download",
    "fetch_many",
    "host_of",
    "is_transient",
    "is_url",
]
