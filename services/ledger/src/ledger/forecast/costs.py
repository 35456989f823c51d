"""What a child costs for a year, by need and setting, in whole pence: never nothing because nothing was said."""

from ledger.forecast.cells import pence
from ledger.forecast.faults import BadInput, collected
from ledger.forecast.table import Source, rows
from ledger.forecast.valid_states import Settings

COLUMNS = ("need", "setting", "cost")

Costs = dict[tuple[str, str], int]


def read_costs(source: Source, settings: Settings, occurring: dict[tuple[str, str], str]) -> Costs:
    """Pence by need and setting. BadInput with every fault, of which one is a state of `occurring` without a cost.

    `occurring` has every (need, setting) a child can be in, with where that is seen.
    """
    found: Costs = {}
    lines: dict[tuple[str, str], int] = {}
    last_line = 1
    with collected() as faults:
        for row in rows(source, COLUMNS, faults):
            last_line = row.line
            need, setting, cost = row.cells
            if setting not in settings:
                faults.add(source.name, row.line, f"setting {setting!r:.40} is not among the valid states")
            elif need not in settings[setting].needs:
                faults.add(source.name, row.line, f"setting {setting} does not take need {need!r:.40}")
            elif (need, setting) in lines:
                what = f"need {need}, setting {setting}, stands on line {lines[need, setting]} already"
                faults.add(source.name, row.line, what)
            else:
                lines[need, setting] = row.line
                try:
                    found[need, setting] = pence(cost)
                except ValueError as error:
                    faults.add(source.name, row.line, str(error))
        for (need, setting), seen in occurring.items():
            if (need, setting) not in lines:
                what = f"no cost for need {need} in setting {setting} down to here, and a child is there in {seen}"
                faults.add(source.name, last_line, what)
    if not found:
        raise BadInput([f"{source.name}, line 2: no costs under the header."])
    return found
