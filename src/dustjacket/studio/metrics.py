"""What the Studio counts, in Prometheus's format."""

import time

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram
from prometheus_client.platform_collector import PlatformCollector
from prometheus_client.process_collector import ProcessCollector
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dustjacket.studio.models import Models

_PREFIX = "dustjacket_studio"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 10)
_SIZES = (1, 2, 4, 8, 16)


class Metrics:
    """Counters of one Studio."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        ProcessCollector(registry=self.registry)
        PlatformCollector(registry=self.registry)
        self.requests = Counter(
            f"{_PREFIX}_requests", "Requests by route and status", ("route", "status"),
            registry=self.registry,
        )  # fmt: skip
        self.seconds = Histogram(
            f"{_PREFIX}_request_seconds", "From a request to its answer's end", ("route",),
            buckets=_SECONDS, registry=self.registry,
        )  # fmt: skip
        self.batches = Histogram(
            f"{_PREFIX}_batch_size", "Questions that a model answered at once", ("of",),
            buckets=_SIZES, registry=self.registry,
        )  # fmt: skip
        self.versions = Gauge(
            f"{_PREFIX}_version", "Versions that answer now", ("kind", "version"),
            registry=self.registry,
        )  # fmt: skip

    def show(self, models: Models) -> None:
        """Show which versions answer from now on."""
        self.versions.clear()
        for one in models.made.values():
            self.versions.labels(one.kind, one.version).set(1)


class MetricsMiddleware:
    """Counts an app's requests and how long they take."""

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app, self._metrics = app, metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)
        began, status = time.perf_counter(), 500

        async def told(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._app(scope, receive, told)
        finally:
            # A path that is nobody's is the caller's own: it may be anything.
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.requests.labels(route, status).inc()
            self._metrics.seconds.labels(route).observe(time.perf_counter() - began)
