"""What became of a return, told to a person or to a program."""

import csv
from collections import Counter
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import typer
from rich.table import Table
from rich.text import Text

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2 import saying
from hnb_local.sen2.records import Fault
from hnb_local.showing import add_row, console, show_json

FAULTS_SHOWN = 20
FAULTS_KEPT = 500
ABSENT_SHOWN = UNREGISTERED_SHOWN = 5
_COLUMNS = (
    saying.NEW, saying.CHANGED, saying.REOPENED, saying.CONFIRMED, saying.UNCHANGED, saying.OVERTAKEN,
)  # fmt: skip
_ROWS = {
    saying.REQUESTED: "Requests", saying.DECIDED: "Requests decided", saying.CLOSED: "Requests closed",
    saying.ISSUED: "Plans", saying.CEASED: "Plans ceased", saying.MADE: "Placements", saying.ENDED: "Placements ended",
}  # fmt: skip


@dataclass(slots=True)
class Done:
    """The summary of one import."""

    path: Path
    reference_date: str
    form: str
    dry_run: bool
    persons: int = 0
    refused: int = 0  # persons of whom nothing goes in
    faulty: int = 0  # faults of any record
    faults: list[Fault] = field(default_factory=list)
    counts: Counter[tuple[str, str]] = field(default_factory=Counter)
    placeless: Counter[str] = field(default_factory=Counter)
    unregistered: Counter[str] = field(default_factory=Counter)
    moved: int = 0
    events: int = 0
    answers: Counter[str] = field(default_factory=Counter)
    absent: Counter[str] = field(default_factory=Counter)
    some_absent: list[str] = field(default_factory=list)
    others: int = 0
    lea_checked: bool = True

    def note_absent(self, about: str) -> None:
        """A plan or placement that stands open and that the return does not have."""
        kind, _, id = about.partition("/")
        self.absent[kind] += 1
        if self.absent[kind] <= ABSENT_SHOWN:
            self.some_absent.append(id)

    def as_json(self) -> dict[str, Any]:
        """The summary, for a program."""
        return {
            "path": str(self.path), "form": self.form, "reference_date": self.reference_date, "dry_run": self.dry_run,
            "persons": self.persons, "refused_persons": self.refused, "faults": self.faulty,
            "first_faults": [
                {"file": f.where.file, "line": f.where.line, "field": f.field, "message": f.message}
                for f in self.faults
            ],
            "records": {row: {how: self.counts[row, how] for how in _COLUMNS} for row in _ROWS},
            "children_moved": self.moved, "without_a_place": dict(self.placeless),
            "unregistered_settings": dict(self.unregistered.most_common()), "events": self.events,
            "answers": dict(self.answers), "absent": dict(self.absent), "some_absent": self.some_absent,
            "from_other_sources": self.others,
        }  # fmt: skip

    def show(self, *, as_json: bool) -> None:
        """The summary on stdout, what is wrong on stderr."""
        if as_json:
            show_json(self.as_json())
        else:
            console().print(self._table())
            for sentence in self._in_words():
                typer.echo(sentence)
        for fault in self.faults[: 0 if as_json else FAULTS_SHOWN]:
            typer.echo(str(fault), err=True)
        if self.faulty:
            more = f" The first {FAULTS_SHOWN} are above." if self.faulty > FAULTS_SHOWN and not as_json else ""
            whole = f", and of {self.refused:,} persons nothing" if self.refused else ""
            typer.echo(f"{self.faulty:,} records are wrong and were left out{whole}.{more}", err=True)

    def _table(self) -> Table:
        title = f"{'Would be imported' if self.dry_run else 'Imported'}: SEN2 of {self.reference_date}"
        table = Table(title=title, title_justify="left", title_style="bold")
        for column in ("", *(how.capitalize() for how in _COLUMNS)):
            table.add_column(column, justify="right" if column else "left")
        for row, name in _ROWS.items():
            add_row(table, name, *(Text(f"{self.counts[row, how]:,}") for how in _COLUMNS))
        return table

    def _in_words(self) -> list[str]:
        said = [f"{self.persons:,} persons; {self.moved:,} children moved."]
        if self.placeless:
            codes = ", ".join(f"{code} {number:,}" for code, number in sorted(self.placeless.items()))
            said.append(f"Without a placement, since nothing is committed for them: {codes}.")
        if self.unregistered:
            some = ", ".join(f"{n} for {times:,}" for n, times in self.unregistered.most_common(UNREGISTERED_SHOWN))
            said.append(
                f"Settings nobody has registered, and placements left out: {len(self.unregistered):,} ({some})."
            )
        if self.absent:
            number = " and ".join(f"{count:,} {kind}s" for kind, count in sorted(self.absent.items()))
            some = ", ".join(self.some_absent)
            said.append(f"In force in the register and not in the return, left as they stand: {number} ({some}).")
        if self.others:
            said.append(f"The register also has {self.others:,} plans and placements that other sources said.")
        if not self.lea_checked:
            said.append("The return's LEA number was not checked against the authority: give --lea to have it checked.")
        if self.dry_run:
            return [*said, f"{self.events:,} events would be sent."]
        answers = ", ".join(f"{number:,} {answer}" for answer, number in sorted(self.answers.items()))
        return [*said, f"{self.events:,} events sent: {answers}." if self.events else "Nothing to say: 0 events sent."]


class Faults:
    """Takes faults as they are found: counted, the first kept, and all written to a file where one is asked for."""

    def __init__(self, done: Done, listing: Path | None) -> None:
        self._done, self._listing = done, listing
        self._exits = ExitStack()
        self._writer: Any = None

    def __enter__(self) -> Self:
        if self._listing is not None:
            try:
                file = self._exits.enter_context(self._listing.open("w", encoding="utf-8-sig", newline=""))
            except OSError as error:
                raise CommandFailed(f"{self._listing} cannot be written: {error.strerror}.", WRONG_USE) from None
            self._writer = csv.writer(file)
            self._writer.writerow(("file", "line", "field", "message"))
        return self

    def __exit__(self, *_: object) -> None:
        self._exits.close()

    def add(self, fault: Fault) -> None:
        """One fault, which never has a name, birth date or UPN in it."""
        self._done.faulty += 1
        if len(self._done.faults) < FAULTS_KEPT:
            self._done.faults.append(fault)
        if self._writer is not None:
            self._writer.writerow((fault.where.file, fault.where.line, fault.field, fault.message))
