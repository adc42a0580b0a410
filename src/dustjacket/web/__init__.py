"""Web: an HTTP client that fetches files from addresses and servers that are not trusted.

In: URLs that a table or a user names. Out: bodies of bounded size, or the reason of each failure.

Rules of the client:

- Only http and https, only web ports, no credentials, cookies or proxies.
- The address that a connection is opened to is the address that is checked, so neither a redirect
  nor a host name that resolves differently the second time reaches a private network (SSRF).
- Bodies are bounded while they arrive.
- Every failure has a machine-readable reason. Transient failures are retried, and a host that
  keeps failing is given up (:mod:`dustjacket.web.host_budget`).

Imports only ``errors`` and ``settings``.
"""
