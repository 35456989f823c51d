"""Rows of a council's own extract: read exactly by the mapping, or refused with their row, column and cell."""

from pathlib import Path

import pytest

from hnb_local.errors import WRONG_USE, CommandFailed
from tests.local.extracts import HEADER, PLACEMENTS, data_of, rows_of, wrong_of

GOOD = {
    "placement_id": "PL-1", "child_ref": "7f3a9c", "setting_id": "SET-1", "provision": "special",
    "start_date": "2025-09-01", "end_date": None, "cost": {"amount_pence": 3_350_000, "per": "year"},
}  # fmt: skip
WEEKLY = 'cost.per = { constant = "week" }\ncost.weeks = { column = "Weeks", default = 38 }'
ROW = "PL-1,7f3a9c,SET-1,SS,01/09/2025,,33500"


def with_field(line: str) -> str:
    """The mapping with one field said otherwise."""
    name = line.split(" =")[0]
    kept = [old for old in PLACEMENTS.splitlines() if not old.startswith(f"{name} =")]
    return "\n".join([*kept, line])


def test_columns_constants_and_local_codes_make_an_event(tmp_path: Path) -> None:
    assert data_of(tmp_path, f"{HEADER}{ROW}\n") == GOOD


def test_columns_are_found_whatever_their_capitals_and_spaces_and_others_are_left_alone(tmp_path: Path) -> None:
    header = "Notes, pupil ,SCHOOL,type,start,end,annual_cost,Placement-No\n"
    assert data_of(tmp_path, f'{header}"Ämter, etc",7f3a9c,SET-1,ss,1/9/2025,null,"£33,500.00",PL-1\n') == GOOD


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, encoding: str) -> None:
    (row,) = rows_of(tmp_path, f"{HEADER[:-1]},Notes\r\n\r\n{ROW},Café\r\n,,,,,,,\r\n".encode(encoding))
    assert row.fact
    assert (row.number, row.fact.data, row.cells[-1]) == (3, GOOD, "Café")


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        (",7f3a9c,SET-1,SS,01/09/2025,,1", "Placement No: empty"),
        ("1.2E+10,7f3a9c,SET-1,SS,01/09/2025,,1",
         "Placement No '1.2E+10': a spreadsheet shortened this number; format the column as text"),
        ("A Child,7f3a9c,SET-1,SS,01/09/2025,,1",
         "Placement No 'A Child': an id has no spaces and at most 200 characters"),
        ("PL-1,7f3a9c,SET-1,SX,01/09/2025,,1", "Type 'SX': is not among the codes of provision"),
        ("PL-1,7f3a9c,SET-1,SS,45901,,1",
         "Start '45901': a spreadsheet's day number; format the column as a date, or declare day-number"),
        ("PL-1,7f3a9c,SET-1,SS,2025-09-01,,1", "Start '2025-09-01': a date is written DD/MM/YYYY"),
        ("PL-1,7f3a9c,SET-1,SS,31/09/2025,,1", "Start '31/09/2025': there is no such day"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/1925,,1", "Start '01/09/1925': lies before 1990 or after March 2100"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,31/08/2025,1", "End '31/08/2025': end_date is before start_date"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,,3.3E+04",
         "Annual Cost '3.3E+04': a spreadsheet shortened this number; format the column as a number"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,,-5", "Annual Cost '-5': is below zero"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,,5.001",
         "Annual Cost '5.001': is written in pounds, like 1234.56 or £1,234.56"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,,#REF!", "Annual Cost '#REF!': is a spreadsheet's error"),
        ("PL-1,7f3a9c,SET-1,SS,01/09/2025,,1,234", "it has 8 cells under 7 columns: a comma without quotes?"),
        ("PL-1,7f3a9c,SET-1,SX,x,,1",
         "Type 'SX': is not among the codes of provision; Start 'x': a date is written DD/MM/YYYY"),
    ],
)  # fmt: skip
def test_a_wrong_row_names_its_column_and_cell_and_its_neighbours_are_read(
    tmp_path: Path, row: str, wrong: str
) -> None:
    first, second, third = rows_of(tmp_path, f"{HEADER}{ROW}\n{row}\n{ROW}\n")
    assert (second.number, second.wrong) == (3, wrong)
    assert first.fact
    assert third.fact


