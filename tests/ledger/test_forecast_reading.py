"""The forecast's files: read as they are meant, or every fault named with its file and line."""

from dataclasses import replace

import numpy as np
import pytest

from ledger.forecast.costs import Costs
from ledger.forecast.faults import BadInput
from ledger.forecast.history import History, disagreements
from ledger.forecast.reading import read_history
from ledger.forecast.run import Forecast, forecast
from tests.ledger.forecast_files import COSTS, HEADER, POPULATION, ROWS, VALID, Files


def read(files: Files, years_ahead: int = 2) -> tuple[History, Costs]:
    sources = [files.source(name) for name in ("transitions", "population", "valid_states")]
    found = read_history(*sources, years_ahead=years_ahead)
    return found.history, found.costs(files.source("costs"))


def faults(files: Files, years_ahead: int = 2) -> list[str]:
    with pytest.raises(BadInput) as caught:
        read(files, years_ahead)
    return caught.value.faults


def run(files: Files) -> Forecast:
    return forecast(
        transitions=files.source("transitions"),
        population=files.source("population"),
        costs=files.source("costs"),
        valid_states=files.source("valid_states"),
        years=2,
        simulations=40,
        seed=1,
    )


def test_a_row_is_one_child_from_one_january_to_the_next() -> None:
    history, costs = read(Files())
    space = history.space
    assert (history.first_year, history.years, history.last_january) == (2023, 2, 2025)
    assert space.pairs == (
        ("ASD", "mainstream"), ("SEMH", "mainstream"), ("ASD", "special"), ("SEMH", "special"), ("ASD", "unit"),
    )  # fmt: skip
    assert history.start.sum(axis=(1, 2)).tolist() == [3, 3]
    assert history.end.sum(axis=(1, 2)).tolist() == [4, 2]
    assert [history.joined.sum(), history.left.sum(), history.moved.sum(), history.routes.sum()] == [1, 1, 2, 2]
    age_4 = 4 - space.lowest
    assert history.start[0, age_4].tolist() == [2, 0, 0, 0, 0]
    assert history.end[0, age_4 + 1].tolist() == [2, 0, 0, 0, 0]
    assert costs["ASD", "mainstream"] == 920_001
    assert disagreements(history) == [(2024, 4, 3)]


def test_costs_are_whole_pence_and_the_sum_of_the_children_there_times_theirs() -> None:
    found = run(Files())
    assert (found.children, found.cost_pence) == (2, 920_001 + 3_400_000)
    one_price = Files(costs="need,setting,cost\n" + "".join(f"{pair},10.01\n" for pair in (
        "ASD,mainstream", "SEMH,mainstream", "SEMH,special", "ASD,special", "ASD,unit"
    )))  # fmt: skip
    for year in run(one_price).years:
        assert year.total.cost_pence.middle == 1_001 * year.total.count.middle
        assert year.total.cost_pence.high == 1_001 * year.total.count.high


def test_a_mark_other_line_ends_columns_in_another_order_and_blank_lines_change_nothing() -> None:
    lines = [line.split(",") for line in (HEADER + ROWS).splitlines()]
    other = "\r\n".join(",".join([*line[::-1], "a note"]) for line in lines) + "\r\n\r\n"
    expected, _ = read(Files())
    found, _ = read(replace(Files(), transitions=b"\xef\xbb\xbf" + other.encode()))
    for name in ("start", "left", "moved", "routes", "joined", "end", "population"):
        assert np.array_equal(getattr(found, name), getattr(expected, name))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("2024,academy,ASD,5,mainstream,ASD,6", "setting 'academy' is not among the valid states"),
        ("2024,mainstream,MLD,5,mainstream,ASD,6", "need 'MLD' is not among the valid states"),
        ("2024,mainstream,ASD,5,mainstream,ASD,7", "academic year 5 is followed by 7, not by 6"),
        ("2024,mainstream,ASD,5,mainstream,ASD,5", "academic year 5 is followed by 5, not by 6"),
        ("2024,special,ASD,5,unit,ASD,6", "setting special does not lead to setting unit"),
        ("2024,mainstream,ASD,6,unit,ASD,7", "setting unit takes academic years 0 to 6, not 7"),
        ("2024,special,ASD,2,special,ASD,3", "setting special takes academic years 3 to 13, not 2"),
        ("2024,unit,SEMH,2,unit,SEMH,3", "setting unit does not take need SEMH"),
        ("2024,NONSEND,NONSEND,2,NONSEND,NONSEND,3", "a child goes from NONSEND to NONSEND"),
        ("2024,NONSEND,ASD,2,mainstream,ASD,3", "both are NONSEND, or neither"),
        ("2024,mainstream,ASD,five,mainstream,ASD,6", "academic-year-1 'five' is not a whole number"),
        ("2024,mainstream,ASD,5.0,mainstream,ASD,6", "academic-year-1 '5.0' is not a whole number"),
        ("2024,mainstream,ASD,99,mainstream,ASD,100", "academic-year-1 99 lies outside"),
        ("24,mainstream,ASD,5,mainstream,ASD,6", "calendar year 24 lies outside"),
        ("2024,mainstream,ASD,5,mainstream,ASD", "6 cells under 7 columns"),
        ("2024,mainstream,ASD,5,mainstream,ASD,6,", "8 cells under 7 columns"),
        (",,,,,mainstream,", "setting '' is not among the valid states"),
    ],
)
def test_an_impossible_transition_is_named_with_its_line_and_so_is_the_next(row: str, said: str) -> None:
    found = faults(Files(transitions=f"{HEADER}{ROWS}{row}\n2024,mainstream,ASD,5,mainstream,ASD,6\n{row}x,,\n"))
    assert found[0].startswith("transitions.csv, line 9: ")
    assert said in found[0]
    assert found[1].startswith("transitions.csv, line 11: ")


