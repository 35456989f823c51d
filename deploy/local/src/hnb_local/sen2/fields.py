"""A record's fields read as what they should hold, or said to be wrong without ever repeating what they hold."""

import re
from collections.abc import Collection
from datetime import date

from hnb_local.sen2.raw import Raw
from hnb_local.sen2.records import Fault, Where

MAX_TEXT = 200
FIRST_DAY, LAST_DAY = date(1990, 1, 1), date(2100, 3, 31)  # the contract's; nobody with a plan is born before

_MONTHS = {name: number for number, name in enumerate(
    ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"), 1
)}  # fmt: skip
_MIDNIGHT = r"(?:[T ]00?:00(?::00(?:\.0+)?)?)?"
_ISO = re.compile(rf"(\d{{4}})-(\d\d)-(\d\d){_MIDNIGHT}")
_BRITISH = re.compile(rf"(\d{{1,2}})/(\d{{1,2}})/(\d{{4}}){_MIDNIGHT}")
_COLLECT = re.compile(rf"(\d{{4}})-([A-Za-z]{{3}})-(\d\d?){_MIDNIGHT}")
_WORDED = re.compile(rf"(\d\d?)[- ]([A-Za-z]{{3}})[- ](\d{{4}}){_MIDNIGHT}")
_TWO_DIGIT_YEAR = re.compile(r"\d\d?[-/ ](\d\d?|[A-Za-z]{3})[-/ ]\d\d")

_UPN = re.compile(r"[A-Z]\d{11}[0-9A-Z]")
UPN_LETTERS = "ABCDEFGHJKLMNPQRTUVWXYZ"  # neither I, O nor S, which look like digits
_YES, _NO = {"1", "true", "y", "yes"}, {"0", "false", "n", "no"}


def upn_letter(rest: str) -> str:
    """The check letter of a UPN without it: each character times its place from 2 on, modulo 23.

    The last may be a letter, in a temporary number. Source: the Department for Education's UPN guide.
    """
    values = (int(c) if c.isdigit() else UPN_LETTERS.index(c) for c in rest)
    return UPN_LETTERS[sum(place * value for place, value in enumerate(values, 2)) % len(UPN_LETTERS)]


class WrongValue(Exception):
    """What is wrong with a value, in words that do not hold it."""


def day_of(value: str) -> date:
    """A date as DfE writes it (2025-11-03, 2025-Nov-03 00:00:00), or as an English Excel does (03/11/2025, 3-Nov-2025).

    WrongValue for a spreadsheet's day number, a year of two digits, and a day there is none of.
    """
    if found := _ISO.fullmatch(value):
        year, month, day = found[1], int(found[2]), found[3]
    elif found := _BRITISH.fullmatch(value):
        day, month, year = found[1], int(found[2]), found[3]
    elif found := _COLLECT.fullmatch(value):
        year, month, day = found[1], _MONTHS.get(found[2].lower(), 0), found[3]
    elif found := _WORDED.fullmatch(value):
        day, month, year = found[1], _MONTHS.get(found[2].lower(), 0), found[3]
    elif re.fullmatch(r"\d{1,6}(\.\d+)?", value):
        raise WrongValue("is a spreadsheet's day number: format the column as text, YYYY-MM-DD")
    elif _TWO_DIGIT_YEAR.fullmatch(value):
        raise WrongValue("has a year of two digits: which century? write YYYY-MM-DD")
    else:
        raise WrongValue("is no date: write YYYY-MM-DD")
    try:
        read = date(int(year), month, int(day))
    except ValueError:
        raise WrongValue("is a day there is none of: days come first in DD/MM/YYYY") from None
    if not FIRST_DAY <= read <= LAST_DAY:
        raise WrongValue("lies before 1990 or after March 2100")
    return read


class Fields:
    """The fields of one record. What is wrong is put on `faults`, and read as None."""

    def __init__(self, raw: Raw, faults: list[Fault]) -> None:
        self.where: Where = raw.where
        self._said = raw.fields
        self._faults = faults
        for name in raw.said_twice:
            self.wrong(name, "is said twice: which is meant?")

    def wrong(self, field: str, message: str) -> None:
        self._faults.append(Fault(self.where, field, message))

    def has(self, name: str) -> bool:
        return name in self._said

    def text(self, name: str) -> str | None:
        """Any words, white space made one blank each."""
        value = self._said.get(name)
        if value is not None and len(value) > MAX_TEXT:
            self.wrong(name, f"has more than {MAX_TEXT} characters")
            return None
        return " ".join(value.split()) if value else None

    def day(self, name: str) -> date | None:
        try:
            return day_of(self._said[name]) if name in self._said else None
        except WrongValue as wrong:
            self.wrong(name, str(wrong))
            return None

    def code(self, name: str, known: Collection[str]) -> str | None:
        value = self._said.get(name)
        if value is None or value.upper() in known:
            return value.upper() if value else None
        self.wrong(name, f"is none of the codes {', '.join(sorted(known))}")
        return None

    def number(self, name: str, known: range) -> int | None:
        value = self._said.get(name)
        if value is None:
            return None
        if value.isascii() and value.isdecimal() and len(value) < 9 and int(value) in known:
            return int(value)
        self.wrong(name, f"is no whole number from {known.start} to {known.stop - 1}")
        return None

    def flag(self, name: str) -> bool | None:
        value = self._said.get(name)
        if value is None:
            return None
        if value.lower() in _YES | _NO:
            return value.lower() in _YES
        self.wrong(name, "is neither 1 or true, nor 0 or false")
        return None

    def yes_or_no(self, name: str) -> bool | None:
        """A flag that some systems say more in than yes or no: what else they say is not read."""
        value = self._said.get(name, "").lower()
        return value in _YES if value in _YES | _NO else None

    def digits(self, name: str, count: int, *, what: str) -> str | None:
        value = self._said.get(name)
        if value is None or (value.isascii() and value.isdecimal() and len(value) == count):
            return value
        self.wrong(name, f"is no {what}: it has {count} digits")
        return None

    def upn(self, name: str) -> str | None:
        """A Unique Pupil Number whose check letter fits: with a slip in it, it is perhaps another child's."""
        value = self._said.get(name, "").upper()
        if not value:
            return None
        known = _UPN.fullmatch(value) and not set(value) & set("IOS")
        if known and upn_letter(value[1:]) == value[0]:
            return value
        self.wrong(name, "is no UPN: its check letter does not fit" if known else "is no UPN: a letter and 12 digits")
        return None