@pytest.mark.parametrize(
    ("cell", "why"),
    [
        ("A123456789012", "this looks like a UPN"),
        ("Amira Khan", "an id has no spaces"),
        ("9.43E+09", "a spreadsheet shortened this number"),
        ("", "empty"),
        ("#N/A", "is a spreadsheet's error"),
    ],
)
def test_what_is_wrong_with_a_childs_pseudonym_is_said_without_the_cell(tmp_path: Path, cell: str, why: str) -> None:
    said = wrong_of(tmp_path, f"{HEADER}PL-1,{cell},SET-1,SS,01/09/2025,,1\n")
    assert said.startswith("Pupil: ")
    assert why in said
    assert not cell or cell not in said


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("A12345678901,Khan,Amira,01/02/2015", "UPN: is no UPN: a letter and 12 digits"),
        ("A820001216001,,,", "UPN: is no UPN: its check letter does not fit"),
        ("A1.2E+10,,,", "UPN: is no UPN: a letter and 12 digits"),
        (",Khan,Amira,", "UPN and Born: empty: nobody can tell who this is"),
        (",Khan,Amira,31/02/2015", "Born: there is no such day"),
        (",Khan,Amira,2015", "Born: a spreadsheet's day number"),
        (",,,", "UPN and Surname and Forename and Born: empty"),
    ],
)
def test_what_is_wrong_with_who_a_child_is_is_said_without_any_cell(tmp_path: Path, row: str, why: str) -> None:
    toml = with_field(
        'child_ref = { pseudonym = { upn = "UPN", surname = "Surname", forename = "Forename", birth_date = "Born" } }'
    )
    header = "Placement No,School,Type,Start,End,Annual Cost,UPN,Surname,Forename,Born\n"
    said = wrong_of(tmp_path, f"{header}PL-1,SET-1,SS,01/09/2025,,1,{row}\n", toml)
    assert said.startswith(why)
    for cell in row.split(","):
        assert not cell or cell not in said


def test_the_columns_that_say_who_a_child_is_become_a_pseudonym(tmp_path: Path) -> None:
    toml = with_field('child_ref = { pseudonym = { upn = "UPN" } }')
    header = HEADER.replace("Pupil", "UPN")
    data = data_of(tmp_path, f"{header}PL-1,n 820001216001,SET-1,SS,01/09/2025,,1\n", toml)
    assert data["child_ref"] == "p-N820001216001-0-0-"


@pytest.mark.parametrize(
    ("said", "cells", "cost"),
    [
        ('"cost.amount_pence" = { column = "Annual Cost", unit = "pence" }\n' + WEEKLY, "1200,",
         {"amount_pence": 1200, "per": "week", "weeks": 38}),
        ('"cost.amount_pence" = "Annual Cost"\n' + WEEKLY, ",", None),
        ('cost = { amount_pence = { column = "Annual Cost", default = 0 }, per = { constant = "year" } }', ",",
         {"amount_pence": 0, "per": "year"}),
        ('cost = { amount_pence = { constant = 500 }, per = { constant = "once" } }', ",",
         {"amount_pence": 500, "per": "once"}),
        ("cost = { null = true }", "77,", None),
        ('"cost.amount_pence" = "Annual Cost"\n"cost.per" = { constant = "term" }', "1.5,",
         {"amount_pence": 150, "per": "term"}),
    ],
)  # fmt: skip
def test_fields_that_are_said_together_are_nothing_where_all_their_cells_are_blank(
    tmp_path: Path, said: str, cells: str, cost: object
) -> None:
    toml = "\n".join([*(line for line in PLACEMENTS.splitlines() if not line.startswith("cost")), said])
    content = f"{HEADER[:-1]},Weeks\nPL-1,7f3a9c,SET-1,SS,01/09/2025,,{cells}\n"
    assert data_of(tmp_path, content, toml)["cost"] == cost


