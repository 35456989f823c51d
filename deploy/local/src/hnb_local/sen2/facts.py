"""What a person of a return says, as statements about requests, plans and placements; who it is left behind."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any, get_args

import orjson

from hnb.events import Need
from hnb_local.sen2.records import ActivePlan, Fault, NamedPlan, Person, Placement, Request
from hnb_local.sen2.settings_known import KnownSettings, Unplaced

NEEDS = frozenset(get_args(Need))
YOUNGEST, OLDEST = -4, 20  # the contract's year groups
YES, NO, WITHDRAWN = "Y", "N", "W"  # of both outcomes; A is not decided yet, H was before the years collected


@dataclass(frozen=True, slots=True)
class Asked:
    """A request: received, perhaps decided (day, outcome), perhaps closed without a plan (day if said, outcome).

    `excepted`: one of the exceptions to the 20 weeks applied; a return does not say which.
    """

    received_on: str
    decided: tuple[str, str] | None = None
    closed: tuple[str | None, str] | None = None
    excepted: bool = False


@dataclass(frozen=True, slots=True)
class Planned:
    """A plan, and whether it ceased (day, reason). `full` where the return has it among its active plans.

    Only then does the return say its needs, and only then does an absent cease date mean that it is in force.
    """

    issued_on: str
    full: bool
    asked_on: str | None = None
    need: str | None = None
    year_group: int | None = None
    residential: bool | None = None
    ceased: tuple[str, int] | None = None
    excepted: bool = False


@dataclass(frozen=True, slots=True)
class Placed:
    """A placement: where, from when, on which line, under the plan of which day, and its last day if it has one."""

    number: str
    setting_id: str
    provision: str
    start: str
    plan: str | None
    left: str | None = None


@dataclass(slots=True)
class Told:
    """Everything a return says of one child. `whole`: no placement of it was refused, so one absent is not there."""

    asked: list[Asked] = field(default_factory=list)
    planned: list[Planned] = field(default_factory=list)
    placed: list[Placed] = field(default_factory=list)
    placeless: list[str] = field(default_factory=list)
    whole: bool = True

    def dump(self) -> bytes:
        """As it is set aside until it is compared."""
        return orjson.dumps(self)

    @classmethod
    def load(cls, body: bytes) -> "Told":
        """As it was set aside."""
        read: dict[str, Any] = orjson.loads(body)
        return cls(
            [
                Asked(one["received_on"], _pair(one["decided"]), _pair(one["closed"]), one["excepted"])
                for one in read["asked"]
            ],
            [Planned(**{**one, "ceased": _pair(one["ceased"])}) for one in read["planned"]],
            [Placed(**one) for one in read["placed"]],
            read["placeless"],
            read["whole"],
        )


def _pair(value: list[Any] | None) -> Any:
    return None if value is None else tuple(value)


def told(person: Person, known: KnownSettings) -> tuple[Told, list[Fault]]:
    """What a person's records say, and what is wrong with those that are left out.

    Each record stands or falls alone: a placement at a setting nobody registered is left out, its plan goes in.
    """
    said = Told()
    faults: list[Fault] = []
    for request in person.requests:
        faults += _take_request(said, request)
        plan = request.assessment.plan if request.assessment else None
        faults += _take_plan(said, request, plan, person.birth_date)
        if request.active_plan is not None:
            issued_on = str(plan.start_date) if plan and said.planned else None
            for placement in request.active_plan.placements:
                faults += _take_placement(said, placement, issued_on, known)
    return said, faults


def _take_request(said: Told, request: Request) -> Iterator[Fault]:
    if request.received_date is None:
        return  # of old plans, and of those that came with a child from elsewhere
    decided: tuple[str, str] | None = None
    closed: tuple[str | None, str] | None = None
    if request.outcome == WITHDRAWN:  # a day is asked for with Y and N alone
        closed = (_day(request.outcome_date), "withdrawn")
    elif request.outcome in (YES, NO):
        if request.outcome_date is None:
            yield Fault(request.where, "requestoutcomedate", "is missing: the outcome is left out")
        else:
            decided = (str(request.outcome_date), "assess" if request.outcome == YES else "refuse")
    assessment = request.assessment
    if assessment is not None and assessment.outcome in (NO, WITHDRAWN):
        closed = (_day(assessment.outcome_date), "no-plan" if assessment.outcome == NO else "withdrawn")
    one = Asked(str(request.received_date), decided, closed, _excepted(request))
    yield from _add(said.asked, one, one.received_on, lambda other: other.received_on, request, "receiveddate")


def _day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _take_plan(said: Told, request: Request, plan: NamedPlan | None, birth_date: date | None) -> Iterator[Fault]:
    active = request.active_plan
    if plan is None:
        if active is not None:
            message = "is missing: an active plan without a named plan has no day of issue; its placements go in"
            yield Fault(active.where, "startdate", message)
        return
    if plan.cease_date is not None and plan.cease_reason is None:
        yield Fault(plan.where, "ceasereason", "is missing, though the plan ceased: the plan is left out")
        return
    ceased = (str(plan.cease_date), plan.cease_reason) if plan.cease_date and plan.cease_reason else None
    one = Planned(
        str(plan.start_date), active is not None, _day(request.received_date),
        _primary_need(active), year_group(birth_date, plan.start_date), _residential(plan, active), ceased,
        _excepted(request),
    )  # fmt: skip
    yield from _add(said.planned, one, one.issued_on, lambda other: other.issued_on, plan, "startdate")


def _take_placement(said: Told, placement: Placement, issued_on: str | None, known: KnownSettings) -> Iterator[Fault]:
    place = known.place(placement.setting)
    if isinstance(place, Unplaced):
        if place.code is not None:
            said.placeless.append(place.code)
            return
        said.whole = False
        yield Fault(placement.where, str(place.field), str(place.message))
        return
    if placement.entry_date is None:
        said.whole = False
        yield Fault(placement.where, "entrydate", "is missing: the placement is left out")
        return
    one = Placed(
        place.number,
        place.setting_id,
        place.provision,
        str(placement.entry_date),
        issued_on,
        _day(placement.leaving_date),
    )
    yield from _add(said.placed, one, (one.number, one.start), lambda o: (o.number, o.start), placement, "entrydate")


def _add(there: list[Any], one: Any, key: object, key_of: Any, record: Any, field: str) -> Iterator[Fault]:
    """Adds a statement, unless the person has another about the same record; the same one twice is said once."""
    other = next((other for other in there if key_of(other) == key), None)
    if other is None:
        there.append(one)
    elif other != one:
        yield Fault(
            record.where,
            field,
            "is also that of another record of this person that says otherwise: this one is left out",
        )


def _primary_need(active: ActivePlan | None) -> str | None:
    needs = sorted(active.needs, key=lambda need: need.rank) if active else []
    return needs[0].code if needs and needs[0].code in NEEDS else None


def _excepted(request: Request) -> bool:
    return request.assessment is not None and request.assessment.week20 is True


def _residential(plan: NamedPlan, active: ActivePlan | None) -> bool | None:
    if plan.residential is not None or active is None:
        return plan.residential
    stated = [placement.residential for placement in active.placements if placement.residential is not None]
    return any(stated) if stated else None


def year_group(birth_date: date | None, on: date) -> int | None:
    """The year group, on one day, of somebody born on another: reception, which is 0, for who was four on 31 August.

    Held within the contract's −4 to 20.
    """
    if birth_date is None:
        return None
    september = on.year if on.month >= 9 else on.year - 1
    age = september - birth_date.year - ((birth_date.month, birth_date.day) > (8, 31))
    return min(max(age - 4, YOUNGEST), OLDEST)
