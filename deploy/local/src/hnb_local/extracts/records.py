"""Which record a row is about, what was said of it before, and what the row therefore changes."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Literal
from urllib.parse import quote

import orjson

from hnb_local.asking import ask
from hnb_local.errors import CommandFailed
from hnb_local.extracts.reading import Fact

MAX_ASKED = 500  # the door's
MAX_ADDRESS = 30_000  # characters of ids in one address; servers take 64 KiB
MAX_VERSIONS = 9_999  # of one record; four digits, so that a later one's id stands after an earlier one's

Change = Literal["new", "changed", "earlier", "unchanged", "superseded", "unknown"]

# The fields that name a record, and those that say on which day its event happened, the best first.
RECORDS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "hnb.assessment-requested.v1": (("request_id",), ("received_on",)),
    "hnb.assessment-decided.v1": (("request_id",), ("decided_on",)),
    "hnb.request-closed.v1": (("request_id",), ("closed_on",)),
    "hnb.ehcp-issued.v1": (("plan_id",), ("amended_on", "issued_on")),
    "hnb.ehcp-ceased.v1": (("plan_id",), ("ceased_on",)),
    "hnb.placement-made.v1": (("placement_id",), ("start_date",)),
    "hnb.placement-repriced.v1": (("placement_id", "effective_on"), ("effective_on",)),
    "hnb.placement-ended.v1": (("placement_id",), ("end_date",)),
    "hnb.tribunal-lodged.v1": (("appeal_id",), ("lodged_on",)),
    "hnb.tribunal-cost-incurred.v1": (("appeal_id", "cost_id"), ("incurred_on",)),
    "hnb.tribunal-concluded.v1": (("appeal_id",), ("concluded_on",)),
    "hnb.mediation-held.v1": (("mediation_id",), ("held_on",)),
    "hnb.support-granted.v1": (("grant_id",), ("start_date",)),
    "hnb.places-commissioned.v1": (("contract_id",), ("start_date",)),
    "hnb.contribution-agreed.v1": (("contribution_id",), ("start_date",)),
    "hnb.setting-registered.v1": (("setting_id", "capacity_from"), ("capacity_from",)),
    "hnb.budget-set.v1": (("financial_year", "line"), ()),
    "hnb.reserve-opened.v1": (("financial_year",), ()),
    "hnb.payment-made.v1": (("payment_id", "commitment_id"), ("paid_on",)),
    "hnb.event-withdrawn.v1": (("withdrawn_source", "withdrawn_id"), ()),
}


@dataclass(frozen=True, slots=True)
class Feed:
    """Whose extract it is: the authority, the source it is sent under, the event type, and now."""

    authority: str
    source: str
    type: str
    now: datetime

    def record_of(self, fact: Fact) -> str:
        """The record a row is about, as the beginning of its events' ids; a row with an id of its own stands alone."""
        if fact.event_id is not None:
            return fact.event_id
        named = [str(fact.data.get(name)) for name in RECORDS[self.type][0]]
        digest = hashlib.sha256("\n".join((self.authority, self.type, *named)).encode()).hexdigest()
        return f"{self.type.removeprefix('hnb.').removesuffix('.v1')}-{digest[:32]}"

    def happened(self, data: dict[str, Any]) -> datetime:
        """Noon of the day the event itself names, or now where it names none or one still to come."""
        said = next((data[name] for name in RECORDS[self.type][1] if data.get(name)), None)
        return self.now if said is None else min(datetime.combine(date.fromisoformat(said), time(12), UTC), self.now)

    def event(self, id: str, at: datetime, data: dict[str, Any]) -> dict[str, Any]:
        """An event of this feed."""
        return {
            "specversion": "1.0", "id": id, "source": self.source, "type": self.type,
            "time": at.astimezone(UTC).isoformat().replace("+00:00", "Z"), "authority": self.authority, "data": data,
        }  # fmt: skip


@dataclass(frozen=True, slots=True)
class Said:
    """What was said of a record once before: its place among all that was said, when it happened, and the content."""

    number: int
    at: datetime
    content: bytes


@dataclass(frozen=True, slots=True)
class Planned:
    """What a row would change, and the event to send for it; none where there is nothing to say."""

    change: Change
    event: dict[str, Any] | None = None
    wrong: str = ""


def content_of(data: dict[str, Any]) -> bytes:
    """All that an event says, in one form."""
    return orjson.dumps(data, option=orjson.OPT_SORT_KEYS)


