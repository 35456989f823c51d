"""A payments file read row by row: to the penny, in any spelling a spreadsheet saves, and never by a guess."""

from pathlib import Path

import pytest

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.payments_csv import PaymentsFile, Row

HEADER = "payment_id,commitment_id,financial_year,paid_on,amount\n"


def rows_of(tmp_path: Path, content: str | bytes) -> list[Row]:
    path = tmp_path / "payments.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return list(PaymentsFile(path).rows())


def amount_of(tmp_path: Path, amount: str, column: str = "amount") -> int | str:
    (row,) = rows_of(tmp_path, HEADER.replace("amount", column) + f'P-1,PL-1,2025,2025-10-31,"{amount}"\n')
    return row.payment.amount_pence if row.payment else row.wrong


@pytest.mark.parametrize(
    ("written", "pence"),
    [
        ("1234.56", 123_456), ("1,234.56", 123_456), ("£1,234.56", 123_456), ("12", 1_200), ("0.5", 50),
        ("0.05", 5), ("1,000,000", 100_000_000), (" £7 ", 700), ("0", 0),
    ],
)  # fmt: skip
def test_pounds_are_read_to_the_penny(tmp_path: Path, written: str, pence: int) -> None:
    assert amount_of(tmp_path, written) == pence


def test_pence_are_whole(tmp_path: Path) -> None:
    assert amount_of(tmp_path, "123456", "amount_pence") == 123_456
    assert amount_of(tmp_path, "1,234", "amount_pence") == "amount_pence '1,234': is a whole number of pence"


@pytest.mark.parametrize(
    ("written", "why"),
    [
        ("1.23E+05", "a spreadsheet shortened this number"),
        ("12,34", "is written in pounds"),
        ("1.234,56", "is written in pounds"),
        ("1.999", "is written in pounds"),
        ("-5", "is below zero"),
        ("(5.00)", "is below zero"),
        ("£-5", "is below zero"),
        ("#REF!", "is written in pounds"),
        ("", "empty"),
        ("99999999999999", "more than ten thousand million"),
        ("9" * 5_000, "more than ten thousand million"),
    ],
)
def test_an_amount_that_could_be_misread_is_refused(tmp_path: Path, written: str, why: str) -> None:
    said = amount_of(tmp_path, written)
    assert isinstance(said, str)
    assert said.startswith("amount")
    assert why in said


@pytest.mark.parametrize(
    ("row", "wrong"),
    [
        ("P-1,PL-1,2025,45234,5", "paid_on '45234': a spreadsheet's day number; format the column as text, YYYY-MM-DD"),
        ("P-1,PL-1,2025,31/10/2025,5", "paid_on '31/10/2025': a date is written YYYY-MM-DD"),
        ("P-1,PL-1,2025,2025-02-30,5", "paid_on '2025-02-30': there is no such day"),
        ("P-1,PL-1,2025-27,2025-10-31,5", "financial_year '2025-27': 2025 is not followed by 27"),
        ("P-1,PL-1,Apr-25,2025-10-31,5", "financial_year 'Apr-25': is written 2025 or 2025-26"),
        ("1.2E+10,PL-1,2025,2025-10-31,5",
         "payment_id '1.2E+10': a spreadsheet shortened this number; format the column as text"),
        ("P-1,A Child,2025,2025-10-31,5", "commitment_id 'A Child': an id has no spaces and at most 200 characters"),
        (",PL-1,2025,2025-10-31,5", "payment_id: empty"),
        ("P-1,PL-1,2025,2025-10-31", "amount: empty"),
        ("P-1,PL-1,2025,2025-10-31,1,234", "it has 6 cells under 5 columns: a comma without quotes?"),
    ],
)  # fmt: skip
def test_a_wrong_row_names_its_column_and_value_and_its_neighbours_are_read(
    tmp_path: Path, row: str, wrong: str
) -> None:
    first, second, third = rows_of(
        tmp_path, f"{HEADER}P-0,PL-1,2025,2025-10-31,5\n{row}\nP-2,PL-1,2025/26,2025-10-31,5\n"
    )
    assert (second.number, second.wrong) == (3, wrong)
    assert first.payment
    assert third.payment
    assert third.payment.financial_year == 2025


def test_an_id_used_for_different_payments_is_wrong_in_every_row_and_a_repeated_row_is_not(tmp_path: Path) -> None:
    text = HEADER + "".join(
        f"{id},PL-1,2025,2025-10-31,{amount}\n" for id, amount in [("A", 1), ("B", 1), ("A", 2), ("B", 1), ("A", 1)]
    )
    rows = rows_of(tmp_path, text)
    assert [row.payment is None for row in rows] == [True, False, True, False, True]
    assert rows[0].wrong == "payment_id 'A': used for different payments, see row 4"
    assert rows[2].wrong == "payment_id 'A': used for different payments, see rows 2 and 4"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252"])
def test_what_spreadsheets_save_is_read(tmp_path: Path, encoding: str) -> None:
    header = "Payment ID,Commitment-Id,FINANCIAL YEAR,Paid On,Amount,Payee"
    text = f"{header}\r\n\r\nP-1,PL-1,2025-26,2025-10-31,£5,Café\r\n,,,,,\r\n"
    (row,) = rows_of(tmp_path, text.encode(encoding))
    assert row.payment
    assert (row.number, row.payment.amount_pence, row.cells[-1]) == (3, 500, "Café")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "is empty"),
        (b"\r\n", "is empty"),
        (HEADER.encode("utf-16"), "is in UTF-16"),
        (HEADER.encode() + b"\x81\xff\x8d", "neither UTF-8 nor Windows-1252"),
        (HEADER.encode() + b"P\x00", "a zero byte"),
        (HEADER.replace(",", ";").encode(), "separates its columns by semicolons"),
        (HEADER.replace(",", "\t").encode(), "separates its columns by tabs"),
        (b"payment_id,paid_on,amount\n", "The header lacks commitment_id, financial_year; it has"),
        (b"payment_id,commitment_id,financial_year,paid_on\n", "lacks amount (or amount_pence)"),
        (HEADER.encode().replace(b"amount", b"amount,amount_pence"), "amount and amount_pence: which is meant?"),
        (HEADER.encode().replace(b"amount", b"amount,Paid On"), "paid_on twice"),
        (HEADER.encode() + b'"P-1,PL-1\n', "is no CSV file"),
    ],
)
def test_a_file_that_cannot_be_read_is_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    with pytest.raises(CommandFailed) as failure:
        rows_of(tmp_path, content)
    assert said in str(failure.value)
    assert failure.value.status == WRONG_USE


def test_a_file_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(CommandFailed, match="cannot be read: No such file"):
        PaymentsFile(tmp_path / "nowhere.csv")
