"""What became of an extract, for a person and for a program; no child's pseudonym in either."""

from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import typer

from hnb_local.csv_files import CsvFile
from hnb_local.extracts.records import Feed, Planned
from hnb_local.showing import add_row, console, plain_table, show_json

FAULTS_SHOWN, FAULTS_KEPT = 20, 500
CHANGES = {
    "new": "said for the first time",
    "changed": "replace what was said before",
    "earlier": "from before what stands: kept, and changing nothing that stands",
    "unchanged": "said before, and standing",
    "superseded": "said before, and replaced since: nothing is sent; where they are right again, give --as-of",
    "repeated": "the same as an earlier row",
    "unknown": "good, and compared with nothing: placements was not asked",
}


@dataclass(slots=True)
class Done:
    """The counts of one import."""

    file: CsvFile
    event: str
    feed: Feed
    dry_run: bool
    rows: int = 0
    left_out: int = 0
    rejected: int = 0
    rejected_file: Path | None = None
    faults: list[str] = field(default_factory=list)
    changes: Counter[str] = field(default_factory=Counter)
    answers: Counter[str] = field(default_factory=Counter)
    to_send: int = 0

    def count(self, one: Planned) -> None:
        """A row that is good."""
        self.changes[one.change] += 1
        self.to_send += one.event is not None

    def refuse(self, number: int, why: str) -> None:
        """A row that is wrong."""
        self.rejected += 1
        if len(self.faults) < FAULTS_KEPT:
            self.faults.append(f"row {number}: {why}")

    def as_json(self) -> dict[str, Any]:
        """The summary, for a program."""
        return {
            "file": str(self.file.path), "encoding": self.file.encoding, "event": self.event,
            "authority": self.feed.authority, "source": self.feed.source, "dry_run": self.dry_run, "rows": self.rows,
            "left_out": self.left_out, "rejected": self.rejected,
            "rejected_file": str(self.rejected_file) if self.rejected_file else None, "faults": self.faults,
            "changes": {change: self.changes[change] for change in CHANGES}, "events": self.to_send,
            "answers": dict(self.answers),
        }  # fmt: skip

    def show(self, *, as_json: bool) -> None:
        """The summary on stdout, what is wrong on stderr."""
        if as_json:
            show_json(self.as_json())
            return
        table = plain_table(f"{self.event}, {'would be imported' if self.dry_run else 'imported'}", "Rows", "What", "")
        for change, meaning in CHANGES.items():
            if self.changes[change]:
                add_row(table, f"{self.changes[change]:,}", change, meaning)
        if self.left_out:
            add_row(table, f"{self.left_out:,}", "left out", "not among the rows the mapping asks for")
        if self.rejected:
            add_row(table, f"{self.rejected:,}", "wrong", "see below")
        add_row(table, f"{self.rows:,}", "in all", "")
        console().print(table)
        typer.echo(f"{self.to_send:,} events {'would be sent' if self.dry_run else 'sent'} as {self.feed.source}.")
        for fault in self.faults[:FAULTS_SHOWN]:
            typer.echo(fault, err=True)
        if self.rejected:
            more = f" The first {FAULTS_SHOWN} are above." if self.rejected > FAULTS_SHOWN else ""
            kept = f" They are in {self.rejected_file}: mend and import that." if self.rejected_file else ""
            typer.echo(f"{self.rejected:,} of {self.rows:,} rows are wrong.{more}{kept}", err=True)
