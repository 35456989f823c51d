"""The children with a plan: who has one when the year opens, who gets one, who moves and whose plan ceases."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from hnb.calendar import ONE_DAY
from hnb_local.simulator.leicester import CENSUS, FIRST_DAY, LAST_DAY, NO_PLACEMENT, ROWS, SEPTEMBER
from hnb_local.simulator.pen import Pen, day_between, moment

# By row: plans issued, and ceased, from April to the census, and from the census to March. Invented, of the size of
# the published flows of 2024 (579 issued, 405 ceased, 59 net transfers in).
_ISSUED = {"mainstream": 215, "resourced-provision": 40, "special": 60, "independent": 12, "alternative": 14,
           "post-16": 35, "otherwise": 6, "early-years": 48, NO_PLACEMENT: 10}  # fmt: skip
_CEASED = {"mainstream": 110, "resourced-provision": 16, "special": 65, "independent": 14, "alternative": 10,
           "post-16": 95, "otherwise": 5, "early-years": 10, NO_PLACEMENT: 20}  # fmt: skip
_ISSUED_LATER = {"mainstream": 70, "resourced-provision": 10, "special": 15, "early-years": 15}
_CEASED_LATER = {"mainstream": 20, "special": 15, "post-16": 20, "independent": 3, NO_PLACEMENT: 2}
# Children who change provision between April and the census, most of them in September.
_MOVED = {
    ("mainstream", "special"): 45, ("mainstream", "resourced-provision"): 20, ("mainstream", "independent"): 12,
    ("mainstream", "alternative"): 12, ("mainstream", "post-16"): 50, ("special", "post-16"): 20,
    ("early-years", "mainstream"): 40,
}  # fmt: skip
TRANSFERS_IN = 59
REQUESTS_WITHOUT_PLAN = {"withdrawn": 298, "refuse": 1, "assess": 94}  # outcomes of 2024
_IN_20_WEEKS = 0.515
_EXCEPTION_EVERY = 14  # 3,808 of England's 53,327 new plans of 2019 had an exception

_NEEDS = {"ASD": 1122, "SEMH": 804, "SLCN": 798, "MLD": 453, "OTH": 271, "PD": 177, "HI": 71, "SLD": 64, "SPLD": 62,
          "VI": 44, "PMLD": 23, "MSI": 4, None: 164}  # fmt: skip
_YEAR_GROUPS = {"early-years": (-4, 0), "post-16": (12, 18)}
_USUAL_YEAR_GROUPS = (0, 11)
_FIRST_AFTER_SCHOOL = 12
_YOUNGEST = -4  # the contract's lowest year group
_OLDEST_PLAN_YEARS = {"early-years": 1}  # who is under five now got no plan long ago
_USUAL_OLDEST_PLAN_YEARS = 10
_CEASE_REASONS = {1: 30, 2: 25, 3: 5, 4: 10, 5: 16, 6: 8, 7: 2, 8: 1, 9: 3}


@dataclass(slots=True)
class Child:
    """One plan: the row its child is in at last, where it came from, and the days that matter."""

    plan_id: str
    child_ref: str
    row: str
    issued_on: date
    starts_on: date = FIRST_DAY
    came_from: str | None = None
    moved_on: date | None = None
    leaves_on: date | None = None

    @property
    def stays(self) -> bool:
        """Whether the child is in one place from the first day of the year to the last."""
        return self.starts_on == FIRST_DAY and self.came_from is None and self.leaves_on is None


def make_children(pen: Pen, random: Random) -> list[Child]:
    """Everyone with a plan in the year, by row; nobody has said anything yet."""
    children: list[Child] = []
    for name, row in ROWS.items():
        moved = {source: count for (source, target), count in _MOVED.items() if target == name}
        carried = row.plans - _ISSUED.get(name, 0) - sum(moved.values())
        staying = [_carried(pen, random, name) for _ in range(carried)]
        for child in staying[: _CEASED_LATER.get(name, 0)]:
            child.leaves_on = day_between(random, CENSUS + ONE_DAY, LAST_DAY)
        children += staying
        for source, count in moved.items():
            children += [_moved(_carried(pen, random, name), random, source) for _ in range(count)]
        children += [_leaving(_carried(pen, random, name), random) for _ in range(_CEASED.get(name, 0))]
        children += [_arriving(pen, random, name) for _ in range(_ISSUED.get(name, 0))]
        children += [_arriving_later(pen, random, name) for _ in range(_ISSUED_LATER.get(name, 0))]
    return children


def write_plans(pen: Pen, random: Random, children: list[Child]) -> None:
    """Says every plan, what ceased of it, and the requests the year's new ones came from."""
    new = [child for child in children if child.issued_on >= FIRST_DAY]
    transferred = {child.plan_id for child in random.sample(new, TRANSFERS_IN)}
    for child in children:
        asked = child.issued_on >= FIRST_DAY and child.plan_id not in transferred
        request_id = _request_of(pen, random, child) if asked else None
        _issue(pen, random, child, request_id)
        if child.leaves_on is not None:
            reason = random.choices(list(_CEASE_REASONS), list(_CEASE_REASONS.values()))[0]
            data = {"plan_id": child.plan_id, "ceased_on": child.leaves_on.isoformat(), "reason": reason}
            pen.say("ehcp-ceased", moment(random, child.leaves_on - timedelta(days=random.randrange(10))), data)
    for outcome, count in REQUESTS_WITHOUT_PLAN.items():
        for _ in range(count):
            received = day_between(random, FIRST_DAY, LAST_DAY - timedelta(weeks=7))
            request_id = _request(pen, random, pen.hex(32), received, None if outcome == "withdrawn" else outcome)
            if outcome == "withdrawn":
                closed = received + timedelta(days=random.randrange(7, 41))
                data = {"request_id": request_id, "closed_on": closed.isoformat(), "outcome": "withdrawn"}
                pen.say("request-closed", moment(random, closed), data)


