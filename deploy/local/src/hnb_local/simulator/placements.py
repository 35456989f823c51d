"""Where each child goes and at what price: starts, moves, ends, uplifts, prices that come weeks after the child."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from random import Random

from hnb.calendar import ONE_DAY
from hnb_local.simulator.costs import agree, draft_annual, times, yearly
from hnb_local.simulator.leicester import FIRST_DAY, LAST_DAY, NO_PLACEMENT, ROWS, SEPTEMBER
from hnb_local.simulator.pen import Cost, Event, Pen, day_between, happened, moment
from hnb_local.simulator.plans import Child
from hnb_local.simulator.settings import CROWN_HILLS, RAINBOW_ROOM, SPINNEY_HILLS, TUDOR_GRANGE, Places

_AGREED_FROM = date(2025, 1, 6)  # prices of the children carried into the year were agreed this spring
_UPLIFTED, _REBANDED, _UNPRICED, _SLIPPED, _REMADE = 0.16, 0.03, 0.03, 0.008, 0.006
_PHASE_TRANSFERS = {date(2026, 2, 15): 250, LAST_DAY: 80}  # the statutory days: all but post-16, and post-16
_NEXT_SEPTEMBER = date(2026, 9, 1)
_WITHOUT_PLAN = 420
_CONTRIBUTED = 45


@dataclass(frozen=True, slots=True)
class Stay:
    """One child in one place, from a first to a last day where that is known."""

    row: str
    child_ref: str
    plan_id: str | None
    first: date
    last: date | None
    setting_id: str


class Placing:
    """Says placements. `anchors` are, by row, those of a full year at one yearly price: what calibration adjusts."""

    def __init__(self, pen: Pen, random: Random, places: Places) -> None:
        self.anchors: dict[str, list[Event]] = {}
        self._pen = pen
        self._random = random
        self._places = places

    def place(self, children: list[Child]) -> None:
        """Every child's placement or placements, and what the phase transfers and contributions do to them."""
        visited = _children_of_visited_schools(children)
        staying: list[tuple[Child, Event]] = []
        for child in children:
            for stay in self._stays(child, visited.get(child.plan_id)):
                made = self._make(stay)
            if child.stays and child.row != NO_PLACEMENT:
                staying.append((child, made))
        self._transfer(staying)
        self._contribute([made for child, made in staying if child.row == "independent"])

    def place_without_plan(self) -> None:
        """Children in alternative provision without a plan, most for a part of the year."""
        for number in range(_WITHOUT_PLAN):
            whole_year = number % 3 == 0
            first = FIRST_DAY if whole_year else day_between(self._random, FIRST_DAY, date(2026, 2, 27))
            days = self._random.randrange(40, 200)
            last = None if whole_year else min(first + timedelta(days=days), LAST_DAY)
            setting = self._places.give(self._random, "alternative")
            self._make(Stay("alternative-no-plan", self._pen.hex(32), None, first, last, setting))

    def _stays(self, child: Child, visited: str | None) -> list[Stay]:
        if child.row == NO_PLACEMENT:
            return []

        def stay(row: str, first: date, last: date | None) -> Stay:
            setting = visited or self._places.give(self._random, ROWS[row].line)
            return Stay(row, child.child_ref, child.plan_id, first, last, setting)

        if child.came_from is None or child.moved_on is None:
            return [stay(child.row, child.starts_on, child.leaves_on)]
        return [stay(child.came_from, FIRST_DAY, child.moved_on - ONE_DAY), stay(child.row, child.moved_on, None)]

    def _make(self, stay: Stay) -> Event:
        """Says one placement and whatever befalls its price; returns what was said of it first."""
        random = self._random
        carried = stay.first == FIRST_DAY
        said = _AGREED_FROM if carried else stay.first - timedelta(days=24)
        at = moment(random, day_between(random, said, stay.first - timedelta(days=4)))
        whole = carried and stay.last is None
        cost = agree(random, draft_annual(random, stay.row))
        chance = random.random()
        unpriced = chance < (_UNPRICED / 3 if whole else _UNPRICED)
        remade = stay.last is None and chance > 1 - _REMADE
        first_cost = None if unpriced else times(cost, 10) if remade else cost
        made = self._said(stay, at, first_cost)
        id = made["data"]["placement_id"]
        if unpriced:
            later = at + timedelta(days=random.randrange(14, 70))
            self._reprice(id, later, stay.first, cost, "correction")
        elif remade:
            again = made["data"] | {"cost": cost}
            self._pen.say("placement-made", at + timedelta(days=random.randrange(3, 40)), again)
        elif whole and not self._changed(id, cost) and cost["per"] == "year":
            self.anchors.setdefault(stay.row, []).append(made)
        if stay.last is not None and stay.plan_id is not None:
            told = moment(random, stay.last - timedelta(days=random.randrange(-3, 10)))
            self._end(id, max(at + ONE_DAY, told), stay.last)
        return made

    def _said(self, stay: Stay, at: datetime, cost: Cost | None) -> Event:
        id = self._pen.reference("PL")
        self._pen.rows[id] = stay.row
        # Where there is no plan the end is agreed with the start; a plan's placement is open until it is ended.
        end = stay.last if stay.plan_id is None else None
        data = {
            "placement_id": id, "plan_id": stay.plan_id, "child_ref": stay.child_ref, "setting_id": stay.setting_id,
            "provision": ROWS[stay.row].line, "start_date": stay.first.isoformat(),
            "end_date": end.isoformat() if end else None, "cost": cost,
        }  # fmt: skip
        return self._pen.say("placement-made", at, data)

    def _changed(self, id: str, cost: Cost) -> bool:
        """Whether a full-year placement is repriced in the year: an uplift, a new band, or a slip put right."""
        random, chance = self._random, self._random.random()
        # A term is due whole on its first day, so a change of its price within one would say nothing.
        if cost["per"] == "term":
            return False
        if chance < _UPLIFTED:
            effective = SEPTEMBER if random.random() < 0.8 else FIRST_DAY
            at = moment(random, day_between(random, date(2025, 9, 1), date(2025, 9, 26)))
            self._reprice(id, at, effective, times(cost, random.uniform(1.02, 1.06)), "uplift")
        elif chance < _UPLIFTED + _REBANDED:
            day = day_between(random, date(2025, 5, 1), date(2026, 3, 1))
            self._reprice(id, moment(random, day), day, times(cost, random.uniform(0.8, 1.4)), "reband")
        elif chance < _UPLIFTED + _REBANDED + _SLIPPED:
            at = moment(random, day_between(random, date(2025, 4, 20), date(2025, 7, 20)))
            self._reprice(id, at, FIRST_DAY, times(cost, random.uniform(0.9, 1.1)), "correction")
        else:
            return False
        return True

    def _reprice(self, id: str, at: datetime, effective: date, cost: Cost, reason: str) -> None:
        data = {"placement_id": id, "effective_on": effective.isoformat(), "cost": cost, "reason": reason}
        self._pen.say("placement-repriced", at, data)

    def _end(self, id: str, at: datetime, last: date) -> None:
        self._pen.say("placement-ended", at, {"placement_id": id, "end_date": last.isoformat()})

    def _transfer(self, staying: list[tuple[Child, Event]]) -> None:
        """Phase transfers: the plan names the next setting months ahead, so they weigh on the following year only."""
        random = self._random
        rows = {date(2026, 2, 15): ("mainstream", "resourced-provision"), LAST_DAY: ("mainstream", "special")}
        moved: set[str] = set()
        for day, count in _PHASE_TRANSFERS.items():
            able = [(c, made) for c, made in staying if c.row in rows[day] and c.plan_id not in moved]
            for child, made in random.sample(able, count):
                moved.add(child.plan_id)
                at = datetime.combine(day - timedelta(days=random.randrange(5)), time(16), happened(made).tzinfo)
                row = "post-16" if day == LAST_DAY else child.row
                setting = self._places.give(random, row)
                stay = Stay(row, child.child_ref, child.plan_id, _NEXT_SEPTEMBER, None, setting)
                self._end(made["data"]["placement_id"], at, _NEXT_SEPTEMBER - ONE_DAY)
                self._said(stay, at, agree(random, draft_annual(random, row)))

    def _contribute(self, independents: list[Event]) -> None:
        """Health and social care share some of the dearest places; the authority's line carries what is left."""
        yearly_priced = [made for made in independents if made in self.anchors["independent"]]
        for made in self._random.sample(yearly_priced, _CONTRIBUTED):
            cost = made["data"]["cost"]
            self.anchors["independent"].remove(made)
            first = self._random.choice([FIRST_DAY, SEPTEMBER])
            at = moment(self._random, day_between(self._random, date(2025, 4, 14), date(2025, 10, 10)))
            data = {
                "contribution_id": self._pen.reference("CON"), "placement_id": made["data"]["placement_id"],
                "partner": self._random.choice(["health", "social-care"]), "start_date": first.isoformat(),
                "cost": yearly(round(cost["amount_pence"] * self._random.uniform(0.1, 0.35))),
            }  # fmt: skip
            self._pen.say("contribution-agreed", at, data)


def _children_of_visited_schools(children: list[Child]) -> dict[str, str]:
    """Plan to setting for the schools the review visited: 7 → 30 plans, 19 plans, a room of 11 with 6 more due."""
    chosen: dict[str, str] = {}
    mainstream = [child for child in children if child.row == "mainstream"]
    staying = iter([child.plan_id for child in mainstream if child.stays])
    starting = iter([child.plan_id for child in mainstream if child.starts_on == SEPTEMBER])
    for setting, carried, new in ((TUDOR_GRANGE, 7, 23), (CROWN_HILLS, 19, 0), (RAINBOW_ROOM, 11, 6)):
        chosen |= {next(staying): setting for _ in range(carried)}
        chosen |= {next(starting): setting for _ in range(new)}
    units = [child.plan_id for child in children if child.row == "resourced-provision" and child.stays]
    return chosen | dict.fromkeys(units[:10], SPINNEY_HILLS)