def plan(feed: Feed, fact: Fact, before: Sequence[Said] | None) -> Planned:
    """What a row changes of all that this feed has said before; `before` is None where nobody was asked.

    The ids of one record's events count up, so that what was said can be looked up, and of two for one moment the later
    said stands. Without a time of its own a row is compared with what was said last: the same changes nothing; what
    was said earlier and replaced since is an old extract's, and changes nothing either; anything else is a correction,
    as of now. With a time of its own it takes its place by that time, whenever it arrives.
    """
    content = content_of(fact.data)
    if fact.event_id is not None:
        return _plan_own_id(feed, fact, before)
    record = feed.record_of(fact)
    if not before:
        event = feed.event(f"{record}-0001", fact.at or feed.happened(fact.data), fact.data)
        return Planned("unknown" if before is None else "new", event)
    number = before[-1].number + 1
    if number > MAX_VERSIONS:
        return Planned("unchanged", wrong=f"more than {MAX_VERSIONS:,} different rows were imported for this record")
    in_order = sorted(before, key=lambda said: (said.at, said.number))
    if fact.at is None:
        if content == in_order[-1].content:
            return Planned("unchanged")
        if any(content == said.content for said in before):
            return Planned("superseded")
        at = max(feed.now, in_order[-1].at + timedelta(seconds=1))
        return Planned("changed", feed.event(f"{record}-{number:04d}", at, fact.data))
    by_then = [said for said in in_order if said.at <= fact.at]
    if by_then and content == by_then[-1].content:
        return Planned("unchanged")
    if any((fact.at, content) == (said.at, said.content) for said in before):
        return Planned("superseded")
    event = feed.event(f"{record}-{number:04d}", fact.at, fact.data)
    return Planned("changed" if fact.at >= in_order[-1].at else "earlier", event)


def _plan_own_id(feed: Feed, fact: Fact, before: Sequence[Said] | None) -> Planned:
    assert fact.event_id is not None
    assert fact.at is not None
    if not before:
        event = feed.event(fact.event_id, fact.at, fact.data)
        return Planned("unknown" if before is None else "new", event)
    if (before[0].at, before[0].content) == (fact.at, content_of(fact.data)):
        return Planned("unchanged")
    why = "an event with this id said something else: a correction is an event with an id and a time of its own"
    return Planned("unchanged", wrong=why)


def look_up(feed: Feed, url: str, facts: Sequence[Fact]) -> dict[str, list[Said]]:
    """All that this feed has said before of the records of these facts, by record, in the order it was said."""
    said: dict[str, list[Said]] = {}
    own = {fact.event_id for fact in facts if fact.event_id is not None}
    said |= {id: [_said(1, event)] for id, event in _accepted(feed, url, sorted(own)).items()}
    wanted = sorted({feed.record_of(fact) for fact in facts if fact.event_id is None})
    first, last = 1, 1  # as many again each time: most records have one version, few have many
    while wanted:
        events = _accepted(feed, url, [f"{record}-{n:04d}" for record in wanted for n in range(first, last + 1)])
        more = []
        for record in wanted:
            found = [(n, events[f"{record}-{n:04d}"]) for n in range(first, last + 1) if f"{record}-{n:04d}" in events]
            said.setdefault(record, []).extend(_said(n, event) for n, event in found)
            if len(found) == last - first + 1 and last < MAX_VERSIONS:
                more.append(record)
        wanted, first, last = more, last + 1, min(2 * last, MAX_VERSIONS)
    return said


def _said(number: int, event: dict[str, Any]) -> Said:
    return Said(number, datetime.fromisoformat(event["time"]), content_of(event["data"]))


def _accepted(feed: Feed, url: str, ids: Sequence[str]) -> dict[str, dict[str, Any]]:
    found: dict[str, dict[str, Any]] = {}
    longest = max((len(quote(id, safe="")) for id in ids), default=0) + len("&id=")
    at_once = max(1, min(MAX_ASKED, MAX_ADDRESS // longest))
    for start in range(0, len(ids), at_once):
        query = {"authority": feed.authority, "source": feed.source, "id": ids[start : start + at_once]}
        answer = ask("placements", url, "/events", query)
        try:
            found |= {event["id"]: event for event in answer["events"]}
        except (TypeError, KeyError):
            raise CommandFailed(f"What answers at {url} is not the placements service.") from None
    return found
