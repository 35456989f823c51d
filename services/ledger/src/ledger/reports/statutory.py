"""The statutory returns read from the ledger: every commitment's pence from the postings, the rest from the inbox."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, text

from hnb import withdrawals
from hnb.calendar import year_label
from hnb.events import CASE_EVENTS, ContributionAgreed, Event, EventWithdrawn, read_event, read_json
from hnb.money import pounds
from hnb.withdrawals import Withdrawal
from ledger import positions
from ledger.domain.commitments import fold
from ledger.domain.dsg_plan import dsg_plan
from ledger.domain.positions import Reserve
from ledger.domain.reserve import reserve_path
from ledger.domain.s251 import amounts, by_group, s251
from ledger.domain.statutory import Column, Known, Line, Sheet, contributed, known
from ledger.handlers import COMMITMENT, Ledger, about
from ledger.positions import Position

# What a commitment costs is what was posted for it: so a return adds up to the position, as known at any moment.
_COSTS = text("""
    SELECT about, line, sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END)::bigint AS pence
    FROM postings WHERE authority = :authority AND financial_year = :year AND kind IN ('commitment', 'provisional')
    AND recorded_at <= coalesce(:known_at, 'infinity'::timestamptz) GROUP BY about, line
    HAVING sum(CASE WHEN to_place = 'committed' THEN amount_pence ELSE -amount_pence END) <> 0
""")
_YEARS = text("""
    SELECT DISTINCT financial_year FROM postings WHERE authority = :authority AND kind IN ('grant', 'reserve')
    AND recorded_at <= coalesce(:known_at, 'infinity'::timestamptz)
""")
_FACTS = text("""
    SELECT body FROM inbox WHERE authority = :authority AND type = ANY(:types)
    AND received_at <= coalesce(:known_at, 'infinity'::timestamptz)
""")
_TYPES = [
    f"hnb.{kind}.v1"
    for kind in (
        "ehcp-issued", "placement-made", "placement-ended", "placement-repriced", "contribution-agreed",
        "places-commissioned", "event-withdrawn",
    )
]  # fmt: skip
NOTES = (
    (
        "An internal return to the Department for Education and not a publication: small numbers are not suppressed. "
        "Do not publish it as it is."
    ),
    "Costs are what the authority has committed and spent together, contributions of health and social care taken off.",
    "Every pound of the position stands in it exactly once; each check says by how much it does not, and must be 0.",
    (
        "The ledger cannot tell a demonstration from the real thing: where hnb demo or hnb simulate filled it, every "
        "figure is synthetic."
    ),
)
S251_NOTES = (
    "Gross is what is paid to providers, income what health and social care agreed to contribute, net the authority's.",
    (
        "What is not known is not split: no event says whether a school is maintained or an academy, so 1.2.1 and "
        "1.2.2 share a row, as do 1.2.2 and 1.2.3 for post-16. All are in DfE's formula, so its total is exact."
    ),
    (
        "1.0.2 holds contracts for places the authority pays for; places DfE pays for are in no figure. A placement "
        "whose price includes its place stands whole in its top-up row: no event states a price's place element."
    ),
)
PLAN_NOTES = (
    (
        "Placements are those with a day in the financial year; children are counted once in a cell, by pseudonym, and "
        "no pseudonym is shown. A child who moved is in each sheet they were in, so children of sheets do not add up."
    ),
    (
        "Need and age come from the latest plan issued under the placement's plan id or, failing that, for its child. "
        "Where no plan is known, or it does not say, they are shown as not known."
    ),
    (
        "Age is by the academic year that starts in the financial year. A year group is read as that of the academic "
        "year in which the plan was issued, and rises by one each September: up to reception is under 5, years 1 to 6 "
        "are 5 to 10, 7 to 11 are 11 to 15, 12 to 15 are 16 to 19, 16 to 21 are 20 to 25; beyond, it is not known."
    ),
    "Other holds education otherwise than at school, early years and direct payments.",
    "Mitigated equals unmitigated until the authority's measures are entered: the ledger holds none yet.",
    (
        "The reserve path holds the years whose grant or reserve is known. Where finance set no opening reserve for a "
        "year, it opens as the year before closed."
    ),
)


@dataclass(frozen=True, slots=True)
class Return:
    """One statutory return of an authority's financial year, as known at a moment."""

    known_at: datetime
    sheets: Sequence[Sheet]


