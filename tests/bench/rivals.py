"""What the ledger is measured against: the usual way to write it, and no guarantee at all. Both as well as they can be.

Both are given the events as they come from the stream (JSON), and leave the same journal rows and postings.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from sqlalchemy import (
    JSON,
    BigInteger,
    Date,
    DateTime,
    Engine,
    Integer,
    LargeBinary,
    Text,
    create_engine,
    func,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hnb.database import copied, copy_lines, copy_rows, transaction
from hnb.events import CASE_EVENTS, Event, PlacementMade, read_event, read_json
from ledger.domain.commitments import Agreed, Folded, fold
from ledger.domain.schedules import PLACES, Context, difference, schedule
from ledger.handlers import about
from ledger.store import TOTAL, read_schedule

BalanceKey = tuple[str, int, str, str]


class Base(DeclarativeBase):
    """The rival's own tables."""


class JournalRow(Base):
    """One event."""

    __tablename__ = "rival_journal"
    source: Mapped[str] = mapped_column(Text, primary_key=True)
    id: Mapped[str] = mapped_column(Text, primary_key=True)
    authority: Mapped[str] = mapped_column(Text)
    type: Mapped[str] = mapped_column(Text)
    time: Mapped[datetime] = mapped_column(DateTime(timezone=True))
    about: Mapped[str] = mapped_column(Text, index=True)
    digest: Mapped[bytes] = mapped_column(LargeBinary)
    body: Mapped[str] = mapped_column(Text)
    received_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.clock_timestamp())


class PostingRow(Base):
    """One posting."""

    __tablename__ = "rival_postings"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    authority: Mapped[str] = mapped_column(Text)
    about: Mapped[str] = mapped_column(Text, index=True)
    financial_year: Mapped[int] = mapped_column(Integer)
    line: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    from_place: Mapped[str] = mapped_column(Text)
    to_place: Mapped[str] = mapped_column(Text)
    amount_pence: Mapped[int] = mapped_column(BigInteger)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)
    event_source: Mapped[str] = mapped_column(Text)
    event_id: Mapped[str] = mapped_column(Text)


class CommitmentRow(Base):
    """One commitment as last decided, so that the next event about it can be answered by a difference."""

    __tablename__ = "rival_commitments"
    authority: Mapped[str] = mapped_column(Text, primary_key=True)
    about: Mapped[str] = mapped_column(Text, primary_key=True)
    provision: Mapped[str] = mapped_column(Text)
    child_ref: Mapped[str] = mapped_column(Text)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date | None] = mapped_column(Date)
    schedule: Mapped[list[Any]] = mapped_column(JSON)


class BalanceRow(Base):
    """What a line comes to."""

    __tablename__ = "rival_balances"
    authority: Mapped[str] = mapped_column(Text, primary_key=True)
    financial_year: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    amount_pence: Mapped[int] = mapped_column(BigInteger)


class HistoryRow(Base):
    """What a line came to, for who asks what was known at a past moment."""

    __tablename__ = "rival_history"
    id: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    recorded_at: Mapped[datetime] = mapped_column(DateTime(timezone=True), server_default=func.now())
    authority: Mapped[str] = mapped_column(Text)
    financial_year: Mapped[int] = mapped_column(Integer)
    line: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    amount_pence: Mapped[int] = mapped_column(BigInteger)


