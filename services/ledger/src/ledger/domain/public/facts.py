"""What the yearly public summary counts: linked groups of children with their pounds, from events and postings.

Each cell is a group that disclosure control may keep back, each total a sum that ties some of them together.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date

from hnb.calendar import financial_year, year_span
from hnb.events import (
    AssessmentRequested,
    EhcpCeased,
    EhcpIssued,
    Event,
    PlacementMade,
    SettingRegistered,
    SupportGranted,
    TribunalConcluded,
    TribunalCostIncurred,
    TribunalLodged,
)  # fmt: skip
from hnb.needs import NEEDS
from ledger.domain.commitments import order
from ledger.domain.disclosure import Cell, Group, Total
from ledger.domain.dsg_plan import AGE_GROUPS, NOT_KNOWN, age_group
from ledger.domain.positions import in_total
from ledger.domain.statutory import Known, Line, known

AGES = (*AGE_GROUPS, NOT_KNOWN)
ALL_NEEDS = (*NEEDS, NOT_KNOWN)
IN_AREA, OUT_OF_AREA = "In the area", "Outside the area"
AREAS = (IN_AREA, OUT_OF_AREA, NOT_KNOWN)
KINDS = {
    "officer": "Council officers", "legal": "Legal costs", "consultant": "Consultants",
    "expert-witness": "Expert witnesses", "other": "Other costs",
}  # fmt: skip
OUTCOMES = {
    "upheld": "Decided for the family", "part-upheld": "Decided in part for the family",
    "dismissed": "Decided for the council", "conceded": "Conceded by the council",
    "withdrawn": "Withdrawn by the family", "mediated": "Settled by mediation",
}  # fmt: skip
CRITERIA = ("Met the criteria", "Did not meet the criteria", NOT_KNOWN)
WITHIN, LATER, NO_REQUEST = "Within 20 weeks", "Later than 20 weeks", NOT_KNOWN
TIMELY_DAYS = 20 * 7  # from the request to the final plan: SEND Regulations 2014, regulation 13
WAITS = {"Up to 6 weeks": 6 * 7, "6 to 20 weeks": 20 * 7, "Over 20 weeks": None}
TREND_YEARS = 6
IN_HEADLINES: frozenset[Cell] = frozenset({("spending", "all")})  # which the position publishes to the thousand


@dataclass(frozen=True)
class Facts:
    """Everything counted, and how it hangs together."""

    groups: Mapping[Cell, Group]
    totals: Sequence[Total]
    lines: Sequence[str]  # of the High Needs Block, with any pounds in the year, in the order of their cost
    until: date  # the last day that counts: of the year or, while it runs, of what is known


class _Tables:
    """Groups being made: a child's pounds go into cells; sums follow from the parts."""

    def __init__(self) -> None:
        self._pence: dict[Cell, dict[str, int]] = defaultdict(lambda: defaultdict(int))
        self.groups: dict[Cell, Group] = {}
        self.totals: list[Total] = []

    def add(self, cell: Cell, child: str, pence: int = 0) -> None:
        self._pence[cell][child] += pence

    def close(self, cell: Cell) -> None:
        of = self._pence.get(cell, {})
        self.groups[cell] = Group(len(of), sum(of.values()), max(map(abs, of.values()), default=0))

    def total(self, whole: Cell, parts: Sequence[Cell]) -> None:
        """The whole as the sum of its parts, and known to be that."""
        for part in parts:
            if part not in self.groups:
                self.close(part)
        found = [self.groups[part] for part in parts]
        if whole not in self.groups:
            self.groups[whole] = Group(
                sum(one.children for one in found), sum(one.pence for one in found),
                max((one.dearest_pence for one in found), default=0),
            )  # fmt: skip
        self.totals.append(Total(whole, tuple(parts)))


def facts(events: Iterable[Event], costs: Mapping[Line, int], year: int, today: date) -> Facts:
    """What is counted of a financial year, as known when these events and pence (by commitment and line) were.

    A child counts once in each line that cost something for them. Every line's group is what its position says.
    """
    heard = sorted(events, key=order)
    until = min(today, year_span(year).last)
    tables = _Tables()
    lines = _spending(tables, heard, known(heard), costs, year)
    _tribunals(tables, heard, year)
    _timeliness(tables, heard, year)
    _waits(tables, heard, until)
    return Facts(tables.groups, tables.totals, lines, until)


