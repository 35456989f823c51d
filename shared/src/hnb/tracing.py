"""Traces, all there is of OpenTelemetry: from a request at the door to the alert it led to, through the streams.

Imported only where HNB_TRACES_URL names a collector (`hnb.telemetry.make_tracing`): a service without traces loads
nothing of it. What travels between the parts is W3C's `traceparent`, beside an event and never in it, since an event's
content is its identity. A span names an event, its type and its authority, and has nothing of what the event says.
"""

import threading
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from itertools import islice

import orjson
import structlog
from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from hnb.events import Event
from hnb.hearing import Entry
from hnb.telemetry import TRACEPARENT, trace_of

EXPORT_SECONDS = 5.0  # a collector that is slow: its spans are given up after this, and work never waits for it
STOP_SECONDS = 2.0
LINKED_AT_MOST = 64  # spans that one links to

Attributes = Mapping[str, str | int]
Batch = Sequence[tuple[Entry, Event]]


class Tracing:
    """The spans of one service, sent to a collector by a thread of their own. What does not fit its queue is dropped.

    The provider is no global one: libraries that look for that would add spans with addresses, which hold ids.
    Sampling is as OTEL_TRACES_SAMPLER says, for what begins here; what is carried on is as its beginning was.
    """

    def __init__(self, service: str, url: str, replica: str) -> None:
        resource = Resource.create(
            {"service.name": service, "service.namespace": "hnb-ledger", "service.instance.id": replica}
        )
        self._provider = TracerProvider(resource=resource, shutdown_on_exit=False)
        exporter = OTLPSpanExporter(endpoint=url, timeout=EXPORT_SECONDS)
        self._provider.add_span_processor(BatchSpanProcessor(exporter))
        self._tracer = self._provider.get_tracer("hnb")

    def stop(self) -> None:
        """Send what is left, if the collector takes it soon."""
        last = threading.Thread(target=self._provider.shutdown, daemon=True)
        last.start()
        last.join(STOP_SECONDS)

    @contextmanager
    def span(
        self,
        name: str,
        attributes: Attributes,
        *,
        parent: str | None = None,
        kind: SpanKind = SpanKind.INTERNAL,
        links: Iterable[str | None] = (),
        began_ns: int | None = None,
    ) -> Iterator[str | None]:
        """A span around some work: the `traceparent` of what follows from it, None where it is not sampled.

        It has an error's kind and never its words: of the database's, they may be those of an event.
        """
        linked = [Link(to) for to in map(_context, islice(links, LINKED_AT_MOST)) if to is not None]
        span = self._tracer.start_span(name, _below(parent), kind, attributes, linked, began_ns)
        try:
            yield _written(span.get_span_context())
        except BaseException as error:
            span.set_status(Status(StatusCode.ERROR, type(error).__name__))
            raise
        finally:
            span.end()

    def note(self, name: str, attributes: Attributes, parent: str, began_ns: int, error: str | None) -> None:
        """The span of a call to the outside that is over, with why where it failed."""
        span = self._tracer.start_span(name, _below(parent), SpanKind.CLIENT, attributes, start_time=began_ns)
        if error is not None:
            span.set_status(Status(StatusCode.ERROR, error))
        span.end()

    @contextmanager
    def accepting(self, events: Sequence[Event], given: str | None, began_ns: int) -> Iterator[list[Event]]:
        """The span of a request that brought these events: the same events, each with what it carries on.

        Its parent is what the request was `given`, else what the envelope of its one event names. In a batch that was
        given none, each event whose envelope names a parent goes on in that trace, beside the request's own.
        """
        named = [None if _context(given) else sampled(_enveloped(event)) for event in events]
        said: Attributes = {
            "http.request.method": "POST", "http.route": "/events", "hnb.events": len(events),
            **(attributes(events[0]) if len(events) == 1 else {}),
        }  # fmt: skip
        parent = given if len(events) != 1 or named[0] is None else named[0]
        with ExitStack() as spans:
            request = spans.enter_context(
                self.span("POST /events", said, parent=parent, kind=SpanKind.SERVER, began_ns=began_ns)
            )
            spans.enter_context(structlog.contextvars.bound_contextvars(**trace_of(request)))

            def carried_on(event: Event, parent: str | None) -> str | None:
                if parent is None or len(events) == 1:
                    return request
                own = self.span("accept", attributes(event), parent=parent, links=[request], began_ns=began_ns)
                return spans.enter_context(own)

            yield [
                event._replace(traceparent=carried_on(event, parent))
                for event, parent in zip(events, named, strict=True)
            ]

    @contextmanager
    def hearing(self, batch: Batch) -> Iterator[Batch]:
        """The spans of a batch that is taken in: one of its own with links to its traced events, and one for each.

        The same batch, its traced events with what they carry on. No span where nothing of it is traced.
        """
        parents = [sampled(entry.traceparent or _enveloped(event)) for entry, event in batch]
        traced = [parent for parent in parents if parent]
        if not traced:
            yield batch
            return
        stream = batch[0][0].stream
        said: Attributes = {
            "messaging.system": "redis", "messaging.destination.name": stream,
            "messaging.batch.message_count": len(batch),
        }  # fmt: skip
        with ExitStack() as spans:
            whole = spans.enter_context(self.span(f"hear {stream}", said, kind=SpanKind.CONSUMER, links=traced))
            if len({parent[3:35] for parent in traced}) == 1:
                spans.enter_context(structlog.contextvars.bound_contextvars(**trace_of(traced[0])))

            def carried_on(event: Event, parent: str) -> str | None:
                own = {**said, **attributes(event)}
                return spans.enter_context(
                    self.span(f"take {event.type}", own, parent=parent, kind=SpanKind.CONSUMER, links=[whole])
                )

            yield [
                (entry, event._replace(traceparent=carried_on(event, parent)) if parent else event)
                for (entry, event), parent in zip(batch, parents, strict=True)
            ]


def attributes(event: Event) -> Attributes:
    """What a span says of an event: which it is, of what type and whose, never what is in it."""
    return {
        "cloudevents.event_id": event.id, "cloudevents.event_source": event.source,
        "cloudevents.event_type": event.type, "hnb.authority": event.authority,
    }  # fmt: skip


def sampled(traceparent: str | None) -> str | None:
    """A `traceparent` as it is, None where it is none or its trace is not recorded."""
    of = _context(traceparent)
    return traceparent if of is not None and of.trace_flags.sampled else None


def _enveloped(event: Event) -> str | None:
    """The parent that an event's own envelope names, by CloudEvents' extension for that."""
    if '"traceparent":' not in event.body:
        return None
    named = orjson.loads(event.body).get("traceparent")
    return named if isinstance(named, str) else None


def _context(traceparent: str | None) -> SpanContext | None:
    found = TRACEPARENT.fullmatch(traceparent) if traceparent else None
    if found is None:
        return None
    trace, span, flags = (int(part, 16) for part in found.groups())
    context = SpanContext(trace, span, is_remote=True, trace_flags=TraceFlags(flags))
    return context if context.is_valid else None


def _below(parent: str | None) -> Context | None:
    of = _context(parent)
    return set_span_in_context(NonRecordingSpan(of), Context()) if of else None


def _written(context: SpanContext) -> str | None:
    if not context.trace_flags.sampled:
        return None
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"
