"""An extract taken in: read by its mapping, compared with what was said before, sent, counted; wrong rows set aside."""

import os
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, nullcontext
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
from rich.console import Console
from rich.progress import Progress

from hnb.events import MAX_BATCH_BYTES
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts import repeats
from hnb_local.extracts.reading import Extract, Fact, Row
from hnb_local.extracts.records import Feed, Planned, Said, content_of, look_up, plan
from hnb_local.extracts.summary import Done
from hnb_local.setting_aside import Rejects
from hnb_local.simulator.sending import Door

ROWS_AT_ONCE = 500
EARLY = timedelta(days=1)  # a clock may be wrong, or in another zone; beyond that a time to come is a mistake


@dataclass(slots=True)
class Import:
    """One import of one extract. `door_url` is None where nobody is asked what was said before, as a dry run may."""

    extract: Extract
    feed: Feed
    door_url: str | None
    rejected_path: Path
    as_of: datetime | None
    dry_run: bool
    done: Done = field(init=False)
    _repeats: repeats.Repeats = field(init=False)
    _rejects: Rejects = field(init=False)
    _taken: set[tuple[str, datetime | None, bytes]] = field(default_factory=set)  # of records there more than once
    _supposed: dict[str, list[Said]] = field(default_factory=dict)  # what a dry run would have said of those

    def run(self) -> Done:
        """Take the extract in. What is wrong with the file as a whole is CommandFailed; with a row, that row's."""
        self.done = Done(self.extract.file, self.extract.mapping.event, self.feed, self.dry_run)
        screen = Console(stderr=True)
        with ExitStack() as exits:
            progress = exits.enter_context(Progress(console=screen, transient=True, disable=not screen.is_terminal))
            task = progress.add_task("Reading", total=None)
            self._repeats = repeats.find(self.extract, self.feed)
            if not self._repeats.rows:
                raise CommandFailed(f"{self.extract.file.path} has no rows under its header.", WRONG_USE)
            progress.update(task, description="Importing", total=self._repeats.rows)
            sends = self.door_url and not self.dry_run
            door = exits.enter_context(
                Door(self.door_url, token=os.environ.get("HNB_TOKEN")) if self.door_url and sends else nullcontext()
            )
            self._rejects = exits.enter_context(Rejects(self.rejected_path, self.extract.file, dry_run=self.dry_run))
            rows = self.extract.rows()
            while batch := list(islice(rows, ROWS_AT_ONCE)):
                self._take(batch, door)
                progress.update(task, completed=self.extract.seen)
        self.done.rows, self.done.left_out = self.extract.seen, self.extract.left_out
        return self.done

    def _take(self, batch: list[Row], door: Door | None) -> None:
        good: list[tuple[Row, Fact]] = []
        for row in batch:
            fact, why = self._dated(row.fact), row.wrong or self._repeats.against(self.feed, row)
            if fact is None or why:
                self._refuse(row, why)
            elif fact.at is not None and fact.at > self.feed.now + EARLY:
                self._refuse(row, "the time it happened is still to come")
            elif not self._is_repeated(fact):
                good.append((row, fact))
        before = look_up(self.feed, self.door_url, [fact for _, fact in good]) if self.door_url else {}
        for wave in _waves(self.feed, good):
            self._take_wave(wave, before, door)

    def _dated(self, fact: Fact | None) -> Fact | None:
        if fact is None or fact.at is not None or self.as_of is None:
            return fact
        return Fact(fact.data, self.as_of, fact.event_id)

    def _is_repeated(self, fact: Fact) -> bool:
        """Whether this very fact was in an earlier row; remembered for records that are there more than once."""
        if not self._repeats.has(self.feed, fact):
            return False
        one = (self.feed.record_of(fact), fact.at, content_of(fact.data))
        if one in self._taken:
            self.done.changes["repeated"] += 1
            return True
        self._taken.add(one)
        return False

    def _take_wave(self, wave: Sequence[tuple[Row, Fact]], before: dict[str, list[Said]], door: Door | None) -> None:
        """Rows about different records: what each changes depends on no other."""
        planned: list[tuple[Row, Planned]] = []
        for row, fact in wave:
            record = self.feed.record_of(fact)
            said = [*before.get(record, ()), *self._supposed.get(record, ())]
            one = plan(self.feed, fact, said if self.door_url or said else None)
            why = one.wrong or (self.extract.check(row, one.event) if one.event else "")
            if why:
                self._refuse(row, why)
            else:
                planned.append((row, one))
        sent = [(row, one.event) for row, one in planned if one.event is not None]
        refused = self._send(sent, door) if door else {}
        for row, one in planned:
            if row.number in refused:
                self._refuse(row, refused[row.number])
                continue
            self.done.count(one)
            if one.event is not None and row.fact is not None:
                self._remember(before, one.event, row.fact)

    def _remember(self, before: dict[str, list[Said]], event: dict[str, Any], fact: Fact) -> None:
        """A later row of the same record is compared with what this one said."""
        record = self.feed.record_of(fact)
        number = 1 if fact.event_id is not None else int(event["id"][-4:])
        said = Said(number, datetime.fromisoformat(event["time"]), content_of(event["data"]))
        if not self.dry_run:
            before.setdefault(record, []).append(said)
        elif self._repeats.has(self.feed, fact):
            self._supposed.setdefault(record, []).append(said)

    def _send(self, rows: Sequence[tuple[Row, dict[str, Any]]], door: Door) -> dict[int, str]:
        """Sends the events of a wave; why each row that the door refused was refused, by its number."""
        refused: dict[int, str] = {}
        for some in _cut(rows):
            for (row, _), result in zip(some, door.post([event for _, event in some]), strict=True):
                self.done.answers[result["status"]] += 1
                if result["status"] not in ("accepted", "duplicate"):
                    errors = [(error["field"], error["message"]) for error in result.get("errors") or []]
                    said = self.extract.in_columns(row, errors)
                    refused[row.number] = said or str(result.get("detail", result["status"]))
        return refused

    def _refuse(self, row: Row, why: str) -> None:
        self.done.refuse(row.number, why)
        self._rejects.add(row.number, row.cells, why)
        self.done.rejected_file = self._rejects.written


def _waves(feed: Feed, rows: Sequence[tuple[Row, Fact]]) -> Iterator[list[tuple[Row, Fact]]]:
    """The rows in their order, in as few waves as have no record twice."""
    waves: list[list[tuple[Row, Fact]]] = []
    times: dict[str, int] = {}
    for row, fact in rows:
        record = feed.record_of(fact)
        at = times.get(record, 0)
        times[record] = at + 1
        if at == len(waves):
            waves.append([])
        waves[at].append((row, fact))
    yield from waves


def _cut(rows: Sequence[tuple[Row, dict[str, Any]]]) -> Iterator[list[tuple[Row, dict[str, Any]]]]:
    """The events in parts that one request holds."""
    some: list[tuple[Row, dict[str, Any]]] = []
    size = 0
    for row, event in rows:
        own = len(orjson.dumps(event)) * 2  # the door is sent ASCII, in which a letter beyond it takes six
        if some and size + own > MAX_BATCH_BYTES // 2:
            yield some
            some, size = [], 0
        some.append((row, event))
        size += own
    if some:
        yield some
