"""Government's published files, read as they are downloaded: tolerant of how they are saved, of nothing else."""

import pytest

from hnb_local.simulator.published import made_up_files
from ledger.published.editions import Edition, Figure, NotForUs, Unusable
from ledger.published.reading import read_csv
from ledger.published.unpacking import read_download
from tests.ledger.published_files import (
    BRISTOL,
    DERBY,
    ENGLAND,
    HOUSE,
    LEICESTER,
    PLANS,
    SPEND,
    TOP_UP,
    a_file,
    ages,
    appeals,
    area,
    near,
    people,
    plans,
    spend,
    zipped,
)  # fmt: skip


def read(text: str) -> Edition:
    return read_csv("file.csv", text.encode())


def refused(text: str | bytes) -> Unusable:
    with pytest.raises(Unusable) as caught:
        read_csv("file.csv", text if isinstance(text, bytes) else text.encode())
    return caught.value


def figures(edition: Edition) -> dict[tuple[str, str, int], int | str | None]:
    return {(one.authority, one.measure, one.year): one.symbol or one.value for one in edition.figures}


def test_plans_are_read_by_authority_and_january() -> None:
    found = read(plans(("2025", LEICESTER, "4057"), ("2025", ENGLAND, "638,745"), ("2024", BRISTOL, "c")))
    assert found.kind == "ehc-plans"
    assert figures(found) == {
        (LEICESTER, "plans", 2025): 4_057, (ENGLAND, "plans", 2025): 638_745, (BRISTOL, "plans", 2024): "c",
    }  # fmt: skip
    assert found.names == {LEICESTER: "Leicester", ENGLAND: "England", BRISTOL: "Bristol, City of"}


def test_the_older_file_of_plans_is_read_by_its_totals() -> None:
    header = [*HOUSE, "establishment_group", "establishment_type", "ehcp_or_statement", "num_caseload", "pc_caseload"]
    rows = [
        [*area("2023", LEICESTER), "Total", "Total", "Total", "3387", "100"],
        [*area("2023", LEICESTER), "Total", "Total", "EHCP", "3387", "100"],
        [*area("2023", LEICESTER), "Special school", "Total", "Total", "1040", "30.7"],
    ]
    found = read(a_file(header, *rows))
    assert figures(found) == {(LEICESTER, "plans", 2023): 3_387}
    assert (found.rows, found.passed_over) == (3, 2)


def test_a_breakdown_is_no_total_though_it_is_called_one() -> None:
    rows = [[*area("2025", LEICESTER), topic, breakdown, count] for topic, breakdown, count in (
        ("All EHC plans", "All EHC plans", "4057"), ("Sex", "Total", "4000"), ("Age", "Under 5", "129"),
    )]  # fmt: skip
    assert figures(read(a_file([*HOUSE, *PLANS], *rows))) == {(LEICESTER, "plans", 2025): 4_057}


def test_a_school_census_belongs_to_its_january() -> None:
    header = [*HOUSE, "phase_type_grouping", "type_of_establishment", "hospital_school", "total_pupils", "sen_support",
              "ehc_plan", "sen_support_percent", "ehc_plan_percent"]  # fmt: skip
    rows = [
        [*area("202425", LEICESTER), "Total", "Total", "Total", "61000", "7503", "2806", "12.3", "4.6"],
        [*area("202425", LEICESTER), "Total", "Academy converter", "No", "9000", "900", "90", "10", "1"],
    ]
    assert figures(read(a_file(header, *rows))) == {
        (LEICESTER, "pupils", 2025): 61_000, (LEICESTER, "pupils_with_plan", 2025): 2_806,
        (LEICESTER, "pupils_sen_support", 2025): 7_503,
    }  # fmt: skip


