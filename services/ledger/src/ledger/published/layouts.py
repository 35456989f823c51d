"""How the rows of each layout become figures: one authority a row, one age a row, one neighbour a row."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterator

from ledger.published.cells import CODE, FIRST_YEAR, LAST_YEAR, Row
from ledger.published.editions import ENGLAND, Edition, Figure, NotForUs, Unusable
from ledger.published.kinds import POPULATION, POPULATION_24, SYMBOLS, Kind

OLDEST_CHILD = 25  # a plan may last until the day before the 26th birthday
MOST_NEIGHBOURS = 20
_LINE = re.compile(r"(\d\.\d{1,2}\.\d{1,2})(?:\s|$)")
_POPULATION = re.compile(r"population_(\d{4})")
_DISTRICT = re.compile(r"ladcode\d{2}|laname\d{2}")

Reader = Callable[[Kind, list[str], Iterator[Row], Edition], None]


def read_house(kind: Kind, header: list[str], rows: Iterator[Row], edition: Edition) -> None:
    """The department's house style: who and when in the first columns, filters, then measures."""
    columns = [name for name in kind.measures if name in header]
    filters = [name for name in kind.filters if name in header]
    seen: dict[tuple[str, str, int], int] = {}
    for row in rows:
        edition.rows += 1
        authority = _area(row, edition)
        line = None if kind.lines is None else _LINE.match(row.given(kind.lines))
        if authority is None or not _is_total(row, filters) or (kind.lines is not None and line is None):
            edition.passed_over += 1
            continue
        year = row.year(kind)
        for column in columns:
            measure, unit = kind.measures[column]
            measure = measure if line is None else f"{measure}:{line[1]}"
            value, symbol = row.amount(column, unit)
            if (first := seen.setdefault((authority, measure, year), row.line)) != row.line:
                raise row.wrong(
                    column, f"{authority} has this figure for {year} in line {first} already: which is meant?"
                )
            edition.figures.append(Figure(authority, measure, year, value, symbol))


def _area(row: Row, edition: Edition) -> str | None:
    """The code of the authority, or of England; None of a region, and of an area that has none."""
    level = row.given("geographic_level").lower()
    if level == "national":
        code, name = row.code("country_code"), "England"
        if code != ENGLAND:
            raise row.wrong("country_code", f"{code} is not England, {ENGLAND}")
    elif level == "local authority":
        if row.cells["new_la_code"].lower() in {"", *SYMBOLS}:
            return None
        code, name = row.code("new_la_code"), row.given("la_name")
    else:
        return None
    edition.names[code] = name
    return code


def _is_total(row: Row, filters: list[str]) -> bool:
    return all(_says_all(row, name) for name in filters)


def _says_all(row: Row, column: str) -> bool:
    """`Total` or `All …`; of a breakdown, that it has its own topic's name, which is how the newer files say it."""
    cell = row.cells[column].lower()
    if column in ("breakdown", "breakdown_topic") and {"breakdown", "breakdown_topic"} <= row.cells.keys():
        return row.cells["breakdown"].lower() == row.cells["breakdown_topic"].lower()
    return cell in ("total", "all") or cell.startswith("all ")


def read_ages(kind: Kind, header: list[str], rows: Iterator[Row], edition: Edition) -> None:
    """The Office for National Statistics' estimates: a row for each district, sex and year of age, a column a year."""
    code, name = (
        next((c for c in header if _DISTRICT.fullmatch(c) and c.startswith(p)), None) for p in ("ladcode", "laname")
    )
    if code is None or name is None:
        raise NotForUs(edition.name, None, None, f"has no ladcode and laname column, so is no {kind.title}")
    years = {column: int(found[1]) for column in header if (found := _POPULATION.fullmatch(column))}
    sums: dict[tuple[str, str, int], int] = defaultdict(int)
    ages: dict[tuple[str, str], dict[int, int]] = defaultdict(dict)
    for row in rows:
        edition.rows += 1
        age = row.whole("age", 0, 130)
        if age > OLDEST_CHILD or CODE.fullmatch(row.given(code)) is None:
            edition.passed_over += 1
            continue
        area = row.given(code)
        edition.names[area] = row.given(name)
        if (first := ages[area, row.given("sex")].setdefault(age, row.line)) != row.line:
            raise row.wrong("age", f"{area} has this sex and age in line {first} already")
        for column, year in years.items():
            people = row.whole(column, 0, 10**8)
            sums[area, POPULATION, year] += people
            sums[area, POPULATION_24, year] += people if age < OLDEST_CHILD else 0
    for (area, sex), of in ages.items():
        if missing := sorted(set(range(OLDEST_CHILD + 1)) - set(of)):
            raise Unusable(edition.name, None, "age", f"{area}, sex {sex}, has no row for age {missing[0]}")
    outside = [year for year in years.values() if not FIRST_YEAR <= year <= LAST_YEAR]
    if outside:
        raise Unusable(edition.name, None, f"population_{outside[0]}", f"is outside {FIRST_YEAR} to {LAST_YEAR}")
    edition.figures = [Figure(area, measure, year, people) for (area, measure, year), people in sorted(sums.items())]


def read_neighbours(kind: Kind, header: list[str], rows: Iterator[Row], edition: Edition) -> None:
    """A row for each authority and neighbour, with the neighbour's rank: 1 is the nearest."""
    of, near = (next(name for name in group if name in header) for group in kind.known_by[:2])
    found: dict[str, dict[int, str]] = defaultdict(dict)
    for row in rows:
        edition.rows += 1
        authority, neighbour, rank = row.code(of), row.code(near), row.whole("rank", 1, MOST_NEIGHBOURS)
        if neighbour == authority:
            raise row.wrong(near, f"{authority} is no neighbour of itself")
        if neighbour in found[authority].values():
            raise row.wrong(near, f"{neighbour} is a neighbour of {authority} already")
        if found[authority].setdefault(rank, neighbour) != neighbour:
            raise row.wrong("rank", f"{authority} has a neighbour of rank {rank} already")
    edition.neighbours = {authority: [by[rank] for rank in sorted(by)] for authority, by in found.items()}


READERS: dict[str, Reader] = {"house": read_house, "ages": read_ages, "neighbours": read_neighbours}
