"""A SEN2 return written, in both forms, as its records are handed over: no more than one person is in memory."""

import csv
from collections.abc import Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, TextIO
from xml.sax.saxutils import escape

from hnb_local.sen2.raw import Raw
from hnb_local.sen2.records import (
    ActivePlan,
    Assessment,
    NamedPlan,
    Person,
    Placement,
    Request,
    Setting,
    Where,
)
from hnb_local.sen2.schema import COLLECTION, LEVEL, SPELLED, TABLES

_NOWHERE = Where("", 0)
_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_Value = str | int | bool | date | None


@dataclass(frozen=True, slots=True)
class Heading:
    """What a return says of itself; `software` says who made it, or that it is made up."""

    year: int
    reference_date: date
    lea: str
    software: str


def write_xml(path: Path, heading: Heading, persons: Iterable[Person]) -> int:
    """Writes a return as XML; how many persons it has. FileExistsError where there is such a file: it may be real."""
    written = 0
    with path.open("x", encoding="utf-8", newline="\n") as file:
        file.write('<?xml version="1.0" encoding="utf-8"?>\n<Message>\n  <Header>\n    <CollectionDetails>\n')
        said: dict[str, _Value] = {
            "Collection": COLLECTION,
            "Year": heading.year,
            "ReferenceDate": heading.reference_date,
        }
        _leaves(file, "      ", said)
        file.write("    </CollectionDetails>\n    <Source>\n")
        _leaves(file, "      ", {"SourceLevel": "L", "LEA": heading.lea, "SoftwareCode": heading.software})
        file.write("    </Source>\n  </Header>\n  <Persons>\n")
        for person in persons:
            _element(file, "    ", _raw_of(person))
            written += 1
        file.write("  </Persons>\n</Message>\n")
    return written


def write_blade(folder: Path, heading: Heading, persons: Iterable[Person], *, export: str = "15-01-2026") -> int:
    """Writes a return as the nine files of a Blade export, dates as COLLECT writes them; how many persons it has.

    FileExistsError where there is such a folder: it may hold a real one.
    """
    folder.mkdir(parents=True)
    with ExitStack() as exits:
        writers = {}
        for name, table in TABLES.items():
            path = folder / f"Blade-Export_{export}_{name}.csv"
            file = exits.enter_context(path.open("x", encoding="utf-8", newline=""))
            writers[name] = csv.writer(file)
            level = ("NativeId", *(column.format(table=name) for column in LEVEL[1:]))
            ids = [table.id_column, *level, *([table.parent_column] if table.parent_column else [])]
            writers[name].writerow([*ids, *table.columns])
        blade = _Blade(writers)
        said = {"collection": COLLECTION, "year": str(heading.year), "lea": heading.lea}
        said["referencedate"] = _collect_date(heading.reference_date)
        blade.write(Raw("sen2", _NOWHERE, said), None)
        for person in persons:
            blade.write(_raw_of(person, collect=True), 1)
    return blade.counts["person"]


class _Blade:
    """Writes a record's row and those of all that hang on it, numbered in each table."""

    def __init__(self, writers: dict[str, Any]) -> None:
        self._writers = writers
        self.counts = dict.fromkeys(writers, 0)

    def write(self, raw: Raw, parent: int | None) -> None:
        self.counts[raw.table] += 1
        id = self.counts[raw.table]
        cells = [raw.fields.get(column, "") for column in TABLES[raw.table].columns]
        self._writers[raw.table].writerow([id, id, id, 1, *([] if parent is None else [parent]), *cells])
        for child in raw.children:
            self.write(child, id)


def _leaves(file: TextIO, indent: str, said: dict[str, _Value]) -> None:
    file.writelines(f"{indent}<{name}>{escape(_text(value))}</{name}>\n" for name, value in said.items())


