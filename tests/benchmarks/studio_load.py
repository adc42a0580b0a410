"""Locust's part of ``studio``: asks at a rate, or as fast as it is answered, and counts.

A question is a title's genre and its 12 best covers, asked at once, as the page does; with
``COVERS_ALONE`` the covers alone. No title is asked for twice.
"""

import itertools
import json
import os
import random
import time
from pathlib import Path

import gevent
from locust import FastHttpUser, events, task

RATE, ASKERS = float(os.environ["RATE"]), int(os.environ["ASKERS"])
COVERS_ALONE = bool(os.environ.get("COVERS_ALONE"))
SEARCH = os.environ.get("SEARCH", "/covers/search")
HEADERS = {"X-Dustjacket": "studio"}
if proof := os.environ.get("AUTHORIZATION"):
    HEADERS["Authorization"] = proof
TITLES = itertools.cycle(Path(os.environ["TITLES"]).read_text().splitlines())
ASKED = []


class Asker(FastHttpUser):
    """One of those who ask."""

    def wait_time(self):
        """Return the seconds to the next question: as chance has it, so that none come in step."""
        return random.expovariate(RATE / ASKERS) if RATE else 0

    def on_start(self):
        """Begin as if one had waited."""
        gevent.sleep(self.wait_time())

    @task
    def question(self):
        """Ask about one title; count how long it took, and the worst status."""
        title, began = next(TITLES), time.perf_counter()
        paths = [SEARCH] if COVERS_ALONE else ["/genre", SEARCH]
        asked = [
            gevent.spawn(self.client.post, path, json={"title": title}, headers=HEADERS)
            for path in paths
        ]
        statuses = [one.get().status_code for one in asked]
        ASKED.append((began, time.perf_counter() - began, max(s or 599 for s in statuses)))


@events.quitting.add_listener
def told(**_):
    """Print what was counted, but for the first two seconds."""
    since = ASKED[0][0] + 2
    counted = [one for one in ASKED if one[0] >= since]
    seconds = max(began + took for began, took, _ in counted) - since
    print(json.dumps({"seconds": seconds, "asked": [one[1:] for one in counted]}))
