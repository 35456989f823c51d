"""Councils beside each other: rates by head, a median and a rank, and growth split into caseload and price.

Exact throughout: rates are fractions, money is whole pence, and rounding is left to whoever shows them.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Literal

from hnb.calendar import year_label
from hnb.money import divide_half_up
from hnb.words import whole_pounds
from ledger.domain.s251 import FORMULA
from ledger.published.editions import ENGLAND, Figure
from ledger.published.kinds import (
    APPEALS,
    BUDGET,
    NOT_THERE,
    OUTTURN,
    PLANS,
    POPULATION,
    POPULATION_24,
    PUPILS,
    PUPILS_SUPPORTED,
    PUPILS_WITH_PLAN,
    SYMBOLS,
)  # fmt: skip

SPEND = "spend"
Unit = Literal["percent", "per 10,000", "pence"]
PER: dict[Unit, int] = {"percent": 100, "per 10,000": 10_000, "pence": 1}


@dataclass(frozen=True, slots=True)
class Rate:
    """One thing of another: what is counted, what it is taken of, and which year of that belongs to it."""

    name: str
    title: str
    counted: str
    of: str
    of_year: int  # added to the year of what is counted
    unit: Unit


# A plan counted in January is set against the population of the middle of the year before, the nearest there is; a
# financial year's spending against the middle of it, and against the plans of the January in it.
RATES = (
    Rate("pupils_with_plan", "Pupils with an EHC plan", PUPILS_WITH_PLAN, PUPILS, 0, "percent"),
    Rate("sen_support", "Pupils on SEN support", PUPILS_SUPPORTED, PUPILS, 0, "percent"),
    Rate("plans", "EHC plans, of everyone aged 0 to 25", PLANS, POPULATION, -1, "percent"),
    Rate("appeals", "Appeals registered, per 10,000 aged 0 to 25", APPEALS, POPULATION, 0, "per 10,000"),
    Rate("spend_per_head", "High needs spending per head aged 0 to 25", SPEND, POPULATION, 0, "pence"),
    Rate("spend_per_plan", "High needs spending per EHC plan", SPEND, PLANS, 1, "pence"),
)


@dataclass(frozen=True, slots=True)
class Told:
    """A figure, or why there is none."""

    value: Fraction | None
    why: str | None = None


class Published:
    """What stands published, as asked for here: by authority, measure and year."""

    def __init__(self, figures: Iterable[Figure]) -> None:
        self._figures = {(one.authority, one.measure, one.year): one for one in figures}
        outturn = any(measure.startswith(OUTTURN) for _, measure, _ in self._figures)
        self.basis = OUTTURN if outturn else BUDGET
        """Which Section 251 return spending is taken from: what was planned only where no outturn is known at all."""

    def years(self, authority: str, measure: str) -> list[int]:
        """The years that have a figure, the first first."""
        wanted = {f"{self.basis}:{line}" for group in FORMULA for line in group} if measure == SPEND else {measure}
        years = {year for whose, what, year in self._figures if whose == authority and what in wanted}
        return sorted(year for year in years if self.told(authority, measure, year).value is not None)

    def told(self, authority: str, measure: str, year: int) -> Told:
        """A figure, or why there is none; spending is the sum of its lines."""
        if measure == SPEND:
            return self._spend(authority, year)
        found = self._figures.get((authority, measure, year))
        if found is None:
            return Told(None, "not published")
        if found.value is None:
            return Told(None, SYMBOLS.get(found.symbol or "", "not published"))
        return Told(Fraction(found.value))

    def _spend(self, authority: str, year: int) -> Told:
        """DfE's high needs total. A line withheld leaves the total unknown; a line that does not apply adds nothing."""
        total, lines = 0, 0
        for line in (line for group in FORMULA for line in group):
            found = self._figures.get((authority, f"{self.basis}:{line}", year))
            if found is None or found.symbol in NOT_THERE:
                continue
            if found.value is None:
                return Told(None, f"line {line} is {SYMBOLS.get(found.symbol or '', 'not published')}")
            total, lines = total + found.value, lines + 1
        return Told(Fraction(total)) if lines else Told(None, "not published")


@dataclass(frozen=True, slots=True)
class Placed:
    """One authority's rate and its place among those compared, 1 the highest; equals share a place."""

    authority: str
    rate: Fraction | None
    rank: int | None
    why: str | None


@dataclass(frozen=True, slots=True)
class Compared:
    """One rate of the authority, of England and of the comparators, all of the same year."""

    rate: Rate
    year: int
    of: str
    of_year: int
    authority: Placed
    comparators: list[Placed]
    england: Fraction | None
    median: Fraction | None
    """Of the comparators that have a figure; the authority itself is not in it."""

    @property
    def title(self) -> str:
        """With the year of what is counted: a financial year of spending, a calendar year of all else."""
        return f"{self.rate.title}, {year_label(self.year) if self.rate.counted == SPEND else self.year}"

    @property
    def ranked(self) -> int:
        return sum(one.rank is not None for one in (self.authority, *self.comparators))


def in_words(value: Fraction | None, unit: Unit) -> str:
    """A rate as people read it: whole pounds, or one decimal; a dash where there is none."""
    if value is None:
        return "–"
    if unit == "pence":
        return whole_pounds(divide_half_up(value.numerator, value.denominator))
    tenths = divide_half_up(10 * value.numerator, value.denominator)
    return f"{tenths / 10:,.1f}{'%' if unit == 'percent' else ''}"


def compare(known: Published, authority: str, comparators: Sequence[str]) -> list[Compared]:
    """Every rate that is known of the authority, in the newest year that it is."""
    return [found for rate in RATES if (found := _compare(known, rate, authority, comparators)) is not None]


