"""Whatever order events arrive in, however often, in whatever batches and replicas: the same position to the penny."""

import random
from concurrent.futures import ThreadPoolExecutor
from itertools import count

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text

from hnb import database
from tests.cases import (
    Json,
    budget,
    concluded,
    contributed,
    ended,
    incurred,
    lodged,
    made,
    paid,
    repriced,
    reserve,
    withdrawn,
    yearly,
)  # fmt: skip
from tests.ledger.conftest import Books

_authorities = count(1)
TIMES = st.integers(0, 300).map(lambda n: f"2025-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}T09:00:00Z")
DAYS = st.integers(0, 1000).map(lambda n: f"{2024 + n // 360}-{1 + n // 28 % 12:02d}-{1 + n % 28:02d}")
COSTS = st.one_of(
    st.none(),
    st.builds(
        lambda pounds, per: {"amount_pence": pounds * 100 + 7, "per": per},
        st.integers(1, 90_000),
        st.sampled_from(["year", "academic-year", "term", "week", "once"]),
    ),
)
PLACEMENTS = st.sampled_from(["PL-1", "PL-2", "PL-3"])
PROVISIONS = st.sampled_from(["special", "independent"])
CHILDREN = st.sampled_from(["c1", "c2"])
SOUGHT = {"provision": "independent", "cost": yearly(80_000), "start_date": "2025-10-01"}

FACTS = st.one_of(
    st.builds(lambda p, c, s, v, ch, t: made(p, c, s, provision=v, child=ch, time=t),
              PLACEMENTS, COSTS, DAYS, PROVISIONS, CHILDREN, TIMES),
    st.builds(lambda p, d, c, t: repriced(p, d, c, time=t), PLACEMENTS, DAYS, COSTS, TIMES),
    st.builds(lambda p, d, t: ended(p, d, time=t), PLACEMENTS, DAYS, TIMES),
    st.builds(lambda p, n, i, t: paid(p, n, f"PAY-{i}", time=t), PLACEMENTS, st.integers(1, 50_000),
              st.integers(1, 3), TIMES),
    st.builds(lambda p, n, t: contributed(p, yearly(n), time=t), PLACEMENTS, st.integers(1, 20_000), TIMES),
    st.builds(lambda ch, t: lodged("AP-1", child=ch, sought=SOUGHT, time=t), CHILDREN, TIMES),
    st.builds(lambda n, t: incurred("AP-1", n, time=t), st.integers(1, 9_000), TIMES),
    st.builds(lambda t: concluded("AP-1", time=t), TIMES),
    st.builds(lambda v, n, t: budget(v, n, time=t), PROVISIONS, st.integers(0, 10_000), TIMES),
    st.builds(lambda n, t: reserve(n, time=t), st.integers(-10_000, 10_000), TIMES),
)  # fmt: skip


def _history(facts: list[Json], taken_back: list[int]) -> list[Json]:
    withdrawals = [withdrawn(facts[i % len(facts)]) for i in taken_back]
    return [*facts, *withdrawals, *(withdrawn(w, time="2026-05-01T09:00:00Z") for w in withdrawals[:1])]


def at(authority: str, events: list[Json]) -> list[Json]:
    """The same events at another authority: ids are scoped by source, so the source tells them apart."""
    moved = []
    for event in events:
        data = event["data"]
        if "withdrawn_source" in data:
            data = data | {"withdrawn_source": f"{data['withdrawn_source']}/{authority}"}
        moved.append({**event, "authority": authority, "source": f"{event['source']}/{authority}", "data": data})
    return moved


def _figures(books: Books, authority: str) -> list[object]:
    found = [books.position(year, authority) for year in range(2023, 2031)]
    return [({line: f for line, f in p.lines.items() if any(vars_of(f))}, p.total, p.reserve) for p in found]


def vars_of(figures: object) -> list[int]:
    return [getattr(figures, name) for name in figures.__slots__]  # type: ignore[attr-defined]


def _play(books: Books, events: list[Json], rng: random.Random, settle_between: bool) -> list[object]:
    authority = f"E06{next(_authorities):06d}"
    arrivals = at(authority, [*events, *rng.sample(events, k=len(events) // 2)])
    rng.shuffle(arrivals)
    while arrivals:
        size = rng.randint(1, len(arrivals))
        books.take(*arrivals[:size])
        if settle_between:
            books.settle()
        arrivals = arrivals[size:]
    books.settle()
    return _figures(books, authority)


@given(
    st.lists(FACTS, min_size=1, max_size=14),
    st.lists(st.integers(0, 99), max_size=2),
    st.randoms(use_true_random=False),
)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_order_repetition_and_batching_converges(
    books: Books, facts: list[Json], taken_back: list[int], rng: random.Random
) -> None:
    events = _history(facts, taken_back)
    straight = f"E06{next(_authorities):06d}"
    books.take(*at(straight, events))
    books.settle()
    expected = _figures(books, straight)
    assert _play(books, events, rng, settle_between=False) == expected
    assert _play(books, events, rng, settle_between=True) == expected


def test_replicas_given_overlapping_shuffled_batches_agree_with_one_alone(books: Books) -> None:
    rng = random.Random(7)
    children = [f"c{i}" for i in range(12)]
    events = [
        *(made(f"PL-{i}", None if i % 5 == 0 else yearly(1_000 * i + 1), child=children[i % 12]) for i in range(60)),
        *(repriced(f"PL-{i}", "2025-09-01", yearly(2_000 * i + 3)) for i in range(0, 60, 2)),
        *(paid(f"PL-{i}", 100 * i + 1) for i in range(60)),
        *(lodged(f"AP-{i}", child=children[i], sought=SOUGHT) for i in range(6)),
    ]
    events += [withdrawn(event) for event in rng.sample(events, k=20)]
    alone, together = "E06900001", "E06900002"
    books.take(*at(alone, events))
    books.settle()

    def replica(seed: int) -> None:
        mine = at(together, events)
        random.Random(seed).shuffle(mine)
        while mine:
            books.take(*mine[:17])
            books.ledger.settle(books.engine)
            mine = mine[17:]

    with ThreadPoolExecutor(4) as replicas:
        list(replicas.map(replica, range(4)))
    books.settle()
    assert _figures(books, together) == _figures(books, alone)


def test_what_was_put_off_by_a_clock_set_back_a_day_since_is_decided_at_once(books: Books) -> None:
    def provisional() -> object:
        return books.value("SELECT provisional_pence FROM balances WHERE financial_year = 2025 AND line = 'special'")

    books.take(made("PL-1", yearly(30_000), end="2026-03-31"), made("PL-2", None, end="2026-03-31", child="c2"))
    books.settle()
    books.take(made("PL-3", yearly(50_000), end="2026-03-31", child="c3"))
    assert provisional() == 3_000_000, "the mean may move again within seconds"
    with database.transaction(books.engine) as connection:
        connection.execute(text("UPDATE stale SET due_at = due_at + interval '1 day'"))
    books.ledger.settle(books.engine)
    assert provisional() == 4_000_000
