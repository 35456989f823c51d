"""Logs as JSON lines and the operators' metrics, the same in every service."""

import logging
import re
import sys
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

import structlog
from prometheus_client import CollectorRegistry, Counter, Histogram, disable_created_metrics
from prometheus_client.metrics_core import Metric

from hnb.settings import ServiceSettings

if TYPE_CHECKING:
    from collections.abc import Callable

    from hnb.tracing import Tracing

LATENCY_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 60.0, 600.0)
# 10 seconds is what a request may take at most (docs/events.md); an export that streams may go on for longer.
REQUEST_BUCKETS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
FAILURES = (500, 503)
TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")  # of W3C's Trace Context, version 00


def configure_logging(service: str, level: str) -> None:
    """Send every log line, the libraries' too, to standard output as one JSON object."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.ExtraAdder(),
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        lambda _logger, _name, line: {"service": service, **line},
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level.upper()]),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.format_exc_info,
                structlog.processors.JSONRenderer(),
            ],
        )
    )
    logging.root.handlers = [handler]
    logging.root.setLevel(level.upper())
    for noisy in ("uvicorn.access", "alembic", "httpx"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    for name in ("uvicorn", "uvicorn.error", "uvicorn.access"):
        logging.getLogger(name).handlers = []
        logging.getLogger(name).propagate = True


def make_tracing(service: str, settings: ServiceSettings) -> "Tracing | None":
    """The traces of a service; None, and nothing of OpenTelemetry's loaded, where no collector is named."""
    if settings.traces_url is None:
        return None
    from hnb.tracing import Tracing

    return Tracing(service, settings.traces_url, settings.replica)


def trace_of(traceparent: str | None) -> dict[str, str]:
    """`trace_id` for a log line or an exemplar; nothing where there is no trace."""
    return {"trace_id": traceparent[3:35]} if traceparent else {}


class Telemetry:
    """The metrics of one service instance, in a registry of its own so that tests can run several."""

    def __init__(self, service: str) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call]
        self.service = service
        self.registry = CollectorRegistry()
        self._events = Counter(
            "hnb_events",
            "Events by what became of them",
            ("service", "type", "outcome"),
            registry=self.registry,
        )
        self._latency = Histogram(
            "hnb_event_latency_seconds",
            "From the moment an event could be heard to the moment its effect is on disk",
            ("service",),
            buckets=LATENCY_BUCKETS,
            registry=self.registry,
        ).labels(service)
        self._requests = Counter(
            "hnb_http_requests",
            "Requests at the HTTP door by what they were answered, without those for health and metrics",
            ("service", "method", "route", "status"),
            registry=self.registry,
        )
        self._request_seconds = Histogram(
            "hnb_http_request_seconds",
            "From a request's first line to the end of its answer",
            ("service", "method", "route"),
            buckets=REQUEST_BUCKETS,
            registry=self.registry,
        )

    def count(self, kind: str, outcome: str, times: int = 1) -> None:
        """Count events of a type of the contract (or `unknown`, so that callers cannot invent labels)."""
        self._events.labels(self.service, kind, outcome).inc(times)

    def took(self, seconds: float, traceparent: str | None = None) -> None:
        """Record how long one event took, with its trace as an example where it has one."""
        self._latency.observe(max(seconds, 0.0), trace_of(traceparent) if traceparent else None)

    def may_fail(self, method: str, route: str) -> None:
        """Begin a route's failures at nought: Prometheus takes no notice of a series that begins at one."""
        for status in FAILURES:
            self._requests.labels(self.service, method, route, status)

    def answered(self, method: str, route: str, status: int, seconds: float, traceparent: str | None = None) -> None:
        """Count a request that was answered. `route` is a template: an id in a label would be a series for ever."""
        self._requests.labels(self.service, method, route, status).inc()
        example = trace_of(traceparent) if traceparent else None
        self._request_seconds.labels(self.service, method, route).observe(seconds, example)

    def collect_from(self, collector: "Callable[[], Iterable[Metric]]") -> None:
        """Add figures read from the database or the broker at each scrape."""
        self.registry.register(_Reader(collector))


class _Reader:
    def __init__(self, read: "Callable[[], Iterable[Metric]]") -> None:
        self._read = read

    def describe(self) -> Iterable[Metric]:
        return ()  # without this the registry would read the database when it is built

    def collect(self) -> Iterable[Metric]:
        return self._read()
