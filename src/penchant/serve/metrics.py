"""What Prometheus scrapes from `/metrics`. Every name is in the reference."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, generate_latest

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0)


class Metrics:
    """The metrics of one service."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        ProcessCollector(registry=registry)
        self.requests = Counter(
            "penchant_requests",
            "Requests by route, status and variant.",
            ("method", "route", "status", "variant"),
            registry=registry,
        )
        self.seconds = Histogram(
            "penchant_request_seconds",
            "Time to answer, by route.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=registry,
        )
        self.clicks = Counter("penchant_clicks", "Clicks by what they did.", ("action",), registry=registry)
        self.batch = Histogram(
            "penchant_click_batch",
            "Clicks learned together.",
            buckets=(1, 2, 5, 10, 50, 100, 500, 2_000, 10_000),
            registry=registry,
        )
        self.units = Histogram(
            "penchant_units_per_user",
            "Interest Units of the users asked for.",
            buckets=(0, 1, 2, 5, 10, 15, 20, 50),
            registry=registry,
        )
        self.waiting = Gauge("penchant_clicks_waiting", "Clicks in line to be learned.", registry=registry)
        self.documents = Gauge("penchant_documents", "Documents in the index.", registry=registry)
        self.users = Gauge("penchant_users", "Users with Interest Units.", registry=registry)
        self.state_bytes = Gauge("penchant_state_bytes", "Size of the state on disk.", registry=registry)
        self.embedder = Gauge(
            "penchant_embedder_seconds", "Time spent inside the embedder.", registry=registry
        )
        self.ready = Gauge("penchant_ready", "1 when questions are answered.", registry=registry)

    def exposition(self) -> bytes:
        """All metrics in Prometheus' text format."""
        return generate_latest(self.registry)
