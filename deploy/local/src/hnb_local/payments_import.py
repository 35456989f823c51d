"""A file of payments taken in: planned batch by batch against what stands, sent, counted; wrong rows set aside."""

import os
from collections import Counter, defaultdict
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.progress import Progress

from hnb.calendar import year_label
from hnb_local.asking import find_service
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.paying import Books, Planned, look_up, plan
from hnb_local.payments_csv import PaymentsFile, Row
from hnb_local.setting_aside import Rejects
from hnb_local.showing import add_row, console, money, plain_table, show_json
from hnb_local.simulator.sending import Door

ROWS_AT_ONCE = 500  # a batch holds 1,000 events, and a payment that moved is two or three
EVENTS_AT_ONCE = 500
FAULTS_SHOWN = 20
UNKNOWN_SHOWN = 5
_CHANGES = ("new", "changed", "moved", "unchanged", "repeated")


def find_books(
    placements_url: str | None, ledger_url: str | None, data_dir: Path, *, dry_run: bool
) -> tuple[str | None, str | None]:
    """The door and the ledger. A dry run does without either; an import must know what stands, to replace it."""
    try:
        ledger = find_service("ledger", ledger_url, data_dir)
        return (None if dry_run else find_service("placements", placements_url, data_dir)), ledger
    except CommandFailed as failure:
        if dry_run and failure.status != WRONG_USE:
            return None, None
        raise


@dataclass(slots=True)
class Done:
    """What became of a file."""

    file: Path
    encoding: str
    dry_run: bool
    rows: int = 0
    rejected: int = 0
    rejected_file: Path | None = None
    faults: list[str] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    by_year: dict[int, list[int]] = field(default_factory=lambda: defaultdict(lambda: [0, 0]))
    unknown_commitments: set[str] = field(default_factory=set)

    def as_json(self) -> dict[str, Any]:
        """The summary, for a program."""
        return {
            "file": str(self.file), "encoding": self.encoding, "dry_run": self.dry_run, "rows": self.rows,
            "rejected": self.rejected, "rejected_file": str(self.rejected_file) if self.rejected_file else None,
            "faults": self.faults, "changes": dict(self.changes), "answers": dict(self.answers),
            "years": [
                {"financial_year": year, "rows": rows, "amount_pence": pence}
                for year, (rows, pence) in sorted(self.by_year.items())
            ],
            "unknown_commitments": sorted(self.unknown_commitments),
        }  # fmt: skip

    def show(self, *, as_json: bool) -> None:
        """The summary on stdout, what is wrong on stderr."""
        if as_json:
            show_json(self.as_json())
            return
        table = plain_table("Would be imported" if self.dry_run else "Imported", "Year", "Payments", "Amount")
        for year, (rows, pence) in sorted(self.by_year.items()):
            add_row(table, year_label(year), f"{rows:,}", money(pence))
        console().print(table)
        typer.echo(self._in_words())
        if self.unknown_commitments:
            number, some = len(self.unknown_commitments), ", ".join(sorted(self.unknown_commitments)[:UNKNOWN_SHOWN])
            typer.echo(f"Commitments not known yet, whose payments wait for them: {number:,} ({some}).")
        for fault in self.faults[:FAULTS_SHOWN]:
            typer.echo(fault, err=True)
        if self.rejected:
            more = f" The first {FAULTS_SHOWN} are above." if self.rejected > FAULTS_SHOWN else ""
            kept = f" They are in {self.rejected_file}: mend and import that." if self.rejected_file else ""
            typer.echo(f"{self.rejected:,} of {self.rows:,} rows are wrong.{more}{kept}", err=True)

    def _in_words(self) -> str:
        if self.changes["unknown"]:
            return "No ledger was asked: which of them are new, and which are there already, is not known."
        counted = ", ".join(f"{self.changes[change]:,} {change}" for change in _CHANGES)
        return f"{counted}, {self.rejected:,} wrong."


@dataclass(slots=True)
class Import:
    """One import of one file."""

    path: Path
    books: Books
    door_url: str | None
    rejected_path: Path
    dry_run: bool
    _file: PaymentsFile = field(init=False)
    _done: Done = field(init=False)
    _rejects: Rejects = field(init=False)

    def run(self) -> Done:
        """Take the file in. What is wrong with the file as a whole is CommandFailed; with a row, that row's."""
        self._file = PaymentsFile(self.path)
        self._done = Done(self.path, self._file.file.encoding, self.dry_run)
        rows = self._file.rows()
        screen = Console(stderr=True)
        with ExitStack() as exits:
            door = exits.enter_context(
                Door(self.door_url, token=os.environ.get("HNB_TOKEN")) if self.door_url else nullcontext()
            )
            self._rejects = exits.enter_context(Rejects(self.rejected_path, self._file.file, dry_run=self.dry_run))
            progress = exits.enter_context(Progress(console=screen, transient=True, disable=not screen.is_terminal))
            task = progress.add_task("Importing", total=None)
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                self._take(batch, door)
                progress.advance(task, len(batch))
        if not self._done.rows:
            raise CommandFailed(f"{self.path} has no rows under its header.", WRONG_USE)
        return self._done

    def _take(self, batch: list[Row], door: Door | None) -> None:
        self._done.rows += len(batch)
        for row in batch:
            if row.payment is None:
                self._refuse(row, row.wrong)
        good = {row.payment.payment_id: row for row in batch if row.payment is not None}
        self._done.changes["repeated"] += sum(row.payment is not None for row in batch) - len(good)
        payments = [row.payment for row in good.values() if row.payment is not None]
        stands = look_up(self.books, payments) if self.books.ledger_url else None
        if stands:
            self._done.unknown_commitments |= stands.unknown
        planned = [plan(self.books, payment, stands) for payment in payments]
        refused = self._send(planned, door) if door else {}
        for one in planned:
            why = next((refused[event["id"]] for event in one.events if event["id"] in refused), None)
            if why is None:
                self._count(one)
            else:
                self._refuse(good[one.payment.payment_id], why)

    def _send(self, planned: list[Planned], door: Door) -> dict[str, str]:
        """Sends all events of a batch; why each that the door refused was refused, by its id."""
        refused: dict[str, str] = {}
        events = [event for one in planned for event in one.events]
        for start in range(0, len(events), EVENTS_AT_ONCE):
            sent = events[start : start + EVENTS_AT_ONCE]
            for event, result in zip(sent, door.post(sent), strict=True):
                self._done.answers[result["status"]] += 1
                if result["status"] not in ("accepted", "duplicate"):
                    errors = [f"{error['field']}: {error['message']}" for error in result.get("errors") or []]
                    refused[event["id"]] = "; ".join(errors) or str(result.get("detail", result["status"]))
        return refused

    def _count(self, one: Planned) -> None:
        self._done.changes[one.change] += 1
        of_year = self._done.by_year[one.payment.financial_year]
        of_year[0] += 1
        of_year[1] += one.payment.amount_pence

    def _refuse(self, row: Row, why: str) -> None:
        self._done.rejected += 1
        if len(self._done.faults) < ROWS_AT_ONCE:
            self._done.faults.append(f"row {row.number}: {why}")
        self._rejects.add(row.number, row.cells, why)
        self._done.rejected_file = self._rejects.written
