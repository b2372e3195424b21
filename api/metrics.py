"""What is counted for Prometheus. Each app has a registry of its own."""

from __future__ import annotations

from collections.abc import Mapping

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

BUCKETS = (0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 5.0, 30.0)
METHODS = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})


class Metrics:
    """Counters, timings and gauges of one service."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        self._known: dict[tuple[str, str, int], tuple[Counter, Histogram]] = {}
        labels = ("method", "route")
        self._requests = Counter(
            "fleetplan_http_requests", "requests answered", (*labels, "status"), registry=self.registry
        )
        self._seconds = Histogram(
            "fleetplan_http_seconds", "time to answer", labels, buckets=BUCKETS, registry=self.registry
        )
        self.submitted = Counter("fleetplan_plans_submitted", "plans accepted", registry=self.registry)
        self._streams = Gauge("fleetplan_event_streams", "event streams open now", registry=self.registry)
        self._plans = Gauge("fleetplan_plans", "plans by state", ("state",), registry=self.registry)

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one answer."""
        key = (method if method in METHODS else "other", route, status)
        if (known := self._known.get(key)) is None:  # looking labels up takes longer than counting
            name, _, code = key
            known = (self._requests.labels(name, route, str(code)), self._seconds.labels(name, route))
            self._known[key] = known
        counted, timed = known
        counted.inc()
        timed.observe(seconds)

    def text(self, plans: Mapping[str, int], streams: int) -> bytes:
        """Return everything in the text format of Prometheus."""
        self._streams.set(streams)
        for state, number in plans.items():
            self._plans.labels(state).set(number)
        return generate_latest(self.registry)
