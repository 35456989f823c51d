"""Dates and times by the formats a mapping declares: what two of them read differently is refused, never guessed."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from hnb_local.cells import Wrong, plausible

ISO_DAY, ISO_TIME, DAY_NUMBER = "YYYY-MM-DD", "iso", "day-number"
COUNCIL_TIME = ZoneInfo("Europe/London")  # what a case system's clock shows where it does not say its zone
NOON = time(12)

_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
_PARTS = {
    "YYYY": r"(?P<year>\d{4})", "YY": r"(?P<short>\d{2})", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})",
    "Mon": r"(?P<name>[A-Za-z]{3,9})", "hh": r"(?P<hour>\d{1,2})", "mm": r"(?P<minute>\d{2})",
    "ss": r"(?P<second>\d{2}(?:\.\d+)?)",
}  # fmt: skip
_PART = re.compile("YYYY|YY|MM|DD|Mon|hh|mm|ss")
_NUMBER = re.compile(r"\d{4,6}(?:\.\d+)?")
# Excel counts days from 1 January 1900, and a 29 February 1900 that never was: after it, from this day.
_BEFORE_DAY_ONE = date(1899, 12, 30)


@dataclass(frozen=True, slots=True)
class DateFormat:
    """One declared way to write a date, and perhaps a time: `DD/MM/YYYY`, `DD-Mon-YY hh:mm`, `iso`, `day-number`."""

    words: str

    def __post_init__(self) -> None:
        if self.words in (ISO_TIME, DAY_NUMBER):
            return
        parts = _PART.findall(self.words)
        year, month = {"YYYY", "YY"} & set(parts), {"MM", "Mon"} & set(parts)
        if len(parts) != len(set(parts)) or len(year) != 1 or len(month) != 1 or "DD" not in parts:
            raise ValueError(f"{self.words!r} is no date format: write one like DD/MM/YYYY, or iso, or day-number")
        if re.search(r"[A-Za-z0-9]", _PART.sub("", self.words).replace("T", "")):
            raise ValueError(f"{self.words!r} has more than YYYY YY MM Mon DD hh mm ss and what stands between them")

    def read(self, text: str) -> datetime | None:
        """The moment as it is written, without a zone unless it says one; None where it is written otherwise.

        ValueError where it is written so and there is no such day.
        """
        if self.words == DAY_NUMBER:
            return _of_number(text)
        if self.words == ISO_TIME:
            return datetime.fromisoformat(text) if re.match(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d", text) else None
        found = _pattern(self.words).fullmatch(text)
        if not found:
            return None
        said = {name: value for name, value in found.groupdict().items() if value is not None}
        month = _month(said["name"]) if "name" in said else int(said["month"])
        if month is None:
            return None
        day = date(_year(said), month, int(said["day"]))
        seconds = int(float(said.get("second", 0)))
        at = time(int(said["hour"]), int(said.get("minute", 0)), seconds) if "hour" in said else NOON
        return datetime.combine(day, at)


def read_day(column: str, value: str, formats: Sequence[DateFormat]) -> date:
    """A day, by the one format that reads it."""
    return plausible(column, value, _read(column, value, formats).date())


def read_instant(column: str, value: str, formats: Sequence[DateFormat]) -> datetime:
    """A moment in UTC: British time where no zone is said, noon where no time is."""
    at = _read(column, value, formats)
    plausible(column, value, at.date())
    return (at if at.tzinfo else at.replace(tzinfo=COUNCIL_TIME)).astimezone(UTC)


def _read(column: str, value: str, formats: Sequence[DateFormat]) -> datetime:
    found: dict[date, tuple[DateFormat, datetime]] = {}
    impossible = False
    for form in formats:
        try:
            at = form.read(value)
        except ValueError:
            impossible = True
            continue
        if at is not None:
            found.setdefault(at.date(), (form, at))
    if len(found) > 1:  # the days themselves are not said: they may be a child's birth date
        words = " and ".join(form.words for form, _ in found.values())
        raise Wrong(column, value, f"{words} read it differently: declare one of them only")
    if found:
        return next(iter(found.values()))[1]
    if impossible:
        raise Wrong(column, value, "there is no such day")
    if _NUMBER.fullmatch(value):
        raise Wrong(column, value, "a spreadsheet's day number; format the column as a date, or declare day-number")
    raise Wrong(column, value, f"a date is written {' or '.join(form.words for form in formats)}")


def _of_number(text: str) -> datetime | None:
    if not _NUMBER.fullmatch(text):
        return None
    days, _, fraction = text.partition(".")
    at = datetime.combine(_BEFORE_DAY_ONE + timedelta(days=int(days)), NOON if not fraction else time())
    return at + timedelta(seconds=round(float(f"0.{fraction}") * 86_400)) if fraction else at


@cache
def _pattern(words: str) -> re.Pattern[str]:
    pattern, end = "", 0
    for part in _PART.finditer(words):
        between = words[end : part.start()]
        # Where two parts touch, only whole ones can be told apart; elsewhere 1/9/2025 is as good as 01/09/2025.
        touches = bool(pattern) and (not between or bool(_PART.match(words, part.end())))
        pattern += re.escape(between) + (_PARTS[part[0]].replace("{1,2}", "{2}") if touches else _PARTS[part[0]])
        end = part.end()
    return re.compile(pattern + re.escape(words[end:]))


def _month(name: str) -> int | None:
    known = [number for number, month in enumerate(_MONTHS, 1) if name.lower() in (month, month[:3], month[:4])]
    return known[0] if known else None


def _year(said: dict[str, str]) -> int:
    if "year" in said:
        return int(said["year"])
    short = int(said["short"])
    return short + (1900 if short >= 90 else 2000)  # the contract's dates begin in 1990
