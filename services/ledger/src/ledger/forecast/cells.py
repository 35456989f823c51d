"""Single cells, read exactly: years, whole numbers, pounds as pence, codes. A ValueError says what is wrong."""

import re
from decimal import ROUND_HALF_UP, Decimal

YOUNGEST, OLDEST = -10, 30  # academic years: reception is 0
FIRST_YEAR, LAST_YEAR = 1990, 2100
MOST_PEOPLE = 10**8
MOST_POUNDS = 10**8  # for one child and one year

_WHOLE = re.compile(r"-?\d{1,12}", re.ASCII)
_POUNDS = re.compile(r"-?\d{1,12}(\.\d{1,12})?", re.ASCII)


def whole(value: str, what: str) -> int:
    """A whole number."""
    if not _WHOLE.fullmatch(value):
        raise ValueError(f"{what} {value!r:.40} is not a whole number")
    return int(value)


def academic_year(value: str, what: str = "academic year") -> int:
    """A year of school: reception is 0, the years before it are below."""
    year = whole(value, what)
    if not YOUNGEST <= year <= OLDEST:
        raise ValueError(f"{what} {year} lies outside {YOUNGEST} to {OLDEST}")
    return year


def calendar_year(value: str) -> int:
    """The year of a January."""
    year = whole(value, "calendar year")
    if not FIRST_YEAR <= year <= LAST_YEAR:
        raise ValueError(f"calendar year {year} lies outside {FIRST_YEAR} to {LAST_YEAR}")
    return year


def people(value: str) -> int:
    """A population."""
    number = whole(value, "population")
    if number < 0:
        raise ValueError(f"population {number} is below zero")
    if number > MOST_PEOPLE:
        raise ValueError(f"population {number} is above {MOST_PEOPLE:,}")
    return number


def pence(value: str) -> int:
    """Pounds as whole pence; parts of a penny are rounded half up."""
    if not _POUNDS.fullmatch(value):
        raise ValueError(f"cost {value!r:.40} is not a number of pounds")
    amount = Decimal(value)
    if amount < 0:
        raise ValueError(f"cost {value} is below zero")
    if amount > MOST_POUNDS:
        raise ValueError(f"cost {value} is above £{MOST_POUNDS:,}")
    return int((amount * 100).quantize(Decimal(1), rounding=ROUND_HALF_UP))


def codes(value: str) -> frozenset[str]:
    """Codes between commas."""
    return frozenset(code.strip() for code in value.split(",") if code.strip())
