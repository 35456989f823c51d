"""A collector of traces: a real HTTP server that takes OTLP, and the spans it was sent as the protocol has them."""

from collections.abc import Iterable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass

from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest

from tests.alerts.receiver import Receiver, status


@dataclass(frozen=True)
class Span:
    """One span as it came, in words."""

    service: str
    name: str
    trace: str
    id: str
    parent: str
    links: tuple[str, ...]
    attributes: dict[str, str]
    failed: bool
    whole: str


class Collector(AbstractContextManager["Collector"]):
    """Up while it is entered."""

    def __init__(self) -> None:
        self._receiver = Receiver(status(200))
        self.url = self._receiver.url

    def __enter__(self) -> "Collector":
        self._receiver.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._receiver.__exit__()

    def spans(self, trace: str | None = None) -> list[Span]:
        """All that came, or those of one trace."""
        found: list[Span] = []
        for request in list(self._receiver.received):
            assert request.path == "/v1/traces"
            assert request.headers["content-type"] == "application/x-protobuf"
            for of_one in ExportTraceServiceRequest.FromString(request.body).resource_spans:
                service = _said(of_one.resource.attributes)["service.name"]
                found += [_span(service, span) for scope in of_one.scope_spans for span in scope.spans]
        return [span for span in found if trace in (None, span.trace)]


def chain(spans: Sequence[Span], last: Span) -> list[Span]:
    """From the first of a trace to `last`, each the parent of the next."""
    by_id = {span.id: span for span in spans}
    found = [last]
    while found[0].parent in by_id:
        found.insert(0, by_id[found[0].parent])
    return found


def _said(attributes: Iterable[object]) -> dict[str, str]:
    return {one.key: one.value.string_value or str(one.value.int_value) for one in attributes}  # type: ignore[attr-defined]


def _span(service: str, span: object) -> Span:
    said: dict[str, str] = _said(span.attributes)  # type: ignore[attr-defined]
    return Span(
        service, span.name, span.trace_id.hex(), span.span_id.hex(), span.parent_span_id.hex(),  # type: ignore[attr-defined]
        tuple(link.trace_id.hex() for link in span.links), said, span.status.code == 2, str(span),  # type: ignore[attr-defined]
    )  # fmt: skip
