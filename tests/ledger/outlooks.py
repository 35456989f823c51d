"""Small authorities to look ahead for, and the outlook's sums once more: day by day, one future at a time."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from hypothesis import strategies as st

from ledger.outlook.flows import Flows
from ledger.outlook.inputs import Funding, Inputs, LineInputs, Moves, Place, PricePoint

AUTHORITY = "E06000016"
GRANT, OPENING = 50_000_000, -10_000_000
SPECIAL = Place(provision="special", need="ASD")
MAINSTREAM = Place(provision="mainstream", need="SLCN")
WAITING = Place(provision="none", need="ASD")


def year_of(day: date) -> int:
    """The financial year of a day."""
    return day.year - (day.month < 4)


def later(day: date, years: int) -> date:
    """Its anniversary; 1 March for a 29 February."""
    return (
        date(day.year + years, 3, 1)
        if (day.month, day.day) == (2, 29) and (day.year + years) % 4
        else day.replace(year=day.year + years)
    )


def moved(before: Place | None, after: Place | None, children: int, *, academic_year: int = 3) -> Moves:
    """So many children of the last year before the reference day, which says which year that is."""
    return Moves(year=2025, academic_year=academic_year, before=before, after=after, children=children)


def priced(pounds: int, placements: int) -> tuple[PricePoint, ...]:
    """Some placements at one price."""
    return (PricePoint(annual_pence=pounds * 100, placements=placements),)


def authority(
    *moves: Moves, lines: tuple[LineInputs, ...], reference_day: date = date(2026, 4, 1), **more: object
) -> Inputs:
    """Inputs of an authority that has a grant and a deficit in its first year."""
    last = [move.model_copy(update={"year": reference_day.year - 1}) for move in moves]
    funding = {year_of(reference_day - timedelta(1)): Funding(grant_pence=GRANT, reserve_opening_pence=OPENING)}
    return Inputs.model_validate({
        "authority": AUTHORITY, "known_at": datetime(2026, 4, 1, tzinfo=UTC), "reference_day": reference_day,
        "moves": last, "lines": lines, "funding": funding, **more,
    })  # fmt: skip


@st.composite
def authorities(draw: st.DrawFn) -> Inputs:
    """Two lines and children without a placement, on any reference day, with any agreement and any months."""
    day = draw(st.sampled_from([date(2026, 4, 1), date(2026, 3, 31), date(2026, 10, 15), date(2028, 2, 29)]))
    number = st.integers(1, 40)
    moves = []
    for before in (SPECIAL, MAINSTREAM, WAITING, None):
        for after in (SPECIAL, MAINSTREAM, WAITING, None):
            same_need = before is None or after is None or before.need == after.need
            if (before or after) and same_need:
                moves += [moved(before, after, draw(number), academic_year=age) for age in (1, 6)]
    lines = []
    for name in ("special", "mainstream"):
        there = sum(one.children for one in moves if one.after and one.after.provision == name)
        months = {
            f"{year}-{month:02d}": draw(st.integers(0, there * 31)) for year in (2026, 2028) for month in (4, 9, 11)
        }
        counts = st.lists(st.integers(0, 9), min_size=12, max_size=12).map(tuple)
        lines.append(
            LineInputs.model_validate({
                "provision": name, "placements": draw(st.sampled_from([there, there + 3])), "child_days": months,
                "lived_child_days": draw(st.integers(0, 9_000)),
                "committed_pence": {year: draw(st.integers(0, 10**9)) for year in range(2025, 2033)},
                "other_pence": {year: draw(st.integers(0, 10**7)) for year in range(2025, 2033)},
                "standing": priced(draw(st.integers(1_000, 90_000)), there),
                "started": priced(draw(st.integers(1_000, 90_000)), 4),
                "starts": draw(counts), "ends": draw(counts),
            })
        )  # fmt: skip
    return authority(*moves, lines=tuple(lines), reference_day=day)


@dataclass
class Day:
    """One day to come: its financial year, the step it is in, and what has started and ended by its noon."""

    day: date
    step: int
    started: float
    ended: float

    @property
    def year(self) -> int:
        return year_of(self.day)

    @property
    def share(self) -> float:
        """Of its financial year."""
        return 1 / (date(self.year + 1, 4, 1) - date(self.year, 4, 1)).days


def days(inputs: Inputs, line: LineInputs) -> Iterator[Day]:
    """Every day from the reference day to the end of the fifth financial year."""
    first = inputs.reference_day
    last = date(year_of(first - timedelta(1)) + 5, 3, 31)
    step = 0
    while later(first, step) <= last:
        inside = [
            later(first, step) + timedelta(at) for at in range((later(first, step + 1) - later(first, step)).days)
        ]
        lengths = {month: sum(day.month == month for day in inside) for month in range(1, 13)}

        def weight(day: date, seen: tuple[int, ...], lengths: dict[int, int] = lengths) -> float:
            return (seen[day.month - 1] + 1) / (sum(seen) + 12) / lengths[day.month]

        started = ended = 0.0
        for day in inside:
            starts, ends = weight(day, line.starts), weight(day, line.ends)
            if day <= last:
                yield Day(day, step, started + starts / 2, ended + ends / 2)
            started, ended = started + starts, ended + ends
        step += 1


def naive_placements_pence(inputs: Inputs, flows: Flows, future: int, line: LineInputs) -> dict[int, float]:
    """By financial year: what a line's placements of children with a plan come to in one future, at today's prices."""
    at = flows.lines.index(line.provision)
    children, arrived, gone = (flow[future, :, at].tolist() for flow in (flows.children, flows.arrived, flows.gone))
    each = line.placements / children[0] if children[0] and line.placements else 1.0
    old, new = line.standing[0].annual_pence, line.started[0].annual_pence
    all_days = list(days(inputs, line))
    by_month: dict[str, int] = {}
    for one in all_days:
        by_month[f"{one.day:%Y-%m}"] = by_month.get(f"{one.day:%Y-%m}", 0) + 1
    newcomers = [0.0]
    for step in range(len(arrived)):
        staying = 1 - (gone[step] / children[step] if children[step] else 0)
        newcomers.append(newcomers[step] * staying + arrived[step])
    first = year_of(inputs.reference_day - timedelta(1))
    found = {year: float(line.committed_pence.get(year, 0)) for year in range(first, first + 5)}
    for one in all_days:
        there = children[one.step] + arrived[one.step] * one.started - gone[one.step] * one.ended
        month = f"{one.day:%Y-%m}"
        agreed = line.child_days.get(month, 0) / by_month[month]
        leaving = gone[one.step] / children[one.step] if children[one.step] else 0
        new_ones = newcomers[one.step] * (1 - leaving * one.ended) + arrived[one.step] * one.started
        found[one.year] += one.share * ((there * each - agreed) * old + new_ones * each * (new - old))
    return found