def _compare(known: Published, rate: Rate, authority: str, comparators: Sequence[str]) -> Compared | None:
    of = POPULATION_24 if rate.of == POPULATION and not known.years(authority, POPULATION) else rate.of
    for year in reversed(known.years(authority, rate.counted)):
        earlier = [one for one in known.years(authority, of) if one <= year + rate.of_year]
        if of in (POPULATION, POPULATION_24):  # the newest estimate there is serves until the next comes out
            of_year = max(earlier, default=None)
        else:
            of_year = year + rate.of_year if year + rate.of_year in earlier else None
        if of_year is None:
            continue
        told = {one: _rate(known, rate, of, one, year, of_year) for one in (authority, *comparators, ENGLAND)}
        own = told[authority].value
        if own is None:
            continue
        values = [v for one in (authority, *comparators) if (v := told[one].value) is not None]
        others = [v for one in comparators if (v := told[one].value) is not None]
        placed = [Placed(one, told[one].value, _rank(told[one].value, values), told[one].why) for one in comparators]
        mine = Placed(authority, own, _rank(own, values), None)
        return Compared(rate, year, of, of_year, mine, placed, told[ENGLAND].value, median(others))
    return None


def _rate(known: Published, rate: Rate, of: str, authority: str, year: int, of_year: int) -> Told:
    counted, base = known.told(authority, rate.counted, year), known.told(authority, of, of_year)
    if counted.value is None:
        return counted
    if not base.value:
        return Told(None, f"nothing to take it of: {base.why or 'none'}")
    return Told(counted.value * PER[rate.unit] / base.value)


def _rank(value: Fraction | None, among: Sequence[Fraction]) -> int | None:
    return None if value is None else 1 + sum(other > value for other in among)


def median(values: Sequence[Fraction]) -> Fraction | None:
    """The middle one, or the mean of the two in the middle."""
    ordered = sorted(values)
    half = len(ordered) // 2
    if not ordered:
        return None
    return ordered[half] if len(ordered) % 2 else (ordered[half - 1] + ordered[half]) / 2


@dataclass(frozen=True, slots=True)
class Growth:
    """How spending grew between two financial years. Caseload and price sum to the whole, to the penny."""

    authority: str
    first_year: int
    last_year: int
    plans: tuple[int, int]
    spend_pence: tuple[int, int]
    caseload_pence: int
    price_pence: int

    @property
    def whole_pence(self) -> int:
        return self.spend_pence[1] - self.spend_pence[0]

    @property
    def caseload_share(self) -> Fraction | None:
        """How much of the growth is caseload; None where nothing grew."""
        return Fraction(self.caseload_pence, self.whole_pence) if self.whole_pence else None


def split(authority: str, years: tuple[int, int], plans: tuple[int, int], spend_pence: tuple[int, int]) -> Growth:
    """Growth is caseload (more plans at a price) and price (a dearer plan). What both make together, more plans that
    are also dearer, is given half to each: so more plans count at the mean of the two prices. Plans above nought."""
    (before, after), (was, now) = plans, spend_pence
    # Half the sum of the two prices, times the plans that came: one fraction, rounded once. The price has the rest.
    caseload = divide_half_up((after - before) * (was * after + now * before), 2 * before * after)
    return Growth(authority, *years, plans, spend_pence, caseload, now - was - caseload)


def growth_years(known: Published, authority: str) -> list[int]:
    """The financial years of which both spending and caseload are known: the plans of the January in each."""
    return [year for year in known.years(authority, SPEND) if known.told(authority, PLANS, year + 1).value]


def growth(known: Published, authority: str, years: tuple[int, int] | None = None) -> Growth | None:
    """The split between two financial years, or the first and last that can be; None where none or one can."""
    able = growth_years(known, authority)
    first, last = years or (min(able, default=0), max(able, default=0))
    if first not in able or last not in able or first >= last:
        return None
    plans, spend = (
        [int(known.told(authority, measure, year + later).value or 0) for year in (first, last)]
        for measure, later in ((PLANS, 1), (SPEND, 0))
    )
    return split(authority, (first, last), (plans[0], plans[1]), (spend[0], spend[1]))


class NotKnown(Exception):
    """A comparator that is asked for and cannot be told; says what could have been meant."""


def comparators_of(asked: Sequence[str], names: Mapping[str, str], authority: str) -> list[str]:
    """The codes of the councils asked for, by name or code, each once, in the order asked. NotKnown where one is not.

    `Bristol` is Bristol, City of; a beginning that several share is not told apart.
    """
    found: list[str] = []
    for one in asked:
        code = _code_of(one.strip(), names)
        if code == ENGLAND:
            raise NotKnown("England is always shown: it is no comparator")
        if code == authority:
            raise NotKnown(f"{names.get(code, code)} is the council that is compared: it is no comparator of itself")
        if code not in found:
            found.append(code)
    return found


def _code_of(asked: str, names: Mapping[str, str]) -> str:
    if asked in names:
        return asked
    wanted = asked.casefold()
    if exact := [code for code, name in names.items() if name.casefold() == wanted]:
        return exact[0]
    alike = sorted(code for code, name in names.items() if name.casefold().startswith(wanted))
    if len(alike) == 1:
        return alike[0]
    if alike:
        meant = ", ".join(names[code] for code in alike[:5])
        raise NotKnown(f"{asked!r} could be {meant}: write more of the name, or the ONS code")
    raise NotKnown(f"no published file names {asked!r}: write a council's name or its ONS code, such as E06000016")
