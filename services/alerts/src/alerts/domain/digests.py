"""Digests: when one is due by the clock on the wall, and what it says."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from alerts.domain.line_words import title_of
from alerts.domain.messages import Message, Table
from hnb.calendar import year_label
from hnb.money import pounds

LONDON = ZoneInfo("Europe/London")
AT = time(7, 30)  # on no clock-change night does this hour come twice, or not at all
MONDAY = 0
MOST_ROWS = 100  # of one table; the rest is counted

CHANGES = {  # what happened to an alert, as a caption; changes not named here are in no digest
    "opened": "Opened",
    "raised": "Rose",
    "resolved": "Ended",
    "retracted": "Taken back",
    "escalated": "Escalated",
}
UNACKNOWLEDGED = "Open, and acknowledged by nobody"


@dataclass(frozen=True, slots=True)
class Line:
    """One alert as a digest shows it; `change` is None for one that stands open and unacknowledged."""

    change: str | None
    alert_id: str
    authority: str
    financial_year: int
    scope: str
    rule: str
    severity: str
    value_pence: int | None
    link: str


def moment(day: date) -> datetime:
    """07:30 of a day in London, in UTC."""
    return datetime.combine(day, AT, LONDON).astimezone(UTC)


def due(weekly: bool, now: datetime) -> date:
    """The last day whose digest is due at a time: today from 07:30 on, else yesterday; weekly, the last Monday so."""
    local = now.astimezone(LONDON)
    day = local.date() if local.time() >= AT else local.date() - timedelta(days=1)
    return day - timedelta(days=(day.weekday() - MONDAY) % 7) if weekly else day


def compose_digest(weekly: bool, day: date, lines: Sequence[Line], reference: str) -> Message | None:
    """The digest of a day; None where there is nothing to say."""
    if not lines:
        return None
    by_authority: dict[str, list[Line]] = defaultdict(list)
    for line in lines:
        by_authority[line.authority].append(line)
    parts: list[str | Table] = [_opening(weekly, day, lines)]
    for authority, its in sorted(by_authority.items()):
        parts.extend(_tables(authority, its))
    parts.append(_links(lines))
    parts.append(f"Reference {reference} (should this message come twice, it carries the same reference)")
    return Message(f"HNB alerts, {_rhythm(weekly)} digest, {day:%-d %B %Y}: {_counts(lines)}", tuple(parts))


def _rhythm(weekly: bool) -> str:
    return "weekly" if weekly else "daily"


def _opening(weekly: bool, day: date, lines: Sequence[Line]) -> str:
    since = "the digest before" if not weekly else "the weekly digest before"
    return f"What changed between {since} and {AT:%H:%M} on {day:%A %-d %B %Y}: {_counts(lines)}."


def _counts(lines: Iterable[Line]) -> str:
    listed = list(lines)
    said = [f"{count} {word.lower()}" for change, word in CHANGES.items() if (count := _count(listed, change))]
    waiting = _count(listed, None)
    return ", ".join([*said, f"{waiting} not acknowledged"] if waiting else said)


def _count(lines: Iterable[Line], change: str | None) -> int:
    return sum(line.change == change for line in lines)


def _tables(authority: str, lines: Sequence[Line]) -> Iterable[Table]:
    for change, caption in [*CHANGES.items(), (None, UNACKNOWLEDGED)]:
        of_it = [line for line in lines if line.change == change]
        if of_it:
            rows = [(_title(line), _state(line)) for line in of_it[:MOST_ROWS]]
            if len(of_it) > MOST_ROWS:
                rows.append(("and others", str(len(of_it) - MOST_ROWS)))
            yield Table(f"{authority}: {caption} ({len(of_it)})", tuple(rows))


def _title(line: Line) -> str:
    return f"{title_of(line.scope)}, {year_label(line.financial_year)} ({line.rule})"


def _state(line: Line) -> str:
    return line.severity if line.value_pence is None else f"{line.severity}, {pounds(line.value_pence)}"


def _links(lines: Sequence[Line]) -> str:
    waiting = {line.alert_id: line for line in lines if line.change is None}
    shown = list((waiting or {line.alert_id: line for line in lines}).values())[:MOST_ROWS]
    return "\n".join(f"{_title(line)}: {line.link}" for line in shown)
