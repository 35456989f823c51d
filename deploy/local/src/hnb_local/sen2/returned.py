"""What a return of a census year tells of a made-up life: no more than was known on its census day."""

from datetime import date

from hnb_local.sen2.census import collection_start, reference_date, school_year
from hnb_local.sen2.lives import Life, Stay
from hnb_local.sen2.records import (
    ActivePlan,
    Assessment,
    NamedPlan,
    Need,
    Person,
    Placement,
    Request,
    Setting,
    Where,
)

MADE_UP = Where("made up", 0)
_ELSEWHERE = "855"  # Leicestershire: where those who move in had their plan
_LAST_PRIMARY_AGE = 10


def person_in_return(life: Life, year: int) -> Person | None:
    """The person as the return of that year has them; None who is in no part of it."""
    if not is_in_return(life, year):
        return None
    return Person(
        where=MADE_UP,
        surname=life.surname,
        forename=life.forename,
        birth_date=life.birth_date,
        upn=life.upn,
        unique_learner_number=life.learner_number,
        postcode=life.postcode,
        requests=(_request(life, year),),
    )


def is_in_return(life: Life, year: int) -> bool:
    """Whether a plan was in force at the census, or ceased, was asked for or was decided on in the year before."""
    on, since = reference_date(year), collection_start(year)
    asked = life.moved_in or life.received
    if asked is None or asked > on:
        return False
    if life.issued is not None:
        return life.ceased is None or life.ceased >= since
    ended = life.assessed_on or life.decided
    return ended is None or ended >= since


def has_active_plan(life: Life, year: int) -> bool:
    """Whether the child has a plan of this authority on the census day."""
    on = reference_date(year)
    here = max(day for day in (life.issued, life.moved_in) if day) if life.issued else None
    return here is not None and here <= on and not (life.ceased and life.ceased <= on)


def is_told(stay: Stay, year: int) -> bool:
    """Whether a return tells of a stay, of a child whose plan is in force: it was live on some day the return is of."""
    return stay.first <= reference_date(year) and not (stay.last and stay.last < collection_start(year))


def _request(life: Life, year: int) -> Request:
    outcome, decided = _outcome(life.outcome, life.decided, year)
    return Request(
        where=MADE_UP,
        received_date=life.received,
        outcome=outcome,
        outcome_date=decided,
        assessment=_assessment(life, year) if outcome in ("Y", "H") else None,
        active_plan=_active_plan(life, year) if has_active_plan(life, year) else None,
    )


def _assessment(life: Life, year: int) -> Assessment:
    outcome, day = _outcome(life.assessed, life.assessed_on, year)
    issued = life.issued is not None and life.issued <= reference_date(year)
    return Assessment(MADE_UP, outcome, day, life.excepted, _named_plan(life, year) if issued else None)


def _named_plan(life: Life, year: int) -> NamedPlan | None:
    if life.issued is None:
        return None
    known = life.ceased is not None and life.ceased <= reference_date(year)
    named = [stay for stay in life.stays if stay.first <= reference_date(year)][-1:]
    return NamedPlan(
        where=MADE_UP,
        start_date=life.issued,
        cease_date=life.ceased if known else None,
        cease_reason=life.cease_reason if known else None,
        residential=life.residential,
        settings=tuple(_setting(stay) for stay in named),
    )


def _active_plan(life: Life, year: int) -> ActivePlan:
    on = reference_date(year)
    moved_in = life.moved_in is not None and life.moved_in >= collection_start(year)
    age = school_year(on) - school_year(life.birth_date) - 1
    reviewed = date(year - 1, (life.number % 12) + 1, 1 + life.number % 28)
    return ActivePlan(
        where=MADE_UP,
        placements=tuple(_placement(life, stay, on) for stay in life.stays if is_told(stay, year)),
        needs=tuple(Need(code, rank) for rank, code in enumerate(life.needs, 1)),
        phase_transfer_due=date(year, 2, 15) if age == _LAST_PRIMARY_AGE else None,
        phase_transfer_final=None,
        last_review=reviewed if life.issued and reviewed > life.issued else None,
        transferred_from=_ELSEWHERE if moved_in else None,
    )


def _placement(life: Life, stay: Stay, on: date) -> Placement:
    left = stay.last if stay.last and stay.last <= on else None
    return Placement(MADE_UP, _setting(stay), stay.first, left, life.residential)


def _setting(stay: Stay) -> Setting:
    unit = stay.row == "resourced-provision"
    at = stay.setting
    return Setting(
        urn=at.urn if at else None,
        ukprn=at.ukprn if at else None,
        code=at.code if at else stay.code,
        other=None,
        rank=stay.rank,
        # Both are places a school keeps for children with plans; the return tells them apart.
        sen_unit=unit and at is not None and at.urn is not None and int(at.urn) % 3 == 0,
        resourced_provision=unit and at is not None and at.urn is not None and int(at.urn) % 3 != 0,
    )


def _outcome(outcome: str | None, day: date | None, year: int) -> tuple[str | None, date | None]:
    """An outcome as a return has it: not yet known, known with its day, or older than what the return is about."""
    if outcome is None or day is None or day > reference_date(year):
        return "A", None
    if day < collection_start(year):
        return "H", None
    return outcome, None if outcome == "W" else day