def test_fields_that_are_said_together_are_said_whole(tmp_path: Path) -> None:
    toml = f'{PLACEMENTS}cost.weeks = "Weeks"\n'
    said = wrong_of(tmp_path, f"{HEADER[:-1]},Weeks\nPL-1,7f3a9c,SET-1,SS,01/09/2025,,,39\n", toml)
    assert said == "Annual Cost: empty, though cost is said"


def test_an_id_may_be_joined_and_given_a_prefix(tmp_path: Path) -> None:
    toml = with_field('placement_id = { columns = ["Placement No", "Part"], join = "-", prefix = "PL-" }')
    header = f"{HEADER[:-1]},Part\n"
    assert data_of(tmp_path, f"{header}7,7f3a9c,SET-1,SS,01/09/2025,,,2\n", toml)["placement_id"] == "PL-7-2"
    assert wrong_of(tmp_path, f"{header}7,7f3a9c,SET-1,SS,01/09/2025,,,\n", toml) == "Part: empty"


@pytest.mark.parametrize(
    ("formats", "cell", "day"),
    [
        (["DD/MM/YYYY", "YYYY-MM-DD"], "2025-09-01", "2025-09-01"),
        (["DD-Mon-YY"], "3-Sep-25", "2025-09-03"),
        (["DD Mon YYYY"], "3 September 2025", "2025-09-03"),
        (["DD/MM/YYYY hh:mm:ss"], "01/09/2025 00:00:00", "2025-09-01"),
        (["YYYYMMDD"], "20250901", "2025-09-01"),
        (["day-number"], "45901", "2025-09-01"),
        (["iso"], "2025-09-01T10:00:00+01:00", "2025-09-01"),
    ],
)
def test_dates_are_read_by_the_formats_declared(tmp_path: Path, formats: list[str], cell: str, day: str) -> None:
    toml = with_field(f'start_date = {{ column = "Start", dates = {formats} }}')
    assert data_of(tmp_path, f"{HEADER}PL-1,7f3a9c,SET-1,SS,{cell},,1\n", toml)["start_date"] == day


def test_a_date_that_two_formats_read_differently_is_refused(tmp_path: Path) -> None:
    toml = with_field('start_date = { column = "Start", dates = ["DD/MM/YYYY", "MM/DD/YYYY"] }')
    said = wrong_of(tmp_path, f"{HEADER}PL-1,7f3a9c,SET-1,SS,03/04/2025,,1\n", toml)
    assert said == "Start '03/04/2025': DD/MM/YYYY and MM/DD/YYYY read it differently: declare one of them only"
    assert data_of(tmp_path, f"{HEADER}PL-1,7f3a9c,SET-1,SS,31/10/2025,,1\n", toml)["start_date"] == "2025-10-31"
    same = data_of(tmp_path, f"{HEADER}PL-1,7f3a9c,SET-1,SS,04/04/2025,,1\n", toml)
    assert same["start_date"] == "2025-04-04"


def test_conditions_choose_the_rows_that_count(tmp_path: Path) -> None:
    only = 'only = [{ column = "Status", words = ["Active"] }, { column = "Start", filled = true }]\n'
    content = f"{HEADER[:-1]},Status\n{ROW},active\n{ROW},Draft\nPL-2,7f3a9c,SET-1,SS,,,1,Active\n"
    rows = rows_of(tmp_path, content, only + PLACEMENTS)
    assert [row.number for row in rows] == [2]


APPEALS = """
event = "tribunal-lodged"
yes = ["Y"]
no = ["N"]
money = "pence"
[fields]
appeal_id = "id"
child_ref = "child"
appeal_type = "type"
lodged_on = "lodged"
mediation_certificate = "certificate"
sections = { column = "sections", separator = "/" }
sought.provision = "wants"
sought.start_date = "from"
sought.cost.amount_pence = "price"
sought.cost.per = { constant = "year" }
"""
LODGED = "id,child,type,lodged,certificate,sections,wants,from,price\n"


