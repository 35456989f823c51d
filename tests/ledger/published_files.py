"""Small files in the shape of government's, as lines of text."""

import csv
import io
import zipfile
from collections.abc import Sequence

LEICESTER, DERBY, BRISTOL, ENGLAND = "E06000016", "E06000015", "E06000023", "E92000001"
NAMES = {LEICESTER: "Leicester", DERBY: "Derby", BRISTOL: "Bristol, City of", "E06000018": "Nottingham"}
HOUSE = [
    "time_period", "time_identifier", "geographic_level", "country_code", "country_name", "region_code", "region_name",
    "old_la_code", "new_la_code", "la_name",
]  # fmt: skip
PLANS = ["breakdown_topic", "breakdown", "ehc_plans"]
SPEND = ["category_of_expenditure", "gross_expenditure", "income", "net_expenditure"]
TOP_UP = "1.2.3 Top-up and other funding - non-maintained and independent providers"


def area(year: str, authority: str) -> list[str]:
    """The first columns of a row of the department's."""
    if authority == ENGLAND:
        return [year, "Calendar year", "National", ENGLAND, "England", "", "", "", "", ""]
    return [year, "Calendar year", "Local authority", ENGLAND, "England", "E12000004", "East Midlands", "856",
            authority, NAMES[authority]]  # fmt: skip


def a_file(header: Sequence[str], *rows: Sequence[str]) -> str:
    out = io.StringIO()
    csv.writer(out).writerows([header, *rows])
    return out.getvalue()


def plans(*counts: tuple[str, str, str]) -> str:
    """Plans by year, authority and count."""
    rows = [[*area(year, of), "All EHC plans", "All EHC plans", count] for year, of, count in counts]
    return a_file([*HOUSE, *PLANS], *rows)


def spend(*amounts: tuple[str, str, str]) -> str:
    """Net spending on independent places by financial year, authority and millions of pounds."""
    rows = [[*area(year, of), TOP_UP, millions, "0", millions] for year, of, millions in amounts]
    return a_file([*HOUSE, *SPEND], *rows)


def appeals(*counts: tuple[str, str, str]) -> str:
    return a_file([*HOUSE, "appeals_registered", "appeal_rate"], *([*area(y, of), n, "3.375"] for y, of, n in counts))


def people(*counts: tuple[str, str, str]) -> str:
    return a_file([*HOUSE, "population_0_25"], *([*area(year, of), count] for year, of, count in counts))


def near(*rows: tuple[str, str, str]) -> str:
    return a_file(["la_code", "neighbour_code", "rank"], *rows)


def ages(people: int = 10, leave_out: int = -1) -> str:
    """Leicester by sex and year of age, under the title that stands above it."""
    rows = [
        [LEICESTER, "Leicester", "E", sex, str(age), str(people), str(people + 1)]
        for sex in "MF" for age in range(30) if age != leave_out
    ]  # fmt: skip
    header = ["ladcode23", "laname23", "country", "sex", "age", "population_2023", "population_2024"]
    return '"Estimates, by sex and single year of age"\r\n' + a_file(header, *rows)


def zipped(**files: str) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name.replace("__", "/").replace("_csv", ".csv").replace("_txt", ".txt"), text)
    return out.getvalue()
