"""Prometheus metrics of the Studio."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dustjacket.studio.models import Models
from dustjacket.studio.product_metrics import ProductMetrics

_PREFIX = "dustjacket_studio"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10)
_SIZES = (1, 2, 4, 8, 16)


class Metrics:
    """The metrics of one Studio."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self.product = ProductMetrics(self.registry)
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            f"{_PREFIX}_requests", "Requests by route and status", ("route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            f"{_PREFIX}_request_seconds", "Seconds from a request to the end of its response",
            ("route",), buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            f"{_PREFIX}_batch_size", "Queries that a model ran on at once", ("of",),
            buckets=_SIZES, registry=self.registry,
        )  # fmt: skip
        self.versions = Gauge(
            f"{_PREFIX}_version", "Versions that serve now", ("kind", "version"),
            registry=self.registry,
        )  # fmt: skip

    def set_versions(self, models: Models) -> None:
        """Export the versions that serve from now on."""
        self.versions.clear()
        for ref in models.versions.values():
            self.versions.labels(ref.kind, ref.version).set(1)


class MetricsMiddleware:
    """Counts requests and measures how long they take."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        start, status = time.perf_counter(), 500

        async def send_and_note_status(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, send_and_note_status)
        finally:
            # An unknown path is not used as a label: clients could make up any number of them.
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - start)
