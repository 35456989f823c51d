"""A person's raw records made into the person they tell of, or into all that is wrong with them."""

from collections.abc import Callable
from datetime import date
from typing import TypeVar

from hnb_local.sen2.fields import Fields
from hnb_local.sen2.raw import Raw
from hnb_local.sen2.records import (
    ActivePlan,
    Assessment,
    Fault,
    NamedPlan,
    Need,
    Person,
    Placement,
    Request,
    Setting,
    Where,
)
from hnb_local.sen2.schema import (
    CEASE_REASONS,
    DATED_OUTCOMES,
    NEED_CODES,
    OUTCOMES,
    RECORDS,
    SETTING_CODES,
)

_RANKS = range(1, 100)
_T = TypeVar("_T")
Outcome = tuple[str | None, date | None]


def person_of(raw: Raw) -> Person | tuple[Fault, ...]:
    """The person, or every fault of their records: a child is taken as a whole or not at all."""
    reading = _Reading()
    person = reading.person(raw)
    return tuple(reading.faults) if reading.faults else person


class _Reading:
    """One person's records being read, and what was wrong so far."""

    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def person(self, raw: Raw) -> Person:
        said = self._fields(raw)
        person = Person(
            where=raw.where,
            surname=said.text("surname") or "",
            forename=said.text("forename") or "",
            birth_date=said.day("personbirthdate"),
            upn=said.upn("upn"),
            unique_learner_number=said.digits("uniquelearnernumber", 10, what="learner number"),
            postcode=said.text("postcode"),
            requests=self._each(raw, "requests", self._request),
        )
        if not said.has("upn") and not (person.surname and person.forename and said.has("personbirthdate")):
            said.wrong("upn", "is missing, and so is a name or birth date: nobody can tell who this is")
        return person

    def _request(self, raw: Raw) -> Request:
        said = self._fields(raw)
        received = said.day("receiveddate")
        outcome, outcome_date = self._outcome(said, "requestoutcome", "requestoutcomedate")
        self._in_order(said, "receiveddate", received, "requestoutcomedate", outcome_date)
        return Request(
            where=raw.where,
            received_date=received,
            outcome=outcome,
            outcome_date=outcome_date,
            assessment=self._one(raw, "assessment", self._assessment),
            active_plan=self._one(raw, "activeplans", self._active_plan),
        )

    def _assessment(self, raw: Raw) -> Assessment:
        said = self._fields(raw)
        outcome, outcome_date = self._outcome(said, "assessmentoutcome", "assessmentoutcomedate")
        plan = self._one(raw, "namedplan", self._named_plan)
        return Assessment(raw.where, outcome, outcome_date, said.flag("week20"), plan)

    def _named_plan(self, raw: Raw) -> NamedPlan | None:
        said = self._fields(raw)
        start, cease = said.day("startdate"), said.day("ceasedate")
        reason = said.number("ceasereason", CEASE_REASONS)
        if not said.has("startdate"):
            said.wrong("startdate", "is missing")
        if said.has("ceasedate") != said.has("ceasereason"):
            missing = "ceasereason" if said.has("ceasedate") else "ceasedate"
            said.wrong(missing, "is missing: a plan that ceased has a date and a reason")
        self._in_order(said, "startdate", start, "ceasedate", cease)
        residential = said.yes_or_no("planres")
        settings = self._each(raw, "plandetail", lambda detail: self._setting(self._fields(detail)))
        return NamedPlan(raw.where, start, cease, reason, residential, settings) if start else None

    def _active_plan(self, raw: Raw) -> ActivePlan:
        said = self._fields(raw)
        needs = [need for need in self._each(raw, "senneed", self._need) if need]
        if len({need.rank for need in needs}) < len(needs):
            said.wrong("sentyperank", "is the same for two needs: which is the primary?")
        return ActivePlan(
            where=raw.where,
            placements=self._each(raw, "placementdetail", self._placement),
            needs=tuple(needs),
            phase_transfer_due=said.day("phasetransferduedate"),
            phase_transfer_final=said.day("phasetransferfinaldate"),
            last_review=said.day("lastreview"),
            transferred_from=said.digits("transferla", 3, what="authority's number"),
        )

    def _placement(self, raw: Raw) -> Placement:
        said = self._fields(raw)
        entry, leaving = said.day("entrydate"), said.day("leavingdate")
        self._in_order(said, "entrydate", entry, "leavingdate", leaving)
        return Placement(raw.where, self._setting(said), entry, leaving, said.yes_or_no("res"))

    def _need(self, raw: Raw) -> Need | None:
        said = self._fields(raw)
        code, rank = said.code("sentype", NEED_CODES), said.number("sentyperank", _RANKS)
        for name in ("sentype", "sentyperank"):
            if not said.has(name):
                said.wrong(name, "is missing")
        return Need(code, rank) if code and rank else None

    def _setting(self, said: Fields) -> Setting:
        setting = Setting(
            urn=said.digits("urn", 6, what="URN"),
            ukprn=said.digits("ukprn", 8, what="UKPRN"),
            code=said.code("sensetting", SETTING_CODES),
            other=said.text("sensettingother"),
            rank=said.number("placementrank", _RANKS),
            sen_unit=said.flag("senunitindicator") or False,
            resourced_provision=said.flag("resourcedprovisionindicator") or False,
        )
        placed = said.has("urn") or said.has("ukprn")
        if placed and said.has("sensetting"):
            said.wrong("sensetting", "stands beside a URN or UKPRN: which is meant?")
        elif not placed and not said.has("sensetting"):
            said.wrong("urn", "is missing, and so are ukprn and sensetting: where is the child?")
        return setting

    def _outcome(self, said: Fields, name: str, date_name: str) -> Outcome:
        outcome, day = said.code(name, OUTCOMES), said.day(date_name)
        if outcome in DATED_OUTCOMES and not said.has(date_name):
            said.wrong(date_name, f"is missing: an outcome of {' or '.join(sorted(DATED_OUTCOMES))} has a date")
        return outcome, day

    def _in_order(self, said: Fields, first_name: str, first: date | None, then_name: str, then: date | None) -> None:
        if first and then and then < first:
            said.wrong(then_name, f"is before {first_name}")

    def _fields(self, raw: Raw) -> Fields:
        for child in raw.children:
            if RECORDS[child.table].parent != raw.table:
                self.faults.append(Fault(child.where, child.table, f"stands in {raw.table}, where there is none"))
        return Fields(raw, self.faults)

    def _each(self, raw: Raw, table: str, read: Callable[[Raw], _T]) -> tuple[_T, ...]:
        """The records of a table that hang on this one, in order. One that says all that another said is a fault."""
        children = [child for child in raw.children if child.table == table]
        first: dict[object, Where] = {}
        if len(children) > 1:
            for child in children:
                before = first.setdefault(_content(child), child.where)
                if before is not child.where:
                    self.faults.append(Fault(child.where, table, f"says the same as the one on line {before.line}"))
        return tuple(read(child) for child in children)

    def _one(self, raw: Raw, table: str, read: Callable[[Raw], _T]) -> _T | None:
        read_all = self._each(raw, table, read)
        if len(read_all) > 1:
            again = [child for child in raw.children if child.table == table][1]
            self.faults.append(Fault(again.where, table, f"is there twice in one of {raw.table}: which is meant?"))
        return read_all[0] if read_all else None


def _content(raw: Raw) -> object:
    """All that a record and those hanging on it say, wherever it stands."""
    return raw.table, tuple(sorted(raw.fields.items())), tuple(_content(child) for child in raw.children)
