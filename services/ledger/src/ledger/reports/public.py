"""The next edition of an authority's public summary, composed from what the ledger knew at a moment."""

from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy import Connection

from ledger import editions, positions
from ledger.domain.disclosure import Edition, publish
from ledger.domain.documents import Change, Document, changes
from ledger.domain.public.facts import IN_HEADLINES, facts
from ledger.domain.public.summary import summary
from ledger.domain.public.told import Money, Told
from ledger.domain.reserve import reserve_path
from ledger.handlers import Ledger
from ledger.reports import benchmarks
from ledger.reports.statutory import costs_of, reserves, standing_events
from ledger.runs.store import last_years

_TYPES = [
    f"hnb.{kind}.v1"
    for kind in (
        "assessment-requested", "ehcp-issued", "ehcp-ceased", "placement-made", "placement-ended", "setting-registered",
        "support-granted", "tribunal-lodged", "tribunal-concluded", "tribunal-cost-incurred", "event-withdrawn",
    )
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Next:
    """What would be published, or was: the document, what changed since the edition before, and what lies behind it."""

    number: int
    known_at: datetime
    document: Document
    changes: list[Change]
    behind: Edition

    @property
    def is_new(self) -> bool:
        """Whether it says anything that the edition before did not."""
        return self.number == 1 or bool(self.changes)


def compose(
    connection: Connection, ledger: Ledger, authority: str, name: str, year: int, known_at: datetime
) -> Next | None:
    """None where nothing is known of the year. Raises Unprotectable where earlier editions would give a figure away."""
    costs = costs_of(connection, authority, year, known_at)
    known = reserves(connection, authority, known_at)
    if year not in known and not costs:
        return None
    path = reserve_path({year: positions.read(connection, authority, year, known_at).reserve, **known})
    today = min(ledger.today(), known_at.astimezone(UTC).date())
    counted = facts(standing_events(connection, authority, known_at, _TYPES), costs, year, today)
    before = editions.behind(connection, authority, year)
    edition = publish(counted.groups, counted.totals, before, IN_HEADLINES)
    forecast = {one.financial_year: one.reserve for one in last_years(connection, authority)}
    money = Money(path[year], {of: one for of, one in path.items() if of <= year}, forecast)
    beside = benchmarks.read(connection, benchmarks.Asked(authority))  # what others published has no part in the books
    others = (beside.rates, [one.name for one in beside.sources]) if beside else ()
    document = summary(Told(name, year, counted, edition.shown(), money), known_at, *others)
    last = editions.published(connection, authority, year)
    moved = changes(last.document, document) if last else []
    return Next(len(before) + 1, known_at, document, moved, edition)
