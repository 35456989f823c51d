"""How many people there are of each academic year, each January: what joiners come from."""

from dataclasses import dataclass

from ledger.forecast.cells import academic_year, calendar_year, people
from ledger.forecast.faults import BadInput, collected
from ledger.forecast.table import Source, rows

COLUMNS = ("calendar-year", "academic-year", "population")


@dataclass(frozen=True, slots=True)
class Population:
    """People by calendar and academic year, each with its line; the file's name and last line for what is absent."""

    people: dict[tuple[int, int], int]
    lines: dict[tuple[int, int], int]
    name: str
    last_line: int


def read_population(source: Source) -> Population:
    """A file's population. BadInput with every fault."""
    found: dict[tuple[int, int], int] = {}
    lines: dict[tuple[int, int], int] = {}
    last_line = 1
    with collected() as faults:
        for row in rows(source, COLUMNS, faults):
            last_line = row.line
            try:
                key = calendar_year(row.cells[0]), academic_year(row.cells[1])
                number = people(row.cells[2])
            except ValueError as error:
                faults.add(source.name, row.line, str(error))
                continue
            if key in lines:
                what = f"{key[0]}, academic year {key[1]}, stands on line {lines[key]} already"
                faults.add(source.name, row.line, what)
            found.setdefault(key, number)
            lines.setdefault(key, row.line)
    if not found:
        raise BadInput([f"{source.name}, line 2: no population under the header."])
    return Population(found, lines, source.name, last_line)