def prepare(url: str) -> Engine:
    """An engine with the rivals' tables, empty. The bare loop's are the ledger's own, with all but their triggers."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    Base.metadata.create_all(engine)
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE bare_journal (LIKE inbox INCLUDING ALL)"))
        connection.execute(text("CREATE TABLE bare_postings (LIKE postings INCLUDING ALL)"))
    return engine


def usual_handler(engine: Engine, bodies: Sequence[bytes], context: Context, tuned: bool = False) -> None:
    """One message, one ORM session, one commit: the ledger's work as objects. A primary key makes repetition harmless,
    row locks keep two handlers apart. `tuned` reads all balances a message moves in one select, in place of one each.
    """
    move = _move_together if tuned else _move_one_by_one
    for body in bodies:
        event = read_event(read_json(body), known=CASE_EVENTS)
        whose = about(event) or ""
        with Session(engine) as session, session.begin():
            if session.get(JournalRow, (event.source, event.id)) is not None:
                continue
            kept = session.get(CommitmentRow, (event.authority, whose), with_for_update=True)
            before = read_schedule(kept.schedule) if kept else {}
            folded = fold([event, *(_heard(session, event.authority, whose) if kept else ())])
            after = schedule(folded, context)
            postings = difference(before, after)
            session.add(
                JournalRow(source=event.source, id=event.id, authority=event.authority, type=event.type,
                           time=event.time, about=whose, digest=event.digest, body=event.body)
            )  # fmt: skip
            agreed, rows = folded.agreed[0], [(*cell, *map(str, amount)) for cell, amount in after.items()]
            if kept:
                kept.schedule, kept.last_day = rows, agreed.end
            else:
                session.add(
                    CommitmentRow(authority=event.authority, about=whose, provision=agreed.provision,
                                  child_ref=agreed.child_ref, first_day=agreed.start, last_day=agreed.end,
                                  schedule=rows)
                )  # fmt: skip
            session.add_all(
                PostingRow(authority=event.authority, about=whose, financial_year=cell.year, line=cell.line,
                           kind=cell.kind, from_place=source, to_place=target, amount_pence=pence, first_day=first,
                           last_day=last, event_source=event.source, event_id=event.id)
                for cell, source, target, pence, first, last in postings
            )  # fmt: skip
            moved: dict[BalanceKey, int] = defaultdict(int)
            for cell, _, target, pence, _, _ in postings:
                signed = pence if target == PLACES[cell.kind][1] else -pence
                for line in (cell.line, TOTAL):
                    moved[event.authority, cell.year, line, str(cell.kind)] += signed
            move(session, moved)


def _heard(session: Session, authority: str, whose: str) -> list[Event]:
    found = session.scalars(select(JournalRow).where(JournalRow.authority == authority, JournalRow.about == whose))
    return [read_event(read_json(row.body), known=CASE_EVENTS) for row in found]


def _move_one_by_one(session: Session, moved: Mapping[BalanceKey, int]) -> None:
    for key, pence in sorted(moved.items()):
        _move(session, session.get(BalanceRow, key, with_for_update=True), key, pence)


def _move_together(session: Session, moved: Mapping[BalanceKey, int]) -> None:
    key = tuple_(BalanceRow.authority, BalanceRow.financial_year, BalanceRow.line, BalanceRow.kind)
    with session.no_autoflush:
        found = session.scalars(select(BalanceRow).where(key.in_(moved)).order_by(key).with_for_update())
        balances = {(b.authority, b.financial_year, b.line, b.kind): b for b in found}
    for one, pence in sorted(moved.items()):
        _move(session, balances.get(one), one, pence)


def _move(session: Session, balance: BalanceRow | None, key: BalanceKey, pence: int) -> None:
    named = dict(zip(("authority", "financial_year", "line", "kind"), key, strict=True))
    if balance is None:
        session.add(balance := BalanceRow(**named, amount_pence=pence))
    else:
        balance.amount_pence += pence
    session.add(HistoryRow(**named, amount_pence=balance.amount_pence))


def bare_loop(engine: Engine, bodies: Sequence[bytes], context: Context) -> None:
    """Read, validate and COPY one batch of the same rows: no inbox, locks, fold, stored schedule, balances, outbox."""
    events = [read_event(read_json(body), known=CASE_EVENTS) for body in bodies]
    now = datetime.now(UTC)
    with transaction(engine) as connection:
        copy_rows(
            connection, "bare_journal", ("source", "id", "authority", "type", "time", "about", "digest", "body"),
            ((e.source, e.id, e.authority, e.type, e.time, about(e), f"\\x{e.digest.hex()}", e.body) for e in events),
        )  # fmt: skip
        columns = ("recorded_at", "authority", "about", "financial_year", "line", "kind", "from_place", "to_place",
                   "amount_pence", "first_day", "last_day", "event_source", "event_id")  # fmt: skip
        copy_lines(connection, "bare_postings", columns, (line for e in events for line in _lines(now, e, context)))


def _lines(now: datetime, event: Event, context: Context) -> Iterator[str]:
    made = event.data
    assert isinstance(made, PlacementMade)
    agreed = Agreed("placement", made.provision, made.start_date, made.end_date, made.cost)
    whose, why = f"{now}\t{event.authority}\t{copied(about(event))}", f"{copied(event.source)}\t{copied(event.id)}"
    for (year, line, kind), (pence, first, last) in schedule(Folded((agreed,)), context).items():
        source, target = PLACES[kind]
        yield f"{whose}\t{year}\t{line}\t{kind}\t{source}\t{target}\t{pence}\t{first!s}\t{last!s}\t{why}"