def test_section_251_is_pence_by_line_and_keeps_what_it_earned_back() -> None:
    rows = [
        [*area("202324", LEICESTER), TOP_UP, "11.63750", "0.5", "11.13750"],
        [*area("202324", LEICESTER), "1.2.13 Therapies", ":", ":", ":"],
        [*area("202324", LEICESTER), "1.9.3 Carried forward", "-22.2", "0", "-22.2"],
        [*area("202324", LEICESTER), "Total high needs", "99", "0", "99"],
    ]
    found = read(a_file([*HOUSE, *SPEND], *rows))
    assert figures(found) == {
        (LEICESTER, "outturn:1.2.3", 2023): 1_113_750_000, (LEICESTER, "outturn:1.2.13", 2023): ":",
        (LEICESTER, "outturn:1.9.3", 2023): -2_220_000_000,
    }  # fmt: skip


def test_appeals_are_counted_and_their_rate_kept_in_hundredths_of_a_percent() -> None:
    found = figures(read(appeals(("2024", LEICESTER, "97"))))
    assert found == {(LEICESTER, "appeals", 2024): 97, (LEICESTER, "appeal_rate", 2024): 338}


def test_people_by_age_are_added_up_to_25_and_to_24() -> None:
    found = read(ages(10))
    assert found.kind == "population-by-age"
    assert figures(found) == {
        (LEICESTER, "population_0_25", 2023): 520, (LEICESTER, "population_0_24", 2023): 500,
        (LEICESTER, "population_0_25", 2024): 572, (LEICESTER, "population_0_24", 2024): 550,
    }  # fmt: skip


def test_neighbours_are_in_order_of_rank() -> None:
    found = read(near((LEICESTER, BRISTOL, "2"), (LEICESTER, DERBY, "1")))
    assert found.neighbours == {LEICESTER: [DERBY, BRISTOL]}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_a_file_is_read_however_it_was_saved(encoding: str) -> None:
    text = plans(("2025", LEICESTER, "4057")).replace("Leicester", "Château-le-Leicester")
    found = read_csv("file.csv", text.encode(encoding))
    assert found.names == {LEICESTER: "Château-le-Leicester"}


def test_spaces_capitals_and_empty_lines_make_no_difference() -> None:
    header, row = plans(("2025", BRISTOL, "4057")).splitlines()
    spaced = row.replace(f",{BRISTOL},", f", {BRISTOL} ,").replace("4057", " 4057 ")
    found = read(f"{header.upper()}\n\n{spaced}\n\n")
    assert figures(found) == {(BRISTOL, "plans", 2025): 4_057}
    assert found.names[BRISTOL] == "Bristol, City of"


def test_regions_and_areas_without_a_code_are_passed_over() -> None:
    region = [*area("2025", LEICESTER), "All EHC plans", "All EHC plans", "1"]
    region[2] = "Regional"
    nowhere = [*area("2025", LEICESTER), "All EHC plans", "All EHC plans", "1"]
    nowhere[8] = "z"
    good = [*area("2025", LEICESTER), "All EHC plans", "All EHC plans", "4057"]
    found = read(a_file([*HOUSE, *PLANS], region, nowhere, good))
    assert found.figures == [Figure(LEICESTER, "plans", 2025, 4_057)]
    assert found.passed_over == 2


@pytest.mark.parametrize(
    ("change", "line", "column", "says"),
    [
        (("4057", "about 4000"), 2, "ehc_plans", "neither a number nor one of"),
        (("4057", "4057.5"), 2, "ehc_plans", "not a whole number"),
        (("4057", "-1"), 2, "ehc_plans", "below nought"),
        (("4057", ""), 2, "ehc_plans", "is empty"),
        (("4057", "4,05"), 2, None, "cells under"),
        (("2025,", "25,"), 2, "time_period", "no calendar year"),
        (("2025,", "1066,"), 2, "time_period", "outside 1990"),
        ((LEICESTER, "856"), 2, "new_la_code", "no ONS code"),
        (("Leicester", ""), 2, "la_name", "is empty"),
        (("ehc_plans", "la_name"), None, None, "none of the files known here"),
        (("old_la_code", "la_name"), 1, "la_name", "twice"),
    ],
)
def test_what_is_wrong_is_named_by_file_line_and_column(
    change: tuple[str, str], line: int | None, column: str | None, says: str
) -> None:
    wrong = refused(plans(("2025", LEICESTER, "4057")).replace(*change))
    assert wrong.file == "file.csv"
    assert line is None or wrong.line == line
    assert wrong.column == column
    assert says in str(wrong)


