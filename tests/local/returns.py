"""SEN2 returns imported into a register that is nothing but the register's own rules, with no servers round it."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import date, datetime
from typing import Any

from hnb.events import CASE_EVENTS, Event, EventWithdrawn, read_event
from hnb.withdrawals import Withdrawal, withdrawn
from hnb_local.sen2.comparing import compare
from hnb_local.sen2.facts import Told
from hnb_local.sen2.pseudonym import Key
from hnb_local.sen2.saying import Difference, Fact, Saying, Standing
from placements.domain.facts import about, latest
from tests.cases import LEICESTER

DATED_BY_THEMSELVES = ("hnb.assessment-requested.v1", "hnb.ehcp-issued.v1")
KEY = Key(bytes(range(32)))
SOURCE = f"/sen2/{LEICESTER}"


class PlainRegister:
    """Every event ever accepted, and what stands of them: the latest of a type about a record, unless withdrawn."""

    def __init__(self) -> None:
        self.said: dict[tuple[str, str], Event] = {}

    def take(self, events: Iterable[dict[str, Any]]) -> int:
        """Takes events as the door does, refusing what breaks the contract; how many were new."""
        before = len(self.said)
        for value in events:
            event = read_event(value, known=CASE_EVENTS, strict=True)
            assert self.said.setdefault((event.source, event.id), event).body == event.body
        return len(self.said) - before

    def standing(self) -> list[Event]:
        taken_back = withdrawn(
            Withdrawal(key, event.time, (event.data.withdrawn_source, event.data.withdrawn_id))
            for key, event in self.said.items() if isinstance(event.data, EventWithdrawn)
        )  # fmt: skip
        return latest(event for key, event in self.said.items() if key not in taken_back)

    def of_child(self, child_ref: str) -> Standing:
        """What stands of one child, as the importer reads it."""
        standing: dict[str, dict[str, Fact]] = {}
        for event in self.standing():
            kind = event.type.removeprefix("hnb.").removesuffix(".v1")
            data = event.data.model_dump(mode="json", exclude_unset=True)
            standing.setdefault(str(about(event)), {})[kind] = Fact(kind, event.time, event.id, event.source, data)
        own = {
            record
            for record, facts in standing.items()
            if any(fact.data.get("child_ref") == child_ref for fact in facts.values())
        }
        return {record: facts for record, facts in standing.items() if record in own}

    def content(self) -> dict[tuple[str | None, str], Any]:
        """What stands, without when and by which event it was said."""
        return {(about(event), event.type): event.data for event in self.standing()}

    def import_child(self, told: Told, child_ref: str, on: date) -> Difference:
        """One child of the return of a day."""
        years = frozenset(e.time.year for e in self.standing() if e.type not in DATED_BY_THEMSELVES)
        who = replace(saying(on), imported=years)
        difference = compare(told, child_ref, self.of_child(child_ref), who)
        self.take(difference.events)
        return difference


def saying(on: date) -> Saying:
    """Who says a return of that day."""
    return Saying(LEICESTER, SOURCE, on, KEY)


def said_on(event: dict[str, Any]) -> datetime:
    """When an event says that it happened."""
    return datetime.fromisoformat(event["time"])
