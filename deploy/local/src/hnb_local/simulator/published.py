"""`hnb simulate published`: made-up files in the shape of government's, so that a demo has something to compare with.

Leicester's and England's counts of plans, their shares of pupils and Leicester's appeals are as published or as the
review has them. All else, every other council and its name included, is invented, and each file's name says so.
"""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Annotated

import typer

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.simulator.leicester import AUTHORITY

EXAMPLE = "Example: hnb simulate published --out published && hnb import benchmarks published/*.csv"
ENGLAND = "E92000001"
HOUSE = (
    "time_period", "time_identifier", "geographic_level", "country_code", "country_name", "region_code", "region_name",
    "old_la_code", "new_la_code", "la_name",
)  # fmt: skip
# Codes that no council has, and towns from novels.
INVENTED = {
    "E06999901": "Barchester (invented)", "E06999902": "Borchester (invented)", "E06999903": "Casterbridge (invented)",
    "E06999904": "Cranford (invented)", "E06999905": "Middlemarch (invented)",
}  # fmt: skip
NAMES = {AUTHORITY: "Leicester", ENGLAND: "England", **INVENTED}

# January 2024 and 2025. Leicester's two and England's second are as published.
PLANS = {
    AUTHORITY: (3_824, 4_057), ENGLAND: (576_000, 638_745), "E06999901": (3_950, 4_410), "E06999902": (2_870, 3_120),
    "E06999903": (4_480, 5_030), "E06999904": (2_210, 2_490), "E06999905": (3_300, 3_560),
}  # fmt: skip
# January 2025: pupils, with a plan, on SEN support. Leicester's shares are 4.6% and 12.3%, England's 5.3% and 14.2%.
PUPILS = {
    AUTHORITY: (61_000, 2_806, 7_503), ENGLAND: (9_100_000, 482_300, 1_292_200), "E06999901": (58_000, 3_190, 8_352),
    "E06999902": (44_000, 2_288, 5_896), "E06999903": (63_500, 3_747, 9_335), "E06999904": (31_000, 1_519, 4_123),
    "E06999905": (52_000, 2_548, 7_124),
}  # fmt: skip
# The middle of 2024, aged 0 to 25.
POPULATION = {
    AUTHORITY: 137_000, ENGLAND: 17_900_000, "E06999901": 118_000, "E06999902": 91_000, "E06999903": 129_000,
    "E06999904": 64_000, "E06999905": 106_000,
}  # fmt: skip
# 2024, as registered; Leicester's is as published.
APPEALS = {
    AUTHORITY: 97, ENGLAND: 24_000, "E06999901": 151, "E06999902": 88, "E06999903": 204, "E06999904": 61,
    "E06999905": 119,
}  # fmt: skip
# 2023-24 and 2024-25 in millions of pounds; England's so that caseload is the 90.7% of its growth that is often quoted.
SPEND = {
    AUTHORITY: (79.4, 88.9), ENGLAND: (10_000.0, 11_207.4), "E06999901": (78.2, 89.9), "E06999902": (55.1, 61.8),
    "E06999903": (86.0, 99.7), "E06999904": (40.3, 46.5), "E06999905": (61.5, 68.4),
}  # fmt: skip
SHARES = {
    "1.0.2 High needs place funding": 15, "1.2.1 Top-up funding - maintained schools": 27,
    "1.2.2 Top-up funding - academies, free schools and colleges": 30,
    "1.2.3 Top-up and other funding - non-maintained and independent providers": 20, "1.2.5 SEN support services": 8,
}  # fmt: skip


def published(
    out: Annotated[Path, typer.Option(help="The folder the files go to.")] = Path("published"),
) -> None:
    """Write made-up published files, to try benchmarking with. Where real ones are imported, do not import these."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        for name, text in made_up_files().items():
            (out / name).write_text(text, encoding="utf-8-sig", newline="")
            typer.echo(f"Wrote {out / name}: invented figures.")
    except OSError as error:
        raise CommandFailed(f"{out} cannot be written: {error.strerror}.", WRONG_USE) from None


def made_up_files() -> dict[str, str]:
    """The six files by name."""
    plans = (
        [*_house(year, "Calendar year", code), "All EHC plans", "All EHC plans", count]
        for code, counts in PLANS.items() for year, count in zip(("2024", "2025"), counts, strict=True)
    )  # fmt: skip
    pupils = ([*_house("202425", "Academic year", code), "Total", "Total", "Total", *of] for code, of in PUPILS.items())
    spend = (
        [*_house(year, "Financial year", code), category, f"{millions * share / 100:.5f}"]
        for code, both in SPEND.items() for year, millions in zip(("202324", "202425"), both, strict=True)
        for category, share in SHARES.items()
    )  # fmt: skip
    appeals = ([*_house("2024", "Calendar year", code), count] for code, count in APPEALS.items())
    people = ([*_house("2024", "Calendar year", code), count] for code, count in POPULATION.items())
    near = ([AUTHORITY, code, rank] for rank, code in enumerate(INVENTED, 1))
    filters = ("phase_type_grouping", "type_of_establishment", "hospital_school")
    return {
        "invented-ehc-plans.csv": _csv((*HOUSE, "breakdown_topic", "breakdown", "ehc_plans"), plans),
        "invented-sen-pupils.csv": _csv((*HOUSE, *filters, "total_pupils", "ehc_plan", "sen_support"), pupils),
        "invented-s251-outturn.csv": _csv((*HOUSE, "category_of_expenditure", "net_expenditure"), spend),
        "invented-appeals.csv": _csv((*HOUSE, "appeals_registered"), appeals),
        "invented-population.csv": _csv((*HOUSE, "population_0_25"), people),
        "invented-neighbours.csv": _csv(("la_code", "neighbour_code", "rank"), near),
    }


def _house(period: str, identifier: str, code: str) -> list[object]:
    if code == ENGLAND:
        return [period, identifier, "National", ENGLAND, "England", "", "", "", "", ""]
    return [period, identifier, "Local authority", ENGLAND, "England", "", "", "", code, NAMES[code]]


def _csv(header: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(header)
    writer.writerows(rows)
    return out.getvalue()
