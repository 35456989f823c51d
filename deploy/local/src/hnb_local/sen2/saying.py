"""How one record is said: whether its words are new, changed, there already or overtaken, and the events for them.

What a return states is dated by its reference date. What follows from it, an end that nobody stated, is dated between
two seconds, just after what it completes. docs/decisions/0010-importing-sen2.md says why.
"""

import hashlib
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from hnb_local.sen2.pseudonym import Key

REQUESTED, DECIDED, CLOSED = "assessment-requested", "assessment-decided", "request-closed"
ISSUED, CEASED = "ehcp-issued", "ehcp-ceased"
MADE, ENDED = "placement-made", "placement-ended"
NEW, CHANGED, REOPENED, CONFIRMED = "new", "changed", "reopened", "confirmed"  # said
UNCHANGED, OVERTAKEN = "unchanged", "overtaken"  # not said
NOON = time(12, tzinfo=UTC)
LAST_DAY = date(2100, 3, 31)  # the contract's
ONE_SECOND = timedelta(seconds=1)

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Fact:
    """A fact that stands: its type (without `hnb.` and version), when it was said for, by which event, and its data."""

    type: str
    time: datetime
    id: str
    source: str
    data: Mapping[str, Any]

    @property
    def inferred(self) -> bool:
        """Whether it was not stated, but followed: those are the ones dated between two seconds."""
        return self.time.microsecond != 0


Facts = dict[str, Fact]  # of one record, by type
Standing = dict[str, Facts]  # of one child, by record (`plan/sen2-...`)


@dataclass(frozen=True, slots=True)
class Saying:
    """Who says it: the authority, under which source, as of which day, with which key; which years were imported."""

    authority: str
    source: str
    reference_date: date
    key: Key
    imported: frozenset[int] = frozenset()

    @property
    def at(self) -> datetime:
        """The time of everything the return states."""
        return datetime.combine(self.reference_date, NOON)

    def comes_after(self, fact: Fact) -> bool:
        """Whether a fact was said for this return's day or one before it, so that the return may say otherwise."""
        return fact.time.date() <= self.reference_date

    def skips_a_year_after(self, fact: Fact) -> bool:
        """Whether a return between a fact and this one was never imported, so that it may yet come."""
        between = range(fact.time.year + 1, self.reference_date.year)
        return not self.imported.issuperset(between)

    def overtaken(self, facts: Facts) -> bool:
        """Whether a later return has said anything of this record."""
        return not all(map(self.comes_after, facts.values()))


@dataclass(slots=True)
class Difference:
    """What is to be said of one child, and how its records compare, by event type."""

    events: list[Json] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    moved: bool = False
    absent: list[str] = field(default_factory=list)  # plans and placements that stand open and the return has not


@dataclass(slots=True)
class Words:
    """Says one child's records, and keeps what was said."""

    saying: Saying
    done: Difference = field(default_factory=Difference)

    def main(self, facts: Facts, type: str, said: Json, at: datetime, *, again: bool = False) -> datetime:
        """Says what a record is, unless that stands or a later return has said it; `again`: even if it stands.

        Returns the time it stands for then.
        """
        stands = facts.get(type)
        if stands is None:
            self._say(type, _whole(type, said, {}), at, NEW)
            return at
        if stands.time.date() > at.date():
            self._count(type, OVERTAKEN)
            return stands.time
        how = CHANGED
        if all(stands.data.get(name) == value for name, value in said.items()) and not again:
            if stands.time.date() == at.date() or not self.saying.skips_a_year_after(stands):
                self._count(type, UNCHANGED)
                return stands.time
            how = CONFIRMED  # or the return of a year between, imported later, would count as the later word
        at = _after(at, facts.values())
        self._say(type, _whole(type, said, stands.data), at, how)
        return at

    def ending(self, facts: Facts, type: str, said: Json) -> None:
        """Says what became of a record, in place of what was said of it before."""
        stands = facts.get(type)
        if stands is not None and dict(stands.data) == said:
            self._count(type, UNCHANGED)
        elif self.saying.overtaken(facts):
            self._count(type, OVERTAKEN)
        else:
            self._say(type, said, _after(self.saying.at, facts.values()), NEW if stands is None else CHANGED)
            self._withdraw(stands, "another day or outcome was stated")

    def end_that_follows(self, stands: Fact | None, placement_id: str, day: str, made_at: datetime) -> None:
        """Says an end that nobody stated. Of two such the earlier day stands; whatever is stated later outranks it."""
        if stands is not None and (not stands.inferred or stands.data["end_date"] <= day):
            self._count(ENDED, UNCHANGED)
            return
        rank = timedelta(microseconds=1 + (LAST_DAY - date.fromisoformat(day)).days)
        said = {"placement_id": placement_id, "end_date": day}
        self._say(ENDED, said, made_at.replace(microsecond=0) + rank, NEW if stands is None else CHANGED)
        self._withdraw(stands, "an earlier end follows from another return")

    def take_back(self, facts: Facts, type: str) -> bool:
        """Takes back that a record ended, because this return says that it goes on; whether there was such an end."""
        stands = facts.get(type)
        if stands is None or self.saying.overtaken(facts):
            return False
        self._count(type, REOPENED)
        self._withdraw(stands, "a later return says that it goes on")
        return True

    def _withdraw(self, fact: Fact | None, reason: str) -> None:
        if fact is not None:
            data = {"withdrawn_source": fact.source, "withdrawn_id": fact.id, "reason": reason}
            self.done.events.append(self._event("event-withdrawn", data, max(self.saying.at, fact.time + ONE_SECOND)))

    def _say(self, type: str, data: Json, at: datetime, how: str) -> None:
        self._count(type, how)
        self.done.events.append(self._event(type, data, at))

    def _count(self, type: str, how: str) -> None:
        self.done.counts[type, how] += 1

    def _event(self, type: str, data: Json, at: datetime) -> Json:
        """An event whose id follows from its content: the same words are one event however often they are said."""
        body = {
            "specversion": "1.0", "source": self.saying.source, "type": f"hnb.{type}.v1",
            "time": at.isoformat().replace("+00:00", "Z"), "authority": self.saying.authority, "data": data,
        }  # fmt: skip
        digest = hashlib.sha256(orjson.dumps(body, option=orjson.OPT_SORT_KEYS)).hexdigest()
        return {**body, "id": f"sen2-{digest[:40]}"}


def _whole(type: str, said: Json, stands: Mapping[str, Any]) -> Json:
    """What is said, and beside it what a return cannot know and somebody else has said: a cost, a band."""
    unsaid = {"end_date": None, "cost": None} if type == MADE else {}
    return {**unsaid, **stands, **said}


def _after(at: datetime, facts: Iterable[Fact]) -> datetime:
    """The time of what is stated: after what stands for the same day, for of two exports the one read later counts."""
    same_day = [fact.time for fact in facts if fact.time.date() == at.date() and fact.time >= at]
    return max(same_day).replace(microsecond=0) + ONE_SECOND if same_day else at


def noon(day: str) -> datetime:
    """The noon of a day."""
    return datetime.combine(date.fromisoformat(day), NOON)
