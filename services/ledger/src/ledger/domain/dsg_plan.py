"""The DSG management plan: seven placement sheets by age group and primary need, and a summary of the finances."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from hnb.calendar import year_label
from hnb.events import EhcpIssued
from hnb.needs import NEEDS
from hnb.provisions import LINES, Fund, Provision
from ledger.domain.positions import Figures, Reserve
from ledger.domain.statutory import Column, Known, Line, Placed, Sheet, Value, cost_of_block

SHEETS: dict[str, tuple[Provision, ...]] = {
    "Mainstream": (Provision.MAINSTREAM,),
    "Resourced provision and units": (Provision.RESOURCED_PROVISION,),
    "Special": (Provision.SPECIAL,),
    "Independent and non-maintained": (Provision.INDEPENDENT,),
    "Hospital and AP": (Provision.HOSPITAL, Provision.ALTERNATIVE),
    "Post-16": (Provision.POST_16,),
    "Other": (Provision.OTHERWISE, Provision.EARLY_YEARS, Provision.DIRECT_PAYMENTS),
}
NOT_KNOWN = "Not known"
# By year group in the academic year that starts in the financial year: reception is 0, and the children of year group
# n turned n + 4 by 31 August. A plan ends by the age of 25.
AGE_GROUPS = {"Under 5": 0, "5 to 10": 6, "11 to 15": 11, "16 to 19": 15, "20 to 25": 21}  # the highest year group
ALL = "All"
SUMMARY_COLUMNS = (
    Column("Item", "text"),
    Column("Financial year", "text"),
    Column("Placements", "count"),
    Column("Children", "count"),
    Column("Unmitigated", "pence"),
    Column("Mitigated", "pence"),
)


@dataclass(slots=True)
class Tally:
    """The placements of a cell, the children they are of, and what they cost the authority in pence."""

    placements: set[str] = field(default_factory=set)
    children: set[str] = field(default_factory=set)
    pence: int = 0


@dataclass(frozen=True, slots=True)
class Counted:
    """One sheet's cells by need and age group, with `ALL` for either; and its pence that are no child's placement."""

    cells: Mapping[tuple[str, str], Tally]
    contracts_pence: int
    others_pence: int

    @property
    def pence(self) -> int:
        return self.cells[ALL, ALL].pence + self.contracts_pence + self.others_pence


def age_group(plan: EhcpIssued | None, year: int) -> str:
    """The age group a plan's child is in: its year group is of the year the plan was issued in, and rises each year."""
    if plan is None or plan.year_group is None:
        return NOT_KNOWN
    issued = plan.issued_on.year if plan.issued_on.month >= 9 else plan.issued_on.year - 1
    now = plan.year_group + year - issued
    return next((name for name, highest in AGE_GROUPS.items() if now <= highest), NOT_KNOWN)


def count(provisions: Sequence[str], costs: Mapping[Line, int], known: Known, year: int) -> Counted:
    """The placements of these provisions with a day in the year, and every penny that stands on their lines."""
    cells: dict[tuple[str, str], Tally] = defaultdict(Tally)
    for id, placed in known.placements.items():
        if placed.provision in provisions and placed.in_year(year):
            for cell in _cells(known, placed, year):
                cells[cell].placements.add(id)
                cells[cell].children.add(placed.child_ref)
    contracts = others = 0
    for (id, line), pence in costs.items():
        if line not in provisions:
            continue
        if id in known.placements:
            for cell in _cells(known, known.placements[id], year):
                cells[cell].pence += pence
        elif id in known.contracts:
            contracts += pence
        else:
            others += pence
    return Counted(cells, contracts, others)


def _cells(known: Known, placed: Placed, year: int) -> Iterable[tuple[str, str]]:
    plan = known.plan_of(placed)
    need = (plan and plan.primary_need) or NOT_KNOWN
    age = age_group(plan, year)
    return (need, age), (need, ALL), (ALL, age), (ALL, ALL)


