#!/usr/bin/env python3
"""Exit with 0 if a server works: its URL answers, and the part of Airflow that is named is healthy.

usage: healthy URL [PART]

The health check of a container: of Python's own library alone, because it runs every few seconds.
"""

import json
import sys
from urllib.request import ProxyHandler, build_opener

url, *part = sys.argv[1:]
with build_opener(ProxyHandler({})).open(url, timeout=5) as reply:
    body = reply.read()
if part and json.loads(body)[part[0]]["status"] != "healthy":
    sys.exit(f"{part[0]} sends no heartbeat")