def _element(file: TextIO, indent: str, raw: Raw) -> None:
    name = TABLES[raw.table].element
    file.write(f"{indent}<{name}>\n")
    for field, text in raw.fields.items():
        spelled = SPELLED[field]
        file.write(f"{indent}  <{spelled}>{escape(text)}</{spelled}>\n")
    for child in raw.children:
        _element(file, indent + "  ", child)
    file.write(f"{indent}</{name}>\n")


def _raw_of(person: Person, *, collect: bool = False) -> Raw:
    return _Records(collect=collect).person(person)


class _Records:
    """Records as rows of their tables; with `collect`, dates and flags as COLLECT exports them."""

    def __init__(self, *, collect: bool) -> None:
        self._collect = collect

    def person(self, person: Person) -> Raw:
        said: dict[str, _Value] = {
            "surname": person.surname, "forename": person.forename, "personbirthdate": person.birth_date,
            "postcode": person.postcode, "upn": person.upn, "uniquelearnernumber": person.unique_learner_number,
        }  # fmt: skip
        return self._raw("person", said, (self._request(request) for request in person.requests))

    def _request(self, request: Request) -> Raw:
        said: dict[str, _Value] = {"receiveddate": request.received_date, "requestoutcomedate": request.outcome_date}
        below = []
        if request.assessment:
            below.append(self._assessment(request.assessment))
        if request.active_plan:
            below.append(self._active_plan(request.active_plan))
        return self._raw("requests", {**said, "requestoutcome": request.outcome}, below)

    def _assessment(self, assessment: Assessment) -> Raw:
        said: dict[str, _Value] = {"assessmentoutcome": assessment.outcome}
        said |= {"assessmentoutcomedate": assessment.outcome_date, "week20": assessment.week20}
        return self._raw("assessment", said, [self._plan(assessment.plan)] if assessment.plan else [])

    def _plan(self, plan: NamedPlan) -> Raw:
        said: dict[str, _Value] = {"startdate": plan.start_date, "planres": plan.residential}
        said |= {"ceasedate": plan.cease_date, "ceasereason": plan.cease_reason}
        return self._raw("namedplan", said, (self._raw("plandetail", _setting(one), ()) for one in plan.settings))

    def _active_plan(self, plan: ActivePlan) -> Raw:
        said: dict[str, _Value] = {"transferla": plan.transferred_from, "lastreview": plan.last_review}
        said |= {"phasetransferduedate": plan.phase_transfer_due, "phasetransferfinaldate": plan.phase_transfer_final}
        needs = [self._raw("senneed", {"sentype": need.code, "sentyperank": need.rank}, ()) for need in plan.needs]
        return self._raw("activeplans", said, [*(self._placement(one) for one in plan.placements), *needs])

    def _placement(self, placement: Placement) -> Raw:
        said = _setting(placement.setting) | {"entrydate": placement.entry_date, "leavingdate": placement.leaving_date}
        return self._raw("placementdetail", said | {"res": placement.residential}, ())

    def _raw(self, table: str, said: dict[str, _Value], below: Iterable[Raw]) -> Raw:
        fields = {name: _text(value, collect=self._collect) for name, value in said.items()}
        return Raw(table, _NOWHERE, {name: text for name, text in fields.items() if text}, list(below))


def _setting(setting: Setting) -> dict[str, _Value]:
    return {
        "urn": setting.urn, "ukprn": setting.ukprn, "sensetting": setting.code, "sensettingother": setting.other,
        "placementrank": setting.rank, "senunitindicator": setting.sen_unit,
        "resourcedprovisionindicator": setting.resourced_provision,
    }  # fmt: skip


def _text(value: _Value, *, collect: bool = False) -> str:
    if isinstance(value, bool):
        return ("true" if value else "false") if collect else str(int(value))
    if isinstance(value, date):
        return _collect_date(value) if collect else value.isoformat()
    return "" if value is None else str(value)


def _collect_date(day: date) -> str:
    return f"{day.year}-{_MONTHS[day.month - 1]}-{day.day:02d} 00:00:00"
