"""What the ledger is measured against: the usual way to write it, and no guarantee at all. Both as well as they can be.

Both are given the events as they come from the stream (JSON), and leave the same journal rows and postings.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, date, datetime

from sqlalchemy import (
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
)
from sqlalchemy.orm import DeclarativeBase, Mapped, Session, mapped_column

from hnb.database import copied, copy_lines, copy_rows, transaction
from hnb.events import CASE_EVENTS, Event, PlacementMade, read_event, read_json
from ledger.domain.commitments import Agreed, Folded, fold
from ledger.domain.schedules import PLACES, Context, difference, schedule
from ledger.handlers import about


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


class BalanceRow(Base):
    """What a line comes to."""

    __tablename__ = "rival_balances"
    financial_year: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    amount_pence: Mapped[int] = mapped_column(BigInteger)


def prepare(url: str) -> Engine:
    """An engine with the rivals' tables, empty. The bare loop's are the ledger's own, with all but their triggers."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    Base.metadata.create_all(engine)
    with transaction(engine) as connection:
        connection.execute(text("CREATE TABLE bare_journal (LIKE inbox INCLUDING ALL)"))
        connection.execute(text("CREATE TABLE bare_postings (LIKE postings INCLUDING ALL)"))
    return engine


def usual_handler(engine: Engine, bodies: Sequence[bytes], context: Context) -> None:
    """One message, one ORM session, one commit: a unique key for idempotence, postings and balances as objects."""
    for body in bodies:
        event = read_event(read_json(body), known=CASE_EVENTS)
        with Session(engine) as session, session.begin():
            if session.get(JournalRow, (event.source, event.id)) is not None:
                continue
            session.add(
                JournalRow(source=event.source, id=event.id, authority=event.authority, type=event.type,
                           time=event.time, about=about(event) or "", digest=event.digest, body=event.body)
            )  # fmt: skip
            for posting in difference({}, schedule(fold([event]), context)):
                cell = posting.cell
                session.add(
                    PostingRow(authority=event.authority, about=about(event) or "", financial_year=cell.year,
                               line=cell.line, kind=cell.kind, from_place=posting.source, to_place=posting.target,
                               amount_pence=posting.pence, first_day=posting.first, last_day=posting.last,
                               event_source=event.source, event_id=event.id)
                )  # fmt: skip
                key = (cell.year, cell.line, str(cell.kind))
                balance = session.scalars(
                    select(BalanceRow).where(
                        BalanceRow.financial_year == key[0], BalanceRow.line == key[1], BalanceRow.kind == key[2]
                    ).with_for_update()
                ).first()  # fmt: skip
                if balance is None:
                    session.add(BalanceRow(financial_year=key[0], line=key[1], kind=key[2], amount_pence=posting.pence))
                else:
                    balance.amount_pence += posting.pence


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
        yield f"{whose}\t{year}\t{line}\t{kind}\t{source}\t{target}\t{pence}\t{first}\t{last}\t{why}"
