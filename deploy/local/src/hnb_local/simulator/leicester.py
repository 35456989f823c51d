"""The figures the synthetic Leicester year must end on: its table, its budgets and its days."""

from dataclasses import dataclass
from datetime import date

AUTHORITY = "E06000016"
YEAR = 2025
FIRST_DAY, LAST_DAY = date(2025, 4, 1), date(2026, 3, 31)
SEPTEMBER, CENSUS = date(2025, 9, 1), date(2026, 1, 15)
NO_PLACEMENT = "no-placement"

GRANT_POUNDS = 88_600_000
RESERVE_OPENING_POUNDS = -22_200_000


@dataclass(frozen=True, slots=True)
class Row:
    """One row of the table: the line it is paid from, the plans in it at the census, and its pounds for the year."""

    line: str
    plans: int
    total_pounds: int
    unit_pounds: int = 0


# Plans are published (January 2026); unit costs are invented so that the year ends on the review's forecast.
ROWS: dict[str, Row] = {
    "mainstream": Row("mainstream", 1_892, 17_406_400, 9_200),
    "resourced-provision": Row("resourced-provision", 321, 5_457_000, 17_000),
    "special": Row("special", 1_179, 39_496_500, 33_500),
    "independent": Row("independent", 175, 11_637_500, 66_500),
    "alternative": Row("alternative", 55, 1_485_000, 27_000),
    "post-16": Row("post-16", 345, 5_002_500, 14_500),
    "otherwise": Row("otherwise", 36, 1_620_000, 45_000),
    "early-years": Row("early-years", 91, 637_000, 7_000),
    NO_PLACEMENT: Row("", 81, 0),
    "element-3": Row("element-3", 0, 6_960_000, 4_800),
    "inclusion-fund": Row("inclusion-fund", 0, 900_000),
    "alternative-no-plan": Row("alternative", 0, 6_200_000, 15_000),
    "sen-support": Row("sen-support", 0, 7_400_000),
    "inclusion": Row("inclusion", 0, 2_300_000),
    "hospital": Row("hospital", 0, 1_700_000),
    "therapies": Row("therapies", 0, 900_000),
    # A place in a resourced provision that nobody fills costs the authority 10,000 a year: they are on that line.
    "empty-places": Row("resourced-provision", 0, 1_100_000, 10_000),
    "contingency": Row("contingency", 0, 998_100),
}
ELEMENT_3_CHILDREN = 1_450
EMPTY_PLACES = 110

# Invented; together they are the grant, so that the total headroom is the in-year overspend itself. Tribunals are
# the general fund's and beside it.
BUDGETS_POUNDS: dict[str, int] = {
    "mainstream": 12_900_000,
    "resourced-provision": 5_400_000,
    "special": 31_600_000,
    "independent": 6_900_000,
    "alternative": 5_200_000,
    "post-16": 4_300_000,
    "otherwise": 900_000,
    "early-years": 660_000,
    "element-3": 6_000_000,
    "inclusion-fund": 900_000,
    "sen-support": 7_400_000,
    "inclusion": 2_350_000,
    "hospital": 1_650_000,
    "therapies": 900_000,
    "contingency": 1_540_000,
    "tribunal": 400_000,
}


def expected_pence() -> dict[str, int]:
    """What each high-needs line must cost in the year, committed and spent together."""
    lines: dict[str, int] = {}
    for row in ROWS.values():
        if row.line:
            lines[row.line] = lines.get(row.line, 0) + row.total_pounds * 100
    return lines
