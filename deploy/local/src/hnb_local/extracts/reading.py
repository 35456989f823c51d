"""An extract read by its mapping, row by row: what each says as the data of an event, or all that is wrong with it."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from hnb.events import CASE_EVENTS, Refused, read_event
from hnb_local.cells import Wrong
from hnb_local.csv_files import CsvFile, column_key
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts.dates import ISO_TIME, DateFormat, read_instant
from hnb_local.extracts.mapping import Constant, ExtractMapping, FromCells, Pseudonym, Together
from hnb_local.extracts.values import MakePseudonym, pseudonym_of, value_of

MAX_ROWS = 2_000_000  # each keeps some bytes in memory, to notice a record that is there twice


@dataclass(frozen=True, slots=True)
class Fact:
    """What a row says: the event's data, and when it happened and the event's own id where the row says so."""

    data: dict[str, Any]
    at: datetime | None
    event_id: str | None


@dataclass(frozen=True, slots=True)
class Row:
    """A row by its number in the file (the header is 1): its cells, and a fact or what is wrong."""

    number: int
    cells: tuple[str, ...]
    fact: Fact | None
    wrong: str = ""


class Extract:
    """A file that is read row by row, as often as is asked. CommandFailed where file and mapping do not fit."""

    def __init__(self, path: Path, mapping: ExtractMapping, make_pseudonym: MakePseudonym | None) -> None:
        self.mapping = mapping
        self.seen = self.left_out = 0  # rows of the last reading, and those that did not meet the conditions
        self.file = CsvFile(
            path, max_rows=MAX_ROWS, delimiter=mapping.delimiter, how_to_say="say delimiter = so in the mapping"
        )
        self._make = make_pseudonym
        self._at = _places(self.file.header, mapping)
        self._private = {column_key(c) for node in mapping.data.leaves() if node.private for c in node.columns}
        self._time_formats = (*(mapping.time.dates if mapping.time else ()), DateFormat(ISO_TIME))
        self._leaves = {node.leaf.path: node for node in mapping.data.leaves() if isinstance(node, FromCells)}

    def rows(self, fields: Collection[str] | None = None) -> Iterator[Row]:
        """Every row that is not empty and meets the mapping's conditions; of its data only `fields`, where given."""
        self.seen = self.left_out = 0
        wanted = self.mapping.data
        if fields is not None:
            wanted = Together(wanted.group, {name: node for name, node in wanted.nodes.items() if name in fields})
        for number, cells in self.file.rows():
            self.seen += 1
            if not self._counts(cells):
                self.left_out += 1
                continue
            faults: list[Wrong] = []
            fact: Fact | None = None
            try:
                self.file.refuse_extra(cells)
                fact = self._fact(wanted, cells, faults)
            except Wrong as wrong:
                faults.append(wrong)
            said = "; ".join(dict.fromkeys(str(self._hidden(fault)) for fault in faults))
            yield Row(number, cells, None if faults else fact, said)

    def check(self, row: Row, value: dict[str, Any]) -> str:
        """What the contract finds wrong with an event made of a row, by column; nothing where it finds nothing."""
        try:
            read_event(value, known=CASE_EVENTS, strict=True)
        except Refused as refused:
            return self.in_columns(row, [(error.field, error.message) for error in refused.errors])
        return ""

    def in_columns(self, row: Row, errors: Sequence[tuple[str, str]]) -> str:
        """Errors by field of the event, said by column and cell, as the person who mends the row knows them."""
        faults = []
        for field, message in errors:
            path = field.removeprefix("data.")
            node = next((self._leaves[known] for known in self._leaves if f"{path}.".startswith(f"{known}.")), None)
            text = " ".join(self._texts(node, row.cells)) if node else None
            faults.append(Wrong(" and ".join(node.columns) if node else path, text or None, message))
        return "; ".join(str(self._hidden(fault)) for fault in faults)

    def _fact(self, wanted: Together, cells: tuple[str, ...], faults: list[Wrong]) -> Fact | None:
        data = self._together(wanted, cells, faults)
        at = event_id = None
        try:
            if self.mapping.time:
                at = self._time(self.mapping.time, cells)
            if self.mapping.event_id:
                event_id = value_of(self.mapping.event_id, self._texts(self.mapping.event_id, cells))
                if event_id is None:
                    raise Wrong(self.mapping.event_id.columns[0], None, "empty")
        except Wrong as wrong:
            faults.append(wrong)
        return None if faults or data is None else Fact(data, at, event_id)

    def _together(self, node: Together, cells: tuple[str, ...], faults: list[Wrong]) -> dict[str, Any] | None:
        root = not node.group.path
        if not root and not self._is_said(node, cells):
            return None
        said: dict[str, Any] = {}
        for name, child in node.nodes.items():
            wanted = node.group.fields[name]
            value = self._value(child, cells, faults)
            if value is not None or (wanted.required and wanted.nullable):
                said[name] = value
            elif wanted.required and not _faulty(child, faults):
                faults.append(
                    Wrong(_columns(child), None, "empty" if root else f"empty, though {node.group.path} is said")
                )
        return said

    def _value(self, node: Any, cells: tuple[str, ...], faults: list[Wrong]) -> Any:
        if isinstance(node, Constant):
            return node.value
        if isinstance(node, Together):
            return self._together(node, cells, faults)
        try:
            if isinstance(node, Pseudonym):
                assert self._make is not None
                return pseudonym_of(node, self._texts(node, cells), self._make)
            return value_of(node, self._texts(node, cells))
        except Wrong as wrong:
            faults.append(wrong)
            return None

    def _is_said(self, node: Together, cells: tuple[str, ...]) -> bool:
        """Whether any cell of these fields is filled, or what they must say stands there whatever the cells say."""
        leaves = list(node.leaves())
        with_cells = [leaf for leaf in leaves if leaf.columns]
        if not with_cells or any(any(self._texts(leaf, cells)) for leaf in with_cells):
            return True
        return any(isinstance(leaf, FromCells) and leaf.leaf.required and leaf.default is not None for leaf in leaves)

    def _time(self, node: FromCells, cells: tuple[str, ...]) -> datetime:
        (text,) = self._texts(node, cells)
        if not text:
            raise Wrong(node.columns[0], None, "empty")
        return read_instant(node.columns[0], text, self._time_formats)

    def _texts(self, node: FromCells | Constant | Pseudonym, cells: tuple[str, ...]) -> list[str]:
        return [self._text(column, cells) for column in node.columns]

    def _text(self, column: str, cells: tuple[str, ...]) -> str:
        at = self._at[column]
        text = cells[at].strip() if at < len(cells) else ""
        return "" if text.casefold() in self.mapping.blank else text

    def _counts(self, cells: tuple[str, ...]) -> bool:
        for condition in self.mapping.only:
            text = self._text(condition.column, cells)
            if condition.words is not None and text.casefold() not in condition.words:
                return False
            if condition.filled is not None and bool(text) != condition.filled:
                return False
        return True

    def _hidden(self, wrong: Wrong) -> Wrong:
        """The same without the cell's value, where that says who a child is."""
        columns = (wrong.column or "", *(wrong.column or "").split(" and "))
        private = any(column_key(column) in self._private for column in columns)
        return Wrong(wrong.column, None, wrong.why) if private else wrong