def carried_in(child: Child) -> bool:
    """Whether the child's plan is older than the year."""
    return child.issued_on < FIRST_DAY


def _carried(pen: Pen, random: Random, row: str) -> Child:
    years_old = min(random.expovariate(1 / 2.6), _OLDEST_PLAN_YEARS.get(row, _USUAL_OLDEST_PLAN_YEARS))
    issued = FIRST_DAY - timedelta(days=20 + int(years_old * 365))
    return Child(pen.reference("EHCP"), pen.hex(32), row, issued)


def _moved(child: Child, random: Random, source: str) -> Child:
    child.came_from = source
    in_september = random.random() < 0.75
    child.moved_on = SEPTEMBER if in_september else day_between(random, date(2025, 4, 21), CENSUS - timedelta(days=7))
    return child


def _leaving(child: Child, random: Random) -> Child:
    last_days = [date(2025, 8, 31), date(2025, 7, 18), day_between(random, date(2025, 4, 14), CENSUS - ONE_DAY)]
    child.leaves_on = random.choices(last_days, [6, 1, 3])[0]
    return child


def _arriving(pen: Pen, random: Random, row: str) -> Child:
    starts = SEPTEMBER if random.random() < 0.5 else day_between(random, date(2025, 4, 7), CENSUS)
    issued = max(starts - timedelta(days=random.randrange(2, 120 if starts == SEPTEMBER else 40)), FIRST_DAY)
    return Child(pen.reference("EHCP"), pen.hex(32), row, issued, starts)


def _arriving_later(pen: Pen, random: Random, row: str) -> Child:
    issued = day_between(random, CENSUS + ONE_DAY, date(2026, 3, 20))
    return Child(pen.reference("EHCP"), pen.hex(32), row, issued, issued + timedelta(days=random.randrange(1, 11)))


def _issue(pen: Pen, random: Random, child: Child, request_id: str | None) -> None:
    need = random.choices(list(_NEEDS), list(_NEEDS.values()))[0]
    # As it is in 2025-26, and said as it was when the plan was issued.
    drawn = random.randint(*_YEAR_GROUPS.get(child.row, _USUAL_YEAR_GROUPS))
    year_group = _told_by_its_year(child, drawn)
    school_years = SEPTEMBER.year - (child.issued_on.year - (child.issued_on.month < SEPTEMBER.month))
    data = {
        "plan_id": child.plan_id, "child_ref": child.child_ref, "issued_on": child.issued_on.isoformat(),
        "request_id": request_id, "primary_need": need,
        "year_group": max(year_group - school_years, _YOUNGEST),
        "residential": True if child.row == "independent" and random.random() < 0.15 else None,
        "exception": "exceptional-circumstances" if request_id and _excepted(request_id) else None,
    }  # fmt: skip
    pen.say("ehcp-issued", moment(random, child.issued_on), data)


def _told_by_its_year(child: Child, drawn: int) -> int:
    """Who moved on to school or college in the year, or left school at its summer's end, did so at that age."""
    if child.came_from == "early-years":
        return 0
    of_school = child.row not in _YEAR_GROUPS and child.row != NO_PLACEMENT
    left_in_summer = child.leaves_on is not None and child.leaves_on < SEPTEMBER and carried_in(child)
    if (child.came_from is not None and child.row == "post-16") or (of_school and left_in_summer):
        return _FIRST_AFTER_SCHOOL
    return drawn


def _excepted(request_id: str) -> bool:
    return int(request_id[-5:]) % _EXCEPTION_EVERY == 0


def _request_of(pen: Pen, random: Random, child: Child) -> str:
    in_time = random.random() < _IN_20_WEEKS
    days = random.randrange(15 * 7, 20 * 7) if in_time else random.randrange(20 * 7 + 1, 34 * 7)
    return _request(pen, random, child.child_ref, child.issued_on - timedelta(days=days), "assess")


def _request(pen: Pen, random: Random, child_ref: str, received: date, outcome: str | None) -> str:
    request_id = pen.reference("REQ")
    data = {"request_id": request_id, "child_ref": child_ref, "received_on": received.isoformat()}
    pen.say("assessment-requested", moment(random, received), data)
    if outcome is not None:
        decided = received + timedelta(days=random.randrange(26, 48))
        data = {"request_id": request_id, "decided_on": decided.isoformat(), "outcome": outcome}
        pen.say("assessment-decided", moment(random, decided), data)
    return request_id


def needs_placement(children: list[Child]) -> Iterator[Child]:
    """Those of the children whose row is paid for at all."""
    return (child for child in children if child.row != NO_PLACEMENT)