def _spending(
    tables: _Tables, heard: Sequence[Event], of: Known, costs: Mapping[Line, int], year: int
) -> Sequence[str]:
    settings = {e.data.setting_id: e.data.in_area for e in heard if isinstance(e.data, SettingRegistered)}
    where = {e.data.placement_id: settings.get(e.data.setting_id) for e in heard if isinstance(e.data, PlacementMade)}
    grants = {e.data.grant_id: _helped(e.data) for e in heard if isinstance(e.data, SupportGranted)}
    sums: dict[str, int] = defaultdict(int)
    not_theirs: dict[str, list[tuple[int, int]]] = defaultdict(list)  # children and pence of grants and services
    area: dict[tuple[str, str], str] = {}
    pence_of: dict[tuple[str, str], int] = defaultdict(int)
    for (id, line), pence in sorted(costs.items()):
        if not in_total(line):
            continue
        sums[line] += pence
        placed = of.placements.get(id)
        if placed is None:
            not_theirs[line].append((grants.get(id, 0), pence))
            continue
        plan = of.plans_of.get(placed.child_ref)
        tables.add(("age", line, age_group(plan, year)), placed.child_ref, pence)
        need = (plan and plan.primary_need) or NOT_KNOWN
        tables.add(("need", need), f"{line} {placed.child_ref}", pence)
        key = line, placed.child_ref
        pence_of[key] += pence
        if area.get(key) != OUT_OF_AREA:
            area[key] = {True: IN_AREA, False: OUT_OF_AREA, None: NOT_KNOWN}[where.get(id)]
    for (line, child), name in area.items():
        tables.add(("area", name), f"{line} {child}", pence_of[line, child])
    lines = sorted(sums, key=lambda line: (-sums[line], line))
    for line in lines:
        given = not_theirs[line]
        tables.groups["other", line] = Group(
            sum(children for children, _ in given), sum(pence for _, pence in given),
            max((abs(pence) // children for children, pence in given if children), default=0),
        )  # fmt: skip
        ages = [("age", line, age) for age in AGES]
        tables.total(("spending", line), [*ages, ("other", line)])
    _link(tables, lines)
    return lines


def _helped(grant: SupportGranted) -> int:
    return len(grant.child_refs or ()) if grant.children is None else grant.children


def _link(tables: _Tables, lines: Sequence[str]) -> None:
    """The margins: every table of spending has the same whole."""
    tables.total(("spending", "all"), [("spending", line) for line in lines])
    tables.total(("other", "all"), [("other", line) for line in lines])
    for age in AGES:
        tables.total(("age", "all", age), [("age", line, age) for line in lines])
    tables.total(("placed", "all"), [("age", "all", age) for age in AGES])
    tables.total(("placed", "all"), [("need", need) for need in ALL_NEEDS])
    tables.total(("placed", "all"), [("area", name) for name in AREAS])
    tables.total(("spending", "all"), [("placed", "all"), ("other", "all")])


def _tribunals(tables: _Tables, heard: Sequence[Event], year: int) -> None:
    lodged = {e.data.appeal_id: e.data for e in heard if isinstance(e.data, TribunalLodged)}
    concluded = {e.data.appeal_id: e.data for e in heard if isinstance(e.data, TribunalConcluded)}
    incurred = {(e.data.appeal_id, e.data.cost_id): e.data for e in heard if isinstance(e.data, TribunalCostIncurred)}
    for appeal in lodged.values():
        tables.add(("lodged", str(financial_year(appeal.lodged_on))), appeal.appeal_id)
    for end in concluded.values():
        if financial_year(end.concluded_on) == year:
            tables.add(("outcome", OUTCOMES[end.outcome]), end.appeal_id)
    for cost in incurred.values():
        if financial_year(cost.incurred_on) != year:
            continue
        if cost.kind == "consultant":
            met = {True: CRITERIA[0], False: CRITERIA[1], None: NOT_KNOWN}[cost.criteria_met]
            tables.add(("consultants", met), cost.appeal_id, cost.amount_pence)
        else:
            tables.add(("cost", KINDS[cost.kind]), cost.appeal_id, cost.amount_pence)
    for earlier in range(year - TREND_YEARS + 1, year + 1):
        tables.close(("lodged", str(earlier)))
    tables.total(("outcome", "all"), [("outcome", name) for name in OUTCOMES.values()])
    tables.total(("cost", KINDS["consultant"]), [("consultants", met) for met in CRITERIA])
    tables.total(("cost", "all"), [("cost", name) for name in KINDS.values()])


def _timeliness(tables: _Tables, heard: Sequence[Event], year: int) -> None:
    asked = {e.data.request_id: e.data for e in heard if isinstance(e.data, AssessmentRequested)}
    plans = {e.data.plan_id: e.data for e in heard if isinstance(e.data, EhcpIssued)}
    for request in asked.values():
        if financial_year(request.received_on) == year:
            tables.add(("requests", "all"), request.request_id)
    for plan in plans.values():
        if financial_year(plan.issued_on) != year:
            continue
        request_of = asked.get(plan.request_id or "")
        days = None if request_of is None else (plan.issued_on - request_of.received_on).days
        tables.add(("issued", NO_REQUEST if days is None else WITHIN if days <= TIMELY_DAYS else LATER), plan.plan_id)
    tables.close(("requests", "all"))
    tables.total(("issued", "all"), [("issued", name) for name in (WITHIN, LATER, NO_REQUEST)])


def _waits(tables: _Tables, heard: Sequence[Event], until: date) -> None:
    """Plans in force on the last day whose child has no placement on it, by how long ago the plan was issued."""
    ceased = {e.data.plan_id for e in heard if isinstance(e.data, EhcpCeased) and e.data.ceased_on <= until}
    plans = {e.data.plan_id: e.data for e in heard if isinstance(e.data, EhcpIssued) and e.data.issued_on <= until}
    placed = {
        one.child_ref for one in known(heard).placements.values()
        if one.first <= until and (one.last is None or one.last >= until)
    }  # fmt: skip
    for plan in plans.values():
        if plan.plan_id in ceased:
            continue
        if plan.child_ref in placed:
            tables.add(("plans", "placed"), plan.plan_id)
            continue
        days = (until - plan.issued_on).days
        tables.add(("waits", next(name for name, most in WAITS.items() if most is None or days <= most)), plan.plan_id)
    tables.total(("waits", "all"), [("waits", name) for name in WAITS])
    tables.total(("plans", "all"), [("plans", "placed"), ("waits", "all")])