def test_words_for_yes_and_no_lists_and_fields_within_fields(tmp_path: Path) -> None:
    row = "AP-1,7f3a9c,contents,2025-10-01,n,B / I,independent,2025-11-01,6650000"
    assert data_of(tmp_path, f"{LODGED}{row}\n", APPEALS) == {
        "appeal_id": "AP-1", "child_ref": "7f3a9c", "appeal_type": "contents", "lodged_on": "2025-10-01",
        "mediation_certificate": False, "sections": ["B", "I"],
        "sought": {"provision": "independent", "start_date": "2025-11-01",
                   "cost": {"amount_pence": 6_650_000, "per": "year"}},
    }  # fmt: skip


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("AP-1,7f3a9c,contents,2025-10-01,maybe,,,,",
         "certificate 'maybe': is not among the codes of mediation_certificate"),
        ("AP-1,7f3a9c,moaning,2025-10-01,Y,,,,", "type 'moaning': is not a word of the contract, which has refusal-to"),
        ("AP-1,7f3a9c,contents,2025-10-01,Y,B/Q,,,", "sections 'Q': is not a word of the contract, which has B, F"),
        ("AP-1,7f3a9c,contents,2025-10-01,Y,,special,,", "price: empty, though sought is said; from: empty, though"),
        ("AP-1,7f3a9c,contents,2025-10-01,Y,,special,2025-11-01,1.5", "price '1.5': is a whole number of pence"),
    ],
)  # fmt: skip
def test_wrong_words_are_refused(tmp_path: Path, row: str, wrong: str) -> None:
    assert wrong_of(tmp_path, f"{LODGED}{row}\n", APPEALS).startswith(wrong)


def test_a_deficit_may_be_written_as_accountants_do(tmp_path: Path) -> None:
    toml = 'event = "reserve-opened"\nmoney = "pounds"\n[fields]\nfinancial_year = "year"\nbalance_pence = "balance"\n'
    for written in ("(22,200,000.00)", "-22200000", "£-22,200,000", "-£22,200,000.0000", "−22200000"):
        data = data_of(tmp_path, f'year,balance\n2025/26,"{written}"\n', toml)
        assert data == {"financial_year": 2025, "balance_pence": -2_220_000_000}, written
    assert wrong_of(tmp_path, "year,balance\n2025/26,(5\n", toml).startswith("balance '(5': is written in pounds")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\r\n", "is empty"),
        (HEADER.encode("utf-16"), "is in UTF-16"),
        (HEADER.encode() + b"\x81\xff\x8d", "neither UTF-8 nor Windows-1252"),
        (HEADER.encode() + b"P\x00", "a zero byte"),
        (HEADER.replace(",", ";").encode(), "separates its columns by semicolons: say delimiter"),
        (HEADER.replace(",", "\t").encode(), "separates its columns by tabs"),
        (HEADER.replace("Type,Start,", "").encode(), "The header lacks Type, Start; it has Placement No, Pupil"),
        (HEADER.replace("\n", ",START\n").encode(), "The header has Start twice: which is meant?"),
        (f'{HEADER}{ROW}\n"PL-2,{ROW}\n{ROW}\n'.encode(), "in row 3, a quote is opened and never closed"),
        (f'{HEADER}{ROW}\n"PL-2{ROW}\n'.encode() + ROW.encode() * 9_000, "in row 3, a quote is opened and never"),
        (f'{HEADER}"PL"-2,{ROW}\n'.encode(), "is no CSV file: in row 2"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        rows_of(tmp_path, content)
    assert said in str(failure.value)
    assert failure.value.status == WRONG_USE


def test_other_delimiters_are_read_where_the_mapping_says_so(tmp_path: Path) -> None:
    for word, character in ((";", ";"), ("tab", "\t"), ("|", "|")):
        content = f"{HEADER}{ROW}\n".replace(",", character)
        assert data_of(tmp_path, content, f'delimiter = "{word}"\n{PLACEMENTS}') == GOOD
