"""Single cells of a spreadsheet, read exactly or refused: ids, financial years, days, pounds and pence."""

import re
from datetime import date

MAX_PENCE = 10**12  # the contract's
MOST_DIGITS = 18  # of any number worth reading; Python itself refuses some thousands
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 3, 31)  # the contract's

_ID = re.compile(r"[^\s\x00-\x1f\x7f]{1,200}")
_EXPONENT = re.compile(r"[+-]?\d(\.\d+)?[eE]\+?\d+")
_POUNDS = re.compile(r"£?\s?(\d{1,3}(?:,\d{3})+|\d+)(?:\.(?:(\d{2}|\d)|(\d{2})00))?")  # four places: a database's
_MINUS = ("-", "−", "–", "(")
_YEAR = re.compile(r"(\d{4})(?:[-/](\d{2}))?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")


class Wrong(Exception):
    """What is wrong with a row: the column, its value where it may be shown, and why."""

    def __init__(self, column: str | None, value: str | None, why: str) -> None:
        self.column, self.value, self.why = column, value, why
        shown = "" if column is None else f"{column}: " if value is None else f"{column} {value!r:.80}: "
        super().__init__(shown + why)


def is_shortened(value: str) -> bool:
    """Whether a spreadsheet wrote a long number as 1.23E+05, and lost its digits."""
    return bool(_EXPONENT.fullmatch(value))


def reference(column: str, value: str) -> str:
    """An id."""
    if is_shortened(value):
        raise Wrong(column, value, "a spreadsheet shortened this number; format the column as text")
    if not _ID.fullmatch(value):
        raise Wrong(column, value, "an id has no spaces and at most 200 characters")
    return value


def financial_year(column: str, value: str) -> int:
    """A financial year, by the year it starts in."""
    found = _YEAR.fullmatch(value)
    if not found or not 1990 <= int(found[1]) <= 2099:
        raise Wrong(column, value, "is written 2025 or 2025-26")
    if found[2] and int(found[2]) != (int(found[1]) + 1) % 100:
        raise Wrong(column, value, f"{found[1]} is not followed by {found[2]}")
    return int(found[1])


def iso_day(column: str, value: str) -> date:
    """A day written YYYY-MM-DD."""
    if value.isdecimal():
        raise Wrong(column, value, "a spreadsheet's day number; format the column as text, YYYY-MM-DD")
    try:
        day = date.fromisoformat(value) if _DAY.fullmatch(value) else None
    except ValueError:
        raise Wrong(column, value, "there is no such day") from None
    if day is None:
        raise Wrong(column, value, "a date is written YYYY-MM-DD")
    return plausible(column, value, day)


def plausible(column: str, value: str, day: date) -> date:
    """A day that the contract takes."""
    if not FIRST_DAY <= day <= LAST_DAY:
        raise Wrong(column, value, "lies before 1990 or after March 2100")
    return day


def pence_of_pounds(column: str, value: str, *, signed: bool = False, advice: str = "") -> int:
    """Pounds as pence, exactly. Below zero only where `signed`; `advice` says what to do instead."""
    sign, plain = _sign(column, value, signed=signed, advice=advice)
    found = _POUNDS.fullmatch(plain)
    if not found:
        raise Wrong(column, value, "is written in pounds, like 1234.56 or £1,234.56")
    pounds, hundredths = found[1].replace(",", ""), (found[2] or found[3] or "0").ljust(2, "0")
    return sign * _pence(column, value, pounds + hundredths)


def whole_pence(column: str, value: str, *, signed: bool = False, advice: str = "") -> int:
    """A whole number of pence. Below zero only where `signed`; `advice` says what to do instead."""
    sign, plain = _sign(column, value, signed=signed, advice=advice)
    if not (plain.isascii() and plain.isdigit()):
        raise Wrong(column, value, "is a whole number of pence")
    return sign * _pence(column, value, plain)


def _sign(column: str, value: str, *, signed: bool, advice: str) -> tuple[int, str]:
    if is_shortened(value):
        raise Wrong(column, value, "a spreadsheet shortened this number; format the column as a number")
    if not (value.startswith(_MINUS) or value.startswith("£-") or value.endswith("-")):
        return 1, value
    if not signed:
        raise Wrong(column, value, "is below zero" + (f"; {advice}" if advice else ""))
    if value.startswith("("):
        return -1, value.removeprefix("(").removesuffix(")") if value.endswith(")") else value
    return -1, value.replace("£-", "£", 1) if value.startswith("£-") else value.lstrip("-−–").strip()


def whole(digits: str) -> int | None:
    """A whole number of ASCII digits; None where there are more of them than any number here has."""
    significant = digits.lstrip("0")
    return int(significant or "0") if len(significant) <= MOST_DIGITS else None


def _pence(column: str, value: str, digits: str) -> int:
    pence = whole(digits)
    if pence is None or pence > MAX_PENCE:
        raise Wrong(column, f"{value:.38}", "is more than ten thousand million pounds")
    return pence