def placement_sheet(name: str, counted: Counted, lines: Mapping[str, Figures]) -> Sheet:
    """One sheet: a row a need, three columns an age group; tied below to the position's lines."""
    ages = (*AGE_GROUPS, NOT_KNOWN, ALL)
    columns = [Column("Primary need", "text")]
    for age in ages:
        title = f"{age} ages" if age == ALL else f"Age {age.lower()}"
        columns += [Column(f"{title}: placements", "count"), Column(f"{title}: children", "count")]
        columns += [Column(f"{title}: cost", "pence")]
    rows: list[tuple[Value, ...]] = []
    for need in (*NEEDS, NOT_KNOWN, ALL):
        title = "All needs" if need == ALL else f"{need}: {NEEDS[need]}" if need in NEEDS else need
        figures: list[int] = []
        for age in ages:
            tally = counted.cells.get((need, age), Tally())
            figures += [len(tally.placements), len(tally.children), tally.pence]
        rows.append((title, *figures))
    position = sum(lines[line].cost_pence for line in SHEETS[name] if line in lines)
    blank: tuple[Value, ...] = (None,) * (len(columns) - 2)
    rows += [
        ("Places commissioned, whoever fills them", *blank, counted.contracts_pence),
        ("Grants and other, no child's placement", *blank, counted.others_pence),
        ("Sheet total", *blank, counted.pence),
        ("The position: committed and spent", *blank, position),
        ("Difference (must be 0)", *blank, position - counted.pence),
    ]
    return Sheet(name, columns, rows)


def dsg_plan(
    year: int,
    costs: Mapping[Line, int],
    known: Known,
    lines: Mapping[str, Figures],
    groups: Sequence[tuple[str, int]],
    path: Mapping[int, Reserve],
) -> list[Sheet]:
    """The summary and the seven sheets. `groups` are pence by S251 group, `path` the reserve of the years known."""
    counted = {name: count(provisions, costs, known, year) for name, provisions in SHEETS.items()}
    sheets = [placement_sheet(name, one, lines) for name, one in counted.items()]
    return [Sheet("Summary", SUMMARY_COLUMNS, [*_cost(year, counted, costs, lines, groups), *_path(path)]), *sheets]


def _cost(
    year: int, counted: Mapping[str, Counted], costs: Mapping[Line, int], lines: Mapping[str, Figures],
    groups: Sequence[tuple[str, int]],
) -> Iterable[tuple[Value, ...]]:  # fmt: skip
    label = year_label(year)
    for name, one in counted.items():
        all_of_it = one.cells.get((ALL, ALL), Tally())
        yield (f"Placements: {name}", label, len(all_of_it.placements), len(all_of_it.children), one.pence, one.pence)
    placed = {provision for provisions in SHEETS.values() for provision in provisions}
    total = sum(one.pence for one in counted.values())
    for provision, line in LINES.items():
        if provision not in placed and line.fund is Fund.HIGH_NEEDS:
            pence = sum(cost for (_, on), cost in costs.items() if on == provision)
            total += pence
            yield _money(f"Support and services: {line.title}", label, pence)
    yield _money("High Needs Block", label, total)
    for group, pence in groups:
        yield _money(f"S251 group: {group}", label, pence)
    position = cost_of_block(lines)
    yield _money("The position: committed and spent", label, position)
    yield _money("Difference (must be 0)", label, position - total)
    yield _money("Difference of the S251 groups (must be 0)", label, position - sum(pence for _, pence in groups))


def _path(path: Mapping[int, Reserve]) -> Iterable[tuple[Value, ...]]:
    """The reserve year by year: each opens as finance says or, where nothing is said, as the year before closed."""
    for year, reserve in path.items():
        label = year_label(year)
        yield _money("Grant", label, reserve.grant_pence)
        yield _money("Cost", label, reserve.cost_pence)
        yield _money("In-year balance", label, reserve.in_year_pence)
        yield _money("Reserve at the start", label, reserve.opening_pence)
        yield _money("Reserve at the end", label, reserve.closing_pence)


def _money(item: str, label: str, pence: int) -> tuple[Value, ...]:
    # Until an authority enters its measures, mitigated is what unmitigated is; the notes say so.
    return (item, label, None, None, pence, pence)
