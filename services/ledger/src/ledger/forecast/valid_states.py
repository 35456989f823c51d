"""Which settings there are, for which academic years and needs, and where a child may go from one: `valid-states`."""

from dataclasses import dataclass

from ledger.forecast.cells import academic_year, codes
from ledger.forecast.faults import BadInput, Faults, collected
from ledger.forecast.table import Row, Source, rows

NONSEND = "NONSEND"  # outside the system
COLUMNS = ("setting", "min-academic-year", "max-academic-year", "needs", "setting->setting")


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: the first and last academic year it takes, both inclusive, its needs, and where one may go."""

    first: int
    last: int
    needs: frozenset[str]
    goes_to: frozenset[str]
    line: int

    def takes(self, need: str, year: int) -> bool:
        """Whether a child of that need can be there in that academic year."""
        return need in self.needs and self.first <= year <= self.last


Settings = dict[str, Setting]


def read_settings(source: Source) -> Settings:
    """Every setting by its code. BadInput with every fault."""
    found: Settings = {}
    with collected() as faults:
        for row in rows(source, COLUMNS, faults):
            _add(found, row, source, faults)
        for code, setting in found.items():
            for other in sorted(setting.goes_to - found.keys()):
                faults.add(source.name, setting.line, f"setting {code} leads to {other}, which is no setting here")
    if not found:
        raise BadInput([f"{source.name}, line 2: no settings under the header."])
    return found


def _add(found: Settings, row: Row, source: Source, faults: Faults) -> None:
    code, first, last, needs, goes_to = row.cells
    try:
        setting = Setting(academic_year(first), academic_year(last), codes(needs), codes(goes_to), row.line)
    except ValueError as error:
        faults.add(source.name, row.line, str(error))
        return
    if not code or code == NONSEND:
        faults.add(source.name, row.line, f"{code or 'nothing'!r} is no code of a setting")
    elif code in found:
        faults.add(source.name, row.line, f"setting {code} stands on line {found[code].line} already")
    elif setting.first > setting.last:
        faults.add(
            source.name, row.line, f"setting {code} ends with academic year {last}, before it starts with {first}"
        )
    elif not setting.needs:
        faults.add(source.name, row.line, f"setting {code} has no needs")
    else:
        found[code] = setting
