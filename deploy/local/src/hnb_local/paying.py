"""Payments as events: what each row would change of what already stands, and the events that change it."""

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import quote

from hnb_local.asking import ask
from hnb_local.payments_csv import Payment

MAX_ASKED = 500  # the ledger's
MAX_ADDRESS = 30_000  # characters of ids in one address; servers take 64 KiB
Change = Literal["new", "changed", "moved", "unchanged", "unknown"]


@dataclass(frozen=True, slots=True)
class Books:
    """Whose payments they are, under which source they are sent, and the ledger that knows what stands."""

    authority: str
    source: str
    ledger_url: str | None


@dataclass(frozen=True, slots=True)
class Planned:
    """What a payment would change, and the events to send for it, in order; none where nothing changes."""

    payment: Payment
    change: Change
    events: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Stands:
    """What the ledger holds: payments by id, and the commitments asked for that it does not know."""

    payments: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    unknown: frozenset[str] = frozenset()


def look_up(books: Books, payments: Sequence[Payment]) -> Stands:
    """What the ledger holds of these payments and their commitments."""
    assert books.ledger_url is not None
    found: dict[str, list[dict[str, Any]]] = defaultdict(list)
    unknown: set[str] = set()
    for some in _askable(payments):
        query = {
            "authority": books.authority,
            "payment_id": sorted({payment.payment_id for payment in some}),
            "commitment_id": sorted({payment.commitment_id for payment in some}),
        }
        answer = ask("ledger", books.ledger_url, "/payments", query)
        unknown |= set(answer["unknown_commitments"])
        for one in answer["payments"]:
            found[one["payment_id"]].append(one)
    return Stands(dict(found), frozenset(unknown))


def _askable(payments: Sequence[Payment]) -> Iterator[list[Payment]]:
    """The payments in groups whose ids fit one address."""
    some: list[Payment] = []
    length = 0
    for payment in payments:
        own = len(quote(payment.payment_id)) + len(quote(payment.commitment_id))
        if some and (length + own > MAX_ADDRESS or len(some) == MAX_ASKED):
            yield some
            some, length = [], 0
        some.append(payment)
        length += own + len("&payment_id=&commitment_id=")
    if some:
        yield some


def plan(books: Books, payment: Payment, stands: Stands | None) -> Planned:
    """What this payment changes.

    Each event's id and time follow from the row and from what it replaces: so the same file gives the same events
    however often it is read, and a payment changed back counts again.
    """
    if stands is None:
        return Planned(payment, "unknown", (_made(books, payment, [], None),))
    standing = stands.payments.get(payment.payment_id, [])
    here = [one for one in standing if one["commitment_id"] == payment.commitment_id]
    elsewhere = [one for one in standing if one["commitment_id"] != payment.commitment_id]
    same = here and _content(here[0]) == payment.content
    replaced = [f"{e['source']} {e['id']}" for one in standing for e in one["events"]]
    taken_back = tuple(
        _withdrawn(books, payment, said, one) for one in elsewhere for said in one["events"]
    )  # fmt: skip
    if same:
        return Planned(payment, "moved" if elsewhere else "unchanged", taken_back)
    latest = max((datetime.fromisoformat(one["time"]) for one in standing), default=None)
    made = _made(books, payment, replaced, latest)
    return Planned(payment, "moved" if elsewhere else "changed" if here else "new", (*taken_back, made))


def _content(standing: dict[str, Any]) -> str:
    names = ("payment_id", "commitment_id", "financial_year", "paid_on", "amount_pence")
    return "|".join(str(standing[name]) for name in names)


def _made(books: Books, payment: Payment, replaced: Sequence[str], latest: datetime | None) -> dict[str, Any]:
    at = datetime.combine(payment.paid_on, time(12), UTC)
    if latest is not None:
        at = max(at, latest + timedelta(seconds=1))  # the later fact wins, whatever day it says
    data = {
        "payment_id": payment.payment_id, "commitment_id": payment.commitment_id,
        "financial_year": payment.financial_year, "paid_on": payment.paid_on.isoformat(),
        "amount_pence": payment.amount_pence,
    }  # fmt: skip
    return _event(books, "payment-made", _id(books, "payment", payment.content, *sorted(replaced)), at, data)


def _withdrawn(books: Books, payment: Payment, said: dict[str, str], standing: dict[str, Any]) -> dict[str, Any]:
    at = datetime.fromisoformat(standing["time"]) + timedelta(seconds=1)
    id = _id(books, "withdrawal", payment.content, said["source"], said["id"])
    data = {
        "withdrawn_source": said["source"], "withdrawn_id": said["id"],
        "reason": f"payment {payment.payment_id[:200]} was for another commitment",
    }  # fmt: skip
    return _event(books, "event-withdrawn", id, at, data)


def _id(books: Books, *parts: str) -> str:
    digest = hashlib.sha256("\n".join((books.authority, *parts)).encode()).hexdigest()
    return f"{parts[0]}-{digest[:40]}"


def _event(books: Books, kind: str, id: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
    return {
        "specversion": "1.0", "id": id, "source": books.source, "type": f"hnb.{kind}.v1",
        "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "authority": books.authority, "data": data,
    }  # fmt: skip