def test_years_without_transitions_are_a_gap() -> None:
    later = ROWS.replace("2024", "2026")
    assert faults(Files(transitions=HEADER + later)) == [
        "transitions.csv, line 6: 2026 follows 2023: 2024 to 2025 is missing."
    ]


def test_a_state_where_a_child_is_and_which_has_no_cost_is_named_never_free() -> None:
    (found,) = faults(Files(costs=COSTS.replace("ASD,special,34000\n", "")))
    assert found == (
        "costs.csv, line 5: no cost for need ASD in setting special down to here, "
        "and a child is there in transitions.csv, line 8."
    )


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ("ASD,academy,5", "line 7: setting 'academy' is not among the valid states"),
        ("MLD,special,5", "line 7: setting special does not take need 'MLD'"),
        ("ASD,unit,5", "line 7: need ASD, setting unit, stands on line 6 already"),
        ("SEMH,unit,5", "line 7: setting unit does not take need 'SEMH'"),
    ],
)
def test_a_cost_of_nothing_known_or_twice_is_named(row: str, said: str) -> None:
    assert said in faults(Files(costs=f"{COSTS}{row}\n"))[0]


@pytest.mark.parametrize("cost", ["", "free", "-1", "£5", "1e4", "nan", "inf", "1,000", "900000000"])
def test_a_cost_that_is_no_number_of_pounds_is_named(cost: str) -> None:
    (found,) = faults(Files(costs=COSTS.replace("17000", f'"{cost}"')))
    assert found.startswith("costs.csv, line 6: cost ")


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("2024,5,105\n", ""), "line 75: the population of 2024, academic year 5, is needed and not in the file"),
        (("2024,5,105\n", "2024,5,-105\n"), "line 23: population -105 is below zero"),
        (("2024,5,105\n", "2024,5,\n"), "line 23: population '' is not a whole number"),
        (("2024,5,105\n", "2024,5,105.5\n"), "line 23: population '105.5' is not a whole number"),
        (("2024,5,105\n", "2024,5,105\n2024,5,106\n"), "line 24: 2024, academic year 5, stands on line 23 already"),
        (("2024,5,105\n", "2024,5,0\n"), "line 23: 0 people of academic year 5 in 2024, but 1 children"),
    ],
)
def test_a_population_that_is_absent_negative_or_twice_is_named(change: tuple[str, str], said: str) -> None:
    assert faults(Files(population=POPULATION.replace(*change)))[0].startswith(f"population.csv, {said}")


def test_a_forecast_beyond_the_population_says_of_which_year_there_is_none() -> None:
    said = ["population.csv, line 76: the population of 2028 is needed and not in the file."]
    assert faults(Files(), years_ahead=4) == said
    read(Files(), years_ahead=3)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("special,group2", "mainstream,group2"), "line 3: setting mainstream stands on line 2 already"),
        (("3,13", "13,3"), "line 3: setting special ends with academic year 3, before it starts with 13"),
        (('"ASD,SEMH","mainstream,special"', '"","mainstream,special"'), "line 3: setting special has no needs"),
        (("ASD,special\n", "ASD,specials\n"), "line 4: setting unit leads to specials, which is no setting here"),
        (("special,group2,3", "special,group2,x"), "line 3: academic year 'x' is not a whole number"),
        (("special,group2", "NONSEND,group2"), "line 3: 'NONSEND' is no code of a setting"),
    ],
)
def test_a_wrong_setting_is_named(change: tuple[str, str], said: str) -> None:
    assert f"valid-states.csv, {said}." in faults(Files(valid_states=VALID.replace(*change)))


@pytest.mark.parametrize("name", ["transitions", "population", "costs", "valid_states"])
@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "line 1: the file is empty"),
        (b"\xef\xbb\xbf\n\n", "line 1: the file is empty"),
        (b"a,b\n1,2\n", "line 1: the header lacks "),
        (b"a,b\n1,2\n\xa35,3\n", "line 3: not UTF-8"),
        ("a,b\n".encode("utf-16"), "line 1: not UTF-8"),
    ],
)
def test_a_file_that_is_none_is_named(name: str, content: bytes, said: str) -> None:
    (found,) = faults(replace(Files(), **{name: content}))
    assert found.startswith(f"{name.replace('_', '-')}.csv, {said}")


@pytest.mark.parametrize("name", ["transitions", "population", "costs", "valid_states"])
def test_a_file_with_nothing_under_its_header_an_open_quote_or_a_column_twice_is_named(name: str) -> None:
    file = f"{name.replace('_', '-')}.csv"
    content = getattr(Files(), name)
    header = content.partition("\n")[0]
    assert faults(replace(Files(), **{name: header + "\n"}))[0].startswith(f"{file}, line ")
    (found,) = faults(replace(Files(), **{name: content + '"open'}))
    assert found.startswith(f"{file}, line ")
    assert "no CSV" in found
    first = header.split(",")[0]
    assert faults(replace(Files(), **{name: f"{header},{first}\n"})) == [
        f"{file}, line 1: the header has {first} twice."
    ]


def test_of_many_faults_the_first_are_shown_and_the_others_counted() -> None:
    bad = "2024,academy,ASD,5,mainstream,ASD,6\n"
    rows = "".join(bad.replace("academy", f"academy{at}") for at in range(25))
    with pytest.raises(BadInput) as caught:
        read(Files(transitions=HEADER + ROWS + rows))
    assert len(caught.value.faults) == 10
    assert str(caught.value).endswith("15 more faults.")