@dataclass(frozen=True, slots=True)
class _Books:
    """What both returns are made from."""

    position: Position
    costs: Mapping[Line, int]
    income: Mapping[Line, int]
    known: Known


def read_s251(
    connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime | None
) -> Return | None:
    """The S251 return; None where nothing is known of the year."""
    books = _read(connection, ledger, authority, year, known_at)
    if books is None:
        return None
    sheet = s251(amounts(books.costs, books.income, books.known), books.position.lines)
    return Return(books.position.known_at, [sheet, _notes(books.position, S251_NOTES)])


def read_dsg_plan(
    connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime | None
) -> Return | None:
    """The DSG management plan; None where nothing is known of the year."""
    books = _read(connection, ledger, authority, year, known_at)
    if books is None:
        return None
    groups = by_group(amounts(books.costs, books.income, books.known))
    path = reserve_path(reserves(connection, authority, known_at) or {year: books.position.reserve})
    sheets = dsg_plan(year, books.costs, books.known, books.position.lines, groups, path)
    return Return(books.position.known_at, [*sheets, _notes(books.position, PLAN_NOTES)])


def _read(
    connection: Connection, ledger: Ledger, authority: str, year: int, known_at: datetime | None
) -> _Books | None:
    position = positions.read(connection, authority, year, known_at)
    if not position.lines and not position.reserve.grant_pence and not position.reserve.opening_pence:
        return None
    costs = costs_of(connection, authority, year, known_at)
    events = standing_events(connection, authority, known_at, _TYPES)
    return _Books(position, costs, _income(connection, ledger, authority, year, events), known(events))


def costs_of(connection: Connection, authority: str, year: int, known_at: datetime | None) -> dict[Line, int]:
    """What each commitment costs in a year, in pence, by its id and the line it stands on."""
    rows = connection.execute(_COSTS, {"authority": authority, "year": year, "known_at": known_at})
    return {(row.about.removeprefix(COMMITMENT), row.line): row.pence for row in rows}


def standing_events(
    connection: Connection, authority: str, known_at: datetime | None, types: Sequence[str]
) -> list[Event]:
    """The events of these types (with `event-withdrawn` among them), heard by then and not withdrawn by then."""
    rows = connection.execute(_FACTS, {"authority": authority, "types": types, "known_at": known_at})
    events = [read_event(read_json(row.body), known=CASE_EVENTS) for row in rows]
    gone = withdrawals.withdrawn(
        Withdrawal((event.source, event.id), event.time, (event.data.withdrawn_source, event.data.withdrawn_id))
        for event in events if isinstance(event.data, EventWithdrawn)
    )  # fmt: skip
    return [event for event in events if (event.source, event.id) not in gone]


def _income(
    connection: Connection, ledger: Ledger, authority: str, year: int, events: Sequence[Event]
) -> dict[Line, int]:
    """What partners pay in the year of each placement they contribute to."""
    shared = {about(event) for event in events if isinstance(event.data, ContributionAgreed)}
    facts: dict[tuple[str, str], list[Event]] = defaultdict(list)
    for event in events:
        subject = about(event)
        if subject is not None and subject in shared:
            facts[authority, subject].append(event)
    folded = {key: fold(found) for key, found in facts.items()}
    context = ledger.contexts(connection, folded).get(authority)
    income: dict[Line, int] = defaultdict(int)
    for (_, subject), one in folded.items():
        for agreed in one.agreed:
            if context is not None and agreed.contributions:
                income[subject.removeprefix(COMMITMENT), str(agreed.provision)] += contributed(agreed, context, year)
    return income


def reserves(connection: Connection, authority: str, known_at: datetime | None) -> dict[int, Reserve]:
    """The reserve of each year whose grant or opening reserve is known."""
    years = connection.scalars(_YEARS, {"authority": authority, "known_at": known_at}).all()
    return {year: positions.read(connection, authority, year, known_at).reserve for year in years}


def _notes(position: Position, notes: Sequence[str]) -> Sheet:
    """What a reader must know, on a sheet of its own so that it goes wherever the figures go."""
    provisional = position.total.provisional_pence
    known_at = f"{position.known_at:%d %B %Y %H:%M:%S} UTC"
    said = [
        f"{position.authority}, financial year {year_label(position.year)}, as known at {known_at}.",
        f"{pounds(provisional)} of the total is provisional: placements without a price stand at their line's mean.",
        *notes,
        *NOTES,
    ]
    return Sheet("Notes", [Column("Notes", "text")], [(sentence,) for sentence in said])
