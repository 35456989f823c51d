"""What the ledger does with traces: many events that are said as one, what it keeps until then, and what goes wrong."""

from collections.abc import Iterator, Sequence

import orjson
import pytest
import redis
from sqlalchemy import text

from hnb import database
from hnb.hearing import Entry
from hnb.service import Service
from hnb.tracing import Tracing
from ledger import traces
from ledger.app import build
from ledger.settings import LedgerSettings
from tests.cases import LEICESTER, Json, budget, made, reserve, yearly
from tests.conftest import FreshDatabase
from tests.journeys.collector import Collector, Span
from tests.ledger.test_cost import statements

FIRST, SECOND, THIRD = (f"00-{n:032x}-{n:016x}-01" for n in (0xA, 0xB, 0xC))


@pytest.fixture
def collector() -> Iterator[Collector]:
    with Collector() as opened:
        yield opened


@pytest.fixture
def ledger(database_url: FreshDatabase, broker_url: str, collector: Collector) -> Iterator[Service]:
    service = build(
        LedgerSettings(database_url=database_url("ledger"), broker_url=broker_url, traces_url=collector.url)
    )
    service.prepare()
    yield service
    service.engine.dispose()


def hear(service: Service, *said: tuple[Json, str | None]) -> None:
    entries = [Entry("placement", f"{n}-0", orjson.dumps(event), parent) for n, (event, parent) in enumerate(said, 1)]
    service.intake.take_entries(entries)


def say(service: Service) -> bool:
    return next(loop for loop in service.loops if loop.name == "say").work()


def sent(service: Service, collector: Collector, name: str) -> list[Span]:
    """The spans of a name, once all are sent: nothing more comes of this service afterwards."""
    assert service.tracing is not None
    service.tracing.stop()
    return [span for span in collector.spans() if span.name == name]


def kept(service: Service) -> Sequence[str]:
    with database.reading(service.engine) as connection:
        return connection.scalars(text("SELECT traceparent FROM traces ORDER BY id")).all()


def trace(traceparent: str) -> str:
    return traceparent.split("-")[1]


def test_what_several_events_moved_goes_on_in_the_trace_of_the_last_and_links_to_the_others(
    ledger: Service, collector: Collector
) -> None:
    hear(
        ledger,
        (made("PL-1", yearly(100), end="2026-03-31"), FIRST),
        (made("PL-2", yearly(100), end="2026-03-31", child="b"), None),
        (made("PL-3", yearly(100), end="2026-03-31", child="c"), SECOND),
    )
    hear(ledger, (made("PL-4", yearly(100), end="2026-03-31", child="d", provision="independent"), THIRD))
    say(ledger)
    said = {(span.attributes["hnb.line"], span.trace, span.links) for span in sent(ledger, collector, "say position")}
    first, second, third = map(trace, (FIRST, SECOND, THIRD))
    assert said == {
        ("special", second, (first,)),
        ("independent", third, ()),
        ("total", third, (second, first)),
    }
    with redis.Redis.from_url(ledger.settings.broker_url.get_secret_value()) as client:
        assert ledger.relay.send() == 3
        fields = [fields for _, fields in client.xrange("position")]
    assert {trace(one[b"traceparent"].decode()) for one in fields} == {second, third}
    assert not any(b"traceparent" in one[b"event"] for one in fields), "what is said is the same without a trace"


def test_a_grant_and_a_reserve_are_said_of_the_total_alone(ledger: Service, collector: Collector) -> None:
    hear(ledger, (budget("grant", 1_000), FIRST), (reserve(-10), SECOND))
    say(ledger)
    assert kept(ledger) == []
    assert [span.attributes["hnb.line"] for span in sent(ledger, collector, "say position")] == ["total"]


def test_what_moves_a_line_while_it_is_said_is_kept_for_the_next_time(ledger: Service) -> None:
    hear(ledger, (budget("special", 1_000), FIRST))
    with database.reading(ledger.engine) as connection:
        moment = connection.scalar(text("SELECT recorded_at FROM balances WHERE line = 'special'"))
    hear(ledger, (budget("special", 2_000, time="2025-04-02T09:00:00Z"), SECOND))
    assert moment is not None
    with database.transaction(ledger.engine) as connection:
        taken = traces.take(connection, [(LEICESTER, 2025, "special", moment)])
    assert {line: [trace(one) for one in found] for line, found in taken.items()} == {
        (LEICESTER, 2025, "special"): [trace(FIRST)]
    }
    assert trace(SECOND) in {trace(one) for one in kept(ledger)}


@pytest.mark.parametrize("events", [1, 400])
def test_traces_cost_one_statement_a_batch_and_one_each_time_it_is_said(ledger: Service, events: int) -> None:
    batch = [made(f"PL-{n}", yearly(100), end="2026-03-31", child=f"c{n}") for n in range(2 * events)]
    with statements(ledger.engine) as untraced:
        hear(ledger, *((event, None) for event in batch[:events]))
        say(ledger)
    with statements(ledger.engine) as traced:
        hear(ledger, *((event, FIRST) for event in batch[events:]))
        say(ledger)
    more = [one for one in traced if "traces" in one]
    assert len(more) == 2
    assert len([one for one in traced if "traces" not in one]) == len([one for one in untraced if "traces" not in one])
    assert len(kept(ledger)) == 0


def test_a_batch_without_a_trace_writes_none(ledger: Service, collector: Collector) -> None:
    with statements(ledger.engine) as seen:
        hear(ledger, (budget("special", 1_000), None), (budget("independent", 1_000), "no traceparent at all"))
    assert not [one for one in seen if "traceparent" in one]
    say(ledger)
    with redis.Redis.from_url(ledger.settings.broker_url.get_secret_value()) as client:
        ledger.relay.send()
        assert all(set(fields) == {b"event"} for _, fields in client.xrange("position"))
    assert sent(ledger, collector, "take hnb.budget-set.v1") == []


def test_a_span_of_what_failed_has_the_kind_of_error_and_none_of_its_words(collector: Collector) -> None:
    tracing = Tracing("ledger", f"{collector.url}/v1/traces", "0")
    with pytest.raises(ValueError, match="7f3a9c"), tracing.span("try", {}, parent=FIRST):
        raise ValueError("child 7f3a9c")
    tracing.stop()
    (span,) = collector.spans()
    assert (span.trace, span.failed) == (trace(FIRST), True)
    assert "ValueError" in span.whole
    assert "7f3a9c" not in span.whole
