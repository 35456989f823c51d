"""Reads a mapping file and checks it against the contract: all that is wrong with it at once, by key."""

import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, ValidationError

from hnb.events import CASE_EVENTS, Authority, Day, Ref
from hnb_local.csv_files import NAMES, column_key
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.extracts.contract import Kind, Leaf, event_types, fields_of
from hnb_local.extracts.dates import ISO_DAY, DateFormat
from hnb_local.extracts.field_checking import FieldChecks, FieldTable, Habits
from hnb_local.extracts.mapping import Condition, ExtractMapping, FromCells

MAX_MAPPING_BYTES = 1_000_000


class OnlyTable(BaseModel):
    """One condition on rows."""

    model_config = ConfigDict(extra="forbid", strict=True)

    column: str
    words: list[str] | None = None
    filled: bool | None = None


class MappingFile(BaseModel):
    """The keys of a mapping file, before the contract is asked."""

    model_config = ConfigDict(extra="forbid", strict=True)

    event: str
    source: str | None = None
    authority: str | None = None
    delimiter: str = ","
    blank: list[str] = []
    dates: list[str] = [ISO_DAY]
    money: Literal["pounds", "pence"] | None = None
    yes: list[str] = []
    no: list[str] = []
    only: list[OnlyTable] = []
    same_record: Literal["refuse", "in-order"] = "refuse"
    event_id: FieldTable | str | None = None
    time: FieldTable | str | None = None
    fields: dict[str, Any]


def load(path: Path) -> ExtractMapping:
    """The mapping in a TOML file; CommandFailed with every fault of it."""
    try:
        raw = path.read_bytes()
        if len(raw) > MAX_MAPPING_BYTES:
            raise CommandFailed(f"{path} is larger than {MAX_MAPPING_BYTES:,} bytes: is it a mapping?", WRONG_USE)
        said = tomllib.loads(raw.decode("utf-8-sig"))
    except OSError as error:
        raise CommandFailed(f"{path} cannot be read: {error.strerror}.", WRONG_USE) from None
    except UnicodeDecodeError:
        raise CommandFailed(f"{path} is not in UTF-8: save it so.", WRONG_USE) from None
    except tomllib.TOMLDecodeError as error:
        raise CommandFailed(f"{path} is no TOML: {error}.", WRONG_USE) from None
    mapping, faults = check(said)
    if mapping is None:
        listed = "".join(f"\n  {fault}" for fault in faults)
        raise CommandFailed(f"{path} is not a mapping that can be used:{listed}", WRONG_USE)
    return mapping


def check(said: Mapping[str, Any]) -> tuple[ExtractMapping | None, list[str]]:
    """A mapping as parsed, checked against the contract: it, or every fault of it by key."""
    try:
        file = MappingFile.model_validate(said)
    except ValidationError as error:
        return None, plain_faults(error)
    if f"hnb.{file.event}.v1" not in CASE_EVENTS:
        return None, [f"event: there is no {file.event!r:.80}; there are {', '.join(event_types())}"]
    faults: list[str] = []
    habits = _habits(file, faults)
    checks = FieldChecks(habits, faults)
    data = checks.group(fields_of(file.event), file.fields)
    mapping = ExtractMapping(
        event=file.event,
        source=_accepted("source", file.source, faults),
        authority=_accepted("authority", file.authority, faults),
        delimiter={"tab": "\t"}.get(file.delimiter, file.delimiter),
        blank=frozenset(_plain(word) for word in file.blank),
        only=tuple(_condition(number, one, faults) for number, one in enumerate(file.only, 1)),
        in_order=file.same_record == "in-order",
        event_id=_beside("event_id", file.event_id, Kind.REFERENCE, checks),
        time=_beside("time", file.time, Kind.DAY, checks),
        data=data,
    )
    _whole(mapping, faults)
    return (None, faults) if faults else (mapping, [])


def plain_faults(error: ValidationError, under: str = "") -> list[str]:
    """What Pydantic found, in the words of this project."""
    words = {"missing": "missing", "extra_forbidden": "there is no such key"}
    faults = []
    for one in error.errors(include_url=False, include_input=False):
        place = ".".join(str(part) for part in one["loc"] if part not in ("FieldTable", "str"))
        faults.append(f"{'.'.join(part for part in (under, place) if part)}: {words.get(one['type'], one['msg'])}")
    return list(dict.fromkeys(faults))


def _habits(file: MappingFile, faults: list[str]) -> Habits:
    formats = []
    for words in file.dates:
        try:
            formats.append(DateFormat(words))
        except ValueError as error:
            faults.append(f"dates: {error}")
    yes, no = ({_plain(word) for word in words} for words in (file.yes, file.no))
    if yes & no:
        faults.append(f"no: {', '.join(sorted(yes & no))} is in yes too")
    if bool(yes) != bool(no):
        faults.append("yes: say both, yes and no")
    return Habits(tuple(formats), file.money, dict.fromkeys(yes, True) | dict.fromkeys(no, False))


def _accepted(key: str, value: str | None, faults: list[str]) -> str | None:

    leaf = Leaf(key, Kind.REFERENCE, True, False, (), False, Authority if key == "authority" else Ref)
    try:
        return None if value is None else str(leaf.accept(value))
    except ValueError as error:
        faults.append(f"{key}: {error}")
        return None


def _condition(number: int, said: OnlyTable, faults: list[str]) -> Condition:
    if (said.words is None) == (said.filled is None):
        faults.append(f"only.{number}: say words, or filled = true or false")
    words = None if said.words is None else frozenset(_plain(word) for word in said.words)
    return Condition(said.column, words, said.filled)


def _beside(key: str, said: FieldTable | str | None, kind: Kind, checks: FieldChecks) -> FromCells | None:
    if said is None:
        return None

    leaf = Leaf(key, kind, True, False, (), False, Day if kind is Kind.DAY else Ref)
    table = {"column": said} if isinstance(said, str) else said.model_dump(exclude_unset=True)
    node = checks.leaf(leaf, table)
    if not isinstance(node, FromCells):
        checks.faults.append(f"{key}: name a column")
        return None
    return node


def _whole(mapping: ExtractMapping, faults: list[str]) -> None:
    """What only the mapping as a whole can be asked."""
    if mapping.delimiter not in NAMES:
        faults.append("delimiter: is a comma, a semicolon, a bar or tab")
    if mapping.event_id and not mapping.time:
        faults.append("event_id: needs time: an event with an id of its own has a time of its own")
    private = {column_key(column) for node in mapping.data.leaves() if node.private for column in node.columns}
    for name, node in _named(mapping):
        for column in node.columns:
            if not node.private and column_key(column) in private:
                faults.append(f"{name}: the column {column!r} says who the child is, and stands for nothing else")


def _named(mapping: ExtractMapping) -> list[tuple[str, Any]]:
    beside = [(name, node) for name, node in (("event_id", mapping.event_id), ("time", mapping.time)) if node]
    return [*((_path(node), node) for node in mapping.data.leaves()), *beside]


def _path(node: Any) -> str:
    return f"fields.{node.leaf.path}" if isinstance(node, FromCells) else "fields"


def _plain(word: str) -> str:
    return word.strip().casefold()