def test_an_unquoted_thousand_is_refused_as_a_cell_too_many() -> None:
    text = plans(("2025", ENGLAND, "638745")).replace("638745", "638,745")
    assert "14 cells under 13 columns" in str(refused(text))


def test_one_figure_twice_is_refused_though_it_is_the_same() -> None:
    wrong = refused(plans(("2025", LEICESTER, "4057"), ("2025", LEICESTER, "4057")))
    assert (wrong.line, wrong.column) == (3, "ehc_plans")
    assert "in line 2 already" in str(wrong)


def test_a_financial_year_must_follow_itself() -> None:
    assert "does not follow" in str(refused(spend(("202326", LEICESTER, "80"))))
    assert "no financial year" in str(refused(spend(("2023", LEICESTER, "80"))))


def test_a_year_of_age_left_out_is_refused() -> None:
    assert f"{LEICESTER}, sex M, has no row for age 7" in str(refused(ages(leave_out=7)))


@pytest.mark.parametrize(
    ("row", "column"),
    [
        ((LEICESTER, LEICESTER, "2"), "neighbour_code"),
        ((LEICESTER, DERBY, "2"), "neighbour_code"),
        ((LEICESTER, BRISTOL, "1"), "rank"),
        ((LEICESTER, BRISTOL, "0"), "rank"),
        (("856", BRISTOL, "2"), "la_code"),
    ],
)
def test_neighbours_that_cannot_be_are_refused(row: tuple[str, str, str], column: str) -> None:
    wrong = refused(near((LEICESTER, DERBY, "1"), row))
    assert (wrong.line, wrong.column) == (3, column)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        (b"", "is empty"), (b"\n\n", "is empty"), (b"\xff\xfea\x00", "UTF-16"), (b"time_period\n\x00", "zero byte"),
        (b"caf\x81\n", "neither UTF-8 nor Windows-1252"), (b'a,"b\nc', "is no CSV"),
        (b"setting_id,amount\nS1,3\n", "none of the files known here"),
        (plans().encode(), "no rows under its header"),
    ],
)  # fmt: skip
def test_what_is_no_published_file_is_refused(raw: bytes, says: str) -> None:
    assert says in str(refused(raw))


def test_a_zip_gives_what_is_for_us_and_says_what_is_not() -> None:
    raw = zipped(
        data__plans_csv=plans(("2025", LEICESTER, "4057")), data__people_csv=people(("2024", LEICESTER, "137000")),
        data__weather_csv="day,rain\n1,2\n", data_guidance_txt="Read me",
    )  # fmt: skip
    found = read_download("all.zip", raw)
    assert [one.name for one in found.editions] == ["all.zip/data/plans.csv", "all.zip/data/people.csv"]
    assert len(found.passed_over) == 1
    assert "weather.csv" in found.passed_over[0]


def test_one_wrong_cell_in_a_zip_refuses_all_of_it() -> None:
    raw = zipped(a_csv=plans(("2025", LEICESTER, "4057")), b_csv=plans(("2025", DERBY, "many")))
    with pytest.raises(Unusable, match=r"all\.zip/b\.csv, line 2, column ehc_plans"):
        read_download("all.zip", raw)


def test_a_zip_of_other_things_or_cut_short_is_refused() -> None:
    with pytest.raises(NotForUs, match="holds no file that is known"):
        read_download("all.zip", zipped(a_csv="day,rain\n1,2\n"))
    with pytest.raises(Unusable, match="download it again"):
        read_download("all.zip", zipped(a_csv=plans(("2025", LEICESTER, "1")))[:-30])
    with pytest.raises(Unusable, match="is no zip"):
        read_download("all.zip", b"<html>Not found</html>")


def test_every_made_up_file_of_the_demo_is_a_published_file() -> None:
    kinds = {name: read_csv(name, text.encode()).kind for name, text in made_up_files().items()}
    assert kinds == {f"invented-{kind}.csv": kind for kind in (
        "ehc-plans", "sen-pupils", "s251-outturn", "appeals", "population", "neighbours",
    )}  # fmt: skip
