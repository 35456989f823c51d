"""A SEN2 return taken in: read whole, set beside the register, and only what differs said through the door."""

import os
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.progress import Progress

from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2.comparing import compare
from hnb_local.sen2.done import Done, Faults
from hnb_local.sen2.facts import told
from hnb_local.sen2.pseudonym import Key
from hnb_local.sen2.reading import open_return
from hnb_local.sen2.records import Fault, Person, Return, Where
from hnb_local.sen2.registered import Register
from hnb_local.sen2.saying import Saying
from hnb_local.sen2.settings_known import KnownSettings
from hnb_local.sen2.staging import Child, Staging
from hnb_local.simulator.sending import Door

EVENTS_AT_ONCE = 500
KNOWN_LEA = {"E06000016": "856"}  # Leicester; another authority says its own with --lea

Json = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Asked:
    """What the command was asked: the return, whose it is, the key, and the placements service to compare with."""

    path: Path
    authority: str
    lea: str | None
    key: Key
    url: str
    rejected: Path | None = None
    dry_run: bool = False
    alongside: bool = False


def run(asked: Asked) -> Done:
    """Imports one return. CommandFailed, and nothing sent, where it is not usable as a whole."""
    with open_return(asked.path) as opened:
        _check_header(asked, opened)
        done = Done(asked.path, str(opened.reference_date), opened.form, asked.dry_run)
        done.lea_checked = _expected_lea(asked) is not None
        saying = Saying(asked.authority, f"/sen2/{asked.authority}", opened.reference_date, asked.key)
        screen = Console(stderr=True)
        with ExitStack() as exits:
            faults = exits.enter_context(Faults(done, asked.rejected))
            staging = exits.enter_context(Staging())
            progress = exits.enter_context(Progress(console=screen, transient=True, disable=not screen.is_terminal))
            _Import(asked, done, saying, faults, staging, progress).take(opened)
        return done


@dataclass(slots=True)
class _Import:
    """One import under way."""

    asked: Asked
    done: Done
    saying: Saying
    faults: Faults
    staging: Staging
    progress: Progress
    _waiting: list[tuple[Where, Json]] = field(default_factory=list)
    _latest_day: str = ""

    def take(self, opened: Return) -> None:
        register = Register(self.asked.url, self.asked.authority)
        settings = KnownSettings(register.settings())  # first of all: where nothing answers, nothing need be read
        task = self.progress.add_task("Reading the return", total=opened.total)
        for one in opened.persons:
            self._take_person(one, settings)
            self.progress.advance(task)
        self.done.unregistered = settings.unknown
        task = self.progress.add_task("Reading the register", total=None)
        register.stage(self.staging, self.asked.key.mark)
        self._refuse_doubles(register)
        for fault in self.staging.recognise(self.asked.key):
            self.done.refused += 1
            self.faults.add(fault)
        self.progress.update(task, total=1, completed=1)
        self._compare_all()

    def _take_person(self, one: Person | tuple[Fault, ...], settings: KnownSettings) -> None:
        self.done.persons += 1
        if not isinstance(one, Person):
            self.done.refused += 1
            for fault in one:
                self.faults.add(fault)
            return
        identity = self.asked.key.identity(one)
        if identity.name is None and identity.upn is None:
            self.done.refused += 1
            self.faults.add(Fault(one.where, "upn", "is missing, and so is a name or birth date: who is this?"))
            return
        said, wrong = told(one, settings)
        for fault in wrong:
            self.faults.add(fault)
        self.done.placeless.update(said.placeless)
        self.staging.add_said(one.where, identity, said)

    def _refuse_doubles(self, register: Register) -> None:
        """Two pseudonyms for one child would be two plans, and twice the money."""
        self.done.others = register.others
        if register.foreign_key:
            message = (
                "The register's SEN2 records were imported with another key; with this one every child would be new."
            )
            raise CommandFailed(message, WRONG_USE)
        if register.others and not (self.asked.alongside or self.asked.dry_run):
            raise CommandFailed(
                f"The register has {register.others:,} plans and placements that other sources said, and would have "
                "those of the return beside them. Nothing was sent. Give --alongside if they are of other children.",
                WRONG_USE,
            )

    @property
    def _is_newest(self) -> bool:
        """Whether no later return was imported: an earlier one cannot have what came after it."""
        return self._latest_day <= str(self.saying.reference_date)

    def _compare_all(self) -> None:
        self._latest_day = self.staging.latest_day()
        self.saying = replace(self.saying, imported=self.staging.years_imported())
        persons = self.done.persons - self.done.refused
        task = self.progress.add_task("Comparing" if self.asked.dry_run else "Comparing and sending", total=persons)
        with ExitStack() as exits:
            token = os.environ.get("HNB_TOKEN")
            door = None if self.asked.dry_run else exits.enter_context(Door(self.asked.url, token=token))
            for where, event in self._events(self.progress.track(self.staging.children(), task_id=task)):
                self.done.events += 1
                if door is not None:
                    self._waiting.append((where, event))
                    if len(self._waiting) == EVENTS_AT_ONCE:
                        self._send(door)
            if door is not None and self._waiting:
                self._send(door)
        if self._is_newest:
            for about in self.staging.absent():
                self.done.note_absent(about)

    def _events(self, children: Iterable[Child]) -> Iterator[tuple[Where, Json]]:
        for child in children:
            difference = compare(child.told, child.ref, child.standing, self.saying)
            self.done.counts.update(difference.counts)
            self.done.moved += difference.moved
            for about in difference.absent if self._is_newest else ():
                self.done.note_absent(about)
            for event in difference.events:
                yield child.where, event

    def _send(self, door: Door) -> None:
        waiting, self._waiting = self._waiting, []
        for (where, event), result in zip(waiting, door.post([event for _, event in waiting]), strict=True):
            self.done.answers[result["status"]] += 1
            if result["status"] not in ("accepted", "duplicate"):
                errors = [f"{error['field']}: {error['message']}" for error in result.get("errors") or []]
                why = "; ".join(errors) or str(result.get("detail", result["status"]))
                kind = event["type"].removeprefix("hnb.").removesuffix(".v1")
                self.faults.add(Fault(where, kind, f"was refused by the door: {why}"))


def _expected_lea(asked: Asked) -> str | None:
    return asked.lea or KNOWN_LEA.get(asked.authority)


def _check_header(asked: Asked, opened: Return) -> None:
    expected = _expected_lea(asked)
    if expected is not None and opened.lea != expected:
        message = f"{asked.path} is of LEA {opened.lea}, and {asked.authority} is LEA {expected}. Nothing was sent."
        raise CommandFailed(message, WRONG_USE)
