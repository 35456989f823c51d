"""What is gathered of each line for an outlook: who is there, as agreed until when, at what price; and its pence."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from datetime import date, timedelta
from itertools import pairwise

from hnb.calendar import ONE_DAY, Span, financial_year, year_end, year_start
from hnb.prices import Segment, annual
from ledger.domain.positions import in_total
from ledger.domain.schedules import Context
from ledger.outlook.children import Placement, Register
from ledger.outlook.inputs import MONTHS, LineInputs, PricePoint
from ledger.outlook.timeline import YEARS, anniversary

MOST_POINTS = 40  # prices of a line are told apart no finer: as many in each, at their mean
STARTED_YEARS = 2  # how far back a new placement's price says what one costs now

Posted = tuple[str, str, int]  # a commitment's id, its line, and a financial year


@dataclass
class Line:
    """What is gathered of one line."""

    placements: int = 0
    lived_child_days: int = 0
    child_days: Counter[str] = field(default_factory=Counter)
    committed: Counter[int] = field(default_factory=Counter)
    other: Counter[int] = field(default_factory=Counter)
    standing: list[int] = field(default_factory=list)
    started: list[int] = field(default_factory=list)
    started_away: list[int] = field(default_factory=list)
    starts: Counter[int] = field(default_factory=Counter)
    ends: Counter[int] = field(default_factory=Counter)


@dataclass(frozen=True)
class Gathering:
    """Placements and pence of an authority, told apart by line. Placements of a child who has a plan stand by it."""

    history_from: date
    reference_day: date
    context: Context
    away: Set[str]  # settings out of the area
    lines: dict[str, Line] = field(default_factory=lambda: defaultdict(Line))
    left_out: Counter[str] = field(default_factory=Counter)

    @property
    def first_year(self) -> int:
        """The financial year of the last day that was lived."""
        return financial_year(self.reference_day - ONE_DAY)

    def gather(self, register: Register, posted: Mapping[Posted, int]) -> tuple[LineInputs, ...]:
        """The lines, as an outlook takes them; `posted` is committed and spent together."""
        with_plan = {one.id for child in register.plans for one in register.placements.get(child, ())}
        for child in sorted(register.plans):
            for one in register.placements.get(child, ()):
                self._place(one, here=one.on(self.reference_day) and register.has_plan(child, self.reference_day))
        for (commitment, line, year), pence in posted.items():
            if in_total(line) and year in range(self.first_year, self.first_year + YEARS):
                side = self.lines[line].committed if commitment in with_plan else self.lines[line].other
                side[year] += pence
        return tuple(_written(name, line) for name, line in sorted(self.lines.items()) if in_total(name))

    def _place(self, one: Placement, *, here: bool) -> None:
        line, agreed, day = self.lines[one.provision], one.agreed, self.reference_day
        horizon = year_end(self.first_year + YEARS - 1)
        last = horizon if agreed.end is None else min(agreed.end, horizon)
        if last < agreed.start:
            return
        line.lived_child_days += Span(agreed.start, last).within(Span(year_start(self.first_year), day - ONE_DAY)).days
        if here or agreed.start > day:
            for month, days in _by_month(max(agreed.start, day), last):
                line.child_days[month] += days
        if here:
            line.placements += 1
            self._price(one, day, line.standing)
        if agreed.end is not None and self.history_from < agreed.end + ONE_DAY <= day:
            line.ends[(agreed.end + ONE_DAY).month] += 1
        if not self.history_from < agreed.start < day:
            return
        line.starts[agreed.start.month] += 1
        if agreed.start >= anniversary(day, -STARTED_YEARS):
            away = [line.started_away] if agreed.setting_id in self.away else []
            self._price(one, agreed.start, line.started, *away)

    def _price(self, one: Placement, day: date, *lists: list[int]) -> None:
        pence = price_on(one, day, self.context)
        for prices in lists:
            prices += [] if pence is None else [pence]
        if day == self.reference_day:
            segment = _segment(one, day, self.context)
            self.left_out["paid once"] += pence is None
            self.left_out["without a price"] += segment is not None and segment.cost is None


def price_on(one: Placement, day: date, context: Context) -> int | None:
    """Pence a year that the authority pays on a day, partners' shares taken off; None for what is paid once.

    A price that is not known is its line's mean, as it stands posted.
    """
    agreed = one.agreed
    segment = _segment(one, day, context)
    if segment is None:
        return None
    whole = annual(segment.cost) if segment.cost else context.means[agreed.provision, segment.span.first]
    if whole is None:
        return None
    partners = sum(
        annual(part.cost) or 0
        for part in agreed.contributions
        if part.start_date <= day and (part.end_date is None or day <= part.end_date)
    )
    return max(whole - partners, 0)


def _segment(one: Placement, day: date, context: Context) -> Segment | None:
    segments = one.agreed.segments(context.horizon)
    return next((segment for segment in segments if segment.span.first <= day <= segment.span.last), None)


def _written(name: str, line: Line) -> LineInputs:
    return LineInputs.model_validate({
        "provision": name, "placements": line.placements, "lived_child_days": line.lived_child_days,
        "child_days": dict(sorted(line.child_days.items())),
        "committed_pence": dict(sorted(line.committed.items())), "other_pence": dict(sorted(line.other.items())),
        "standing": points_of(line.standing), "started": points_of(line.started),
        "started_out_of_area": points_of(line.started_away),
        "starts": tuple(line.starts[month] for month in range(1, MONTHS + 1)),
        "ends": tuple(line.ends[month] for month in range(1, MONTHS + 1)),
    })  # fmt: skip


def points_of(prices: Sequence[int]) -> tuple[PricePoint, ...]:
    """At most so many points, in order: each the mean of as many prices as the others, within a penny."""
    ordered = sorted(prices)
    parts = min(MOST_POINTS, len(ordered))
    cuts = [len(ordered) * at // parts for at in range(parts + 1)] if parts else []
    groups = [ordered[first:last] for first, last in pairwise(cuts)]
    merged: Counter[int] = Counter()
    for group in groups:
        merged[round(sum(group) / len(group))] += len(group)
    return tuple(PricePoint(annual_pence=pence, placements=number) for pence, number in sorted(merged.items()))


def _by_month(first: date, last: date) -> Iterable[tuple[str, int]]:
    """Days of each month, both ends included."""
    while first <= last:
        following = (first.replace(day=1) + timedelta(days=32)).replace(day=1)
        end = min(following - ONE_DAY, last)
        yield f"{first:%Y-%m}", (end - first).days + 1
        first = following
