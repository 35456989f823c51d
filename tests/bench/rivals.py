"""What the ledger is measured against: the usual way to write it, and no guarantee at all. Both as well as they can be.

Both are given the events as they come from the stream (JSON), and leave the same journal rows and postings.
"""

from collections.abc import Iterator, Sequence
from datetime import date, datetime

from sqlalchemy import BigInteger, Date, DateTime, Engine, Integer, Text, create_engine, select
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
    body: Mapped[str] = mapped_column(Text)


class PostingRow(Base):
    """One posting."""

    __tablename__ = "rival_postings"
    number: Mapped[int] = mapped_column(BigInteger, primary_key=True, autoincrement=True)
    about: Mapped[str] = mapped_column(Text, index=True)
    financial_year: Mapped[int] = mapped_column(Integer)
    line: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    from_place: Mapped[str] = mapped_column(Text)
    to_place: Mapped[str] = mapped_column(Text)
    amount_pence: Mapped[int] = mapped_column(BigInteger)
    first_day: Mapped[date] = mapped_column(Date)
    last_day: Mapped[date] = mapped_column(Date)


class BalanceRow(Base):
    """What a line comes to."""

    __tablename__ = "rival_balances"
    financial_year: Mapped[int] = mapped_column(Integer, primary_key=True)
    line: Mapped[str] = mapped_column(Text, primary_key=True)
    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    amount_pence: Mapped[int] = mapped_column(BigInteger)


def prepare(url: str) -> Engine:
    """An engine with the rivals' tables, empty."""
    engine = create_engine(url.replace("postgresql://", "postgresql+psycopg://"))
    Base.metadata.drop_all(engine)
    Base.metadata.create_all(engine)
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
                           time=event.time, about=about(event) or "", body=event.body)
            )  # fmt: skip
            for posting in difference({}, schedule(fold([event]), context)):
                cell = posting.cell
                session.add(
                    PostingRow(about=about(event) or "", financial_year=cell.year, line=cell.line, kind=cell.kind,
                               from_place=posting.source, to_place=posting.target, amount_pence=posting.pence,
                               first_day=posting.first, last_day=posting.last)
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
    with transaction(engine) as connection:
        copy_rows(
            connection, "rival_journal", ("source", "id", "authority", "type", "time", "about", "body"),
            ((e.source, e.id, e.authority, e.type, e.time, about(e), e.body) for e in events),
        )  # fmt: skip
        columns = ("about", "financial_year", "line", "kind", "from_place", "to_place", "amount_pence", "first_day",
                   "last_day")  # fmt: skip
        copy_lines(connection, "rival_postings", columns, (line for e in events for line in _lines(e, context)))


def _lines(event: Event, context: Context) -> Iterator[str]:
    made = event.data
    assert isinstance(made, PlacementMade)
    agreed = Agreed("placement", made.provision, made.start_date, made.end_date, made.cost)
    subject = copied(about(event))
    for (year, line, kind), (pence, first, last) in schedule(Folded((agreed,)), context).items():
        source, target = PLACES[kind]
        yield f"{subject}\t{year}\t{line}\t{kind}\t{source}\t{target}\t{pence}\t{first}\t{last}"