def _places(header: tuple[str, ...], mapping: ExtractMapping) -> dict[str, int]:
    """Where each column of the mapping is: capitals, spaces and hyphens make no difference."""
    names = [column_key(cell) for cell in header]
    missing = [column for column in mapping.columns() if column_key(column) not in names]
    if missing:
        raise CommandFailed(f"The header lacks {', '.join(missing)}; it has {', '.join(header)}.", WRONG_USE)
    twice = [column for column in mapping.columns() if names.count(column_key(column)) > 1]
    if twice:
        raise CommandFailed(f"The header has {', '.join(twice)} twice: which is meant?", WRONG_USE)
    return {column: names.index(column_key(column)) for column in mapping.columns()}


def _columns(node: Any) -> str:
    if isinstance(node, Together):
        return " and ".join(dict.fromkeys(column for leaf in node.leaves() for column in leaf.columns))
    return " and ".join(node.columns)


def _faulty(node: Any, faults: list[Wrong]) -> bool:
    """Whether a field is blank only since its cells are wrong, which is said already."""
    leaves = list(node.leaves()) if isinstance(node, Together) else [node]
    columns = {column for leaf in leaves for column in leaf.columns}
    return any(fault.column and columns & {fault.column, *fault.column.split(" and ")} for fault in faults)
