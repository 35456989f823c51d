"""What children did, January to January: every row possible by the settings, or named with its line."""

from dataclasses import dataclass
from itertools import pairwise

from ledger.forecast.cells import academic_year, calendar_year
from ledger.forecast.faults import BadInput, collected
from ledger.forecast.table import Row, Source, distinct_rows
from ledger.forecast.valid_states import NONSEND, Settings

COLUMNS = (
    "calendar-year", "setting-1", "need-1", "academic-year-1", "setting-2", "need-2", "academic-year-2",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """Where a child is: NONSEND for both outside the system."""

    setting: str
    need: str

    @property
    def inside(self) -> bool:
        """Whether that is in the system."""
        return self.setting != NONSEND


@dataclass(frozen=True, slots=True)
class Transition:
    """So many children of one academic year who went from one place in January to another in the next."""

    year: int
    age: int  # the academic year of the first January
    before: Place
    after: Place
    count: int
    line: int


def read_transitions(source: Source, settings: Settings) -> list[Transition]:
    """All of a file's transitions, of years without a gap. BadInput with every fault."""
    found: list[Transition] = []
    needs = frozenset().union(*(setting.needs for setting in settings.values()))
    with collected() as faults:
        for row in distinct_rows(source, COLUMNS, faults):
            try:
                found.append(_transition(row, settings, needs))
            except ValueError as error:
                faults.add(source.name, row.line, str(error))
    if not found:
        raise BadInput([f"{source.name}, line 2: no transitions under the header."])
    _refuse_gaps(source, found)
    return found


def _transition(row: Row, settings: Settings, needs: frozenset[str]) -> Transition:
    year, setting_1, need_1, age_1, setting_2, need_2, age_2 = row.cells
    before, after = _place(setting_1, need_1, settings, needs), _place(setting_2, need_2, settings, needs)
    age, next_age = academic_year(age_1, "academic-year-1"), academic_year(age_2, "academic-year-2")
    if next_age != age + 1:
        raise ValueError(f"academic year {age} is followed by {next_age}, not by {age + 1}")
    if not (before.inside or after.inside):
        raise ValueError(f"a child goes from {NONSEND} to {NONSEND}, which is no transition")
    for place, at in ((before, age), (after, next_age)):
        if place.inside and not settings[place.setting].takes(place.need, at):
            raise ValueError(_not_taken(place, at, settings))
    moves = before.inside and after.inside and before.setting != after.setting
    if moves and after.setting not in settings[before.setting].goes_to:
        raise ValueError(f"setting {before.setting} does not lead to setting {after.setting}")
    return Transition(calendar_year(year), age, before, after, row.count, row.line)


def _place(setting: str, need: str, settings: Settings, needs: frozenset[str]) -> Place:
    if setting != NONSEND and setting not in settings:
        raise ValueError(f"setting {setting!r:.40} is not among the valid states")
    if need != NONSEND and need not in needs:
        raise ValueError(f"need {need!r:.40} is not among the valid states")
    if (setting == NONSEND) != (need == NONSEND):
        raise ValueError(f"setting {setting} with need {need}: both are {NONSEND}, or neither")
    return Place(setting, need)


def _not_taken(place: Place, age: int, settings: Settings) -> str:
    setting = settings[place.setting]
    if place.need not in setting.needs:
        return f"setting {place.setting} does not take need {place.need}"
    return f"setting {place.setting} takes academic years {setting.first} to {setting.last}, not {age}"


def _refuse_gaps(source: Source, found: list[Transition]) -> None:
    first_line: dict[int, int] = {}
    for one in found:
        first_line[one.year] = min(one.line, first_line.get(one.year, one.line))
    years = sorted(first_line)
    with collected() as faults:
        for before, after in pairwise(years):
            if after != before + 1:
                missing = f"{before + 1}" if after == before + 2 else f"{before + 1} to {after - 1}"
                faults.add(source.name, first_line[after], f"{after} follows {before}: {missing} is missing")
