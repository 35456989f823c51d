"""Plans and reviews as people write them: YAML, and every fault with its line and field."""

from collections.abc import Sequence
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from ledger.domain.recovery.plan import Plan, Review
from ledger.forecast.faults import MOST_SHOWN, BadInput
from ledger.outlook.reading import value_of

T = TypeVar("T", bound=BaseModel)
MAX_BYTES = 1 << 18
_PLAIN = {"missing": "is missing", "extra_forbidden": "is not a field here"}


def read_plan(name: str, raw: bytes) -> Plan:
    """BadInput names the file, the line and the field."""
    return _read(Plan, name, raw)


def read_review(name: str, raw: bytes) -> Review:
    """BadInput names the file, the line and the field."""
    return _read(Review, name, raw)


def _read(kind: type[T], name: str, raw: bytes) -> T:
    value = value_of(name, raw)
    if not isinstance(value, dict):
        raise BadInput([f"{name}: is no {kind.__name__.lower()}: it begins with `authority: E06000016`."])
    try:
        return kind.model_validate(value)
    except ValidationError as error:
        root = yaml.compose(raw, yaml.SafeLoader)
        told = [_fault(name, root, one) for one in error.errors(include_url=False, include_input=False)]
        raise BadInput(told[:MOST_SHOWN], max(len(told) - MOST_SHOWN, 0)) from None


def _fault(name: str, root: Any, error: Any) -> str:
    where = [part for part in error["loc"] if part != "[key]"]
    message = _PLAIN.get(error["type"], str(error["msg"]).removeprefix("Value error, "))
    field = ".".join(str(part + 1) if isinstance(part, int) else str(part) for part in where)
    return f"{name}, line {line_of(root, where)}: {f'{field}: ' if field else ''}{message}."


def line_of(node: Any, where: Sequence[int | str]) -> int:
    """The line a field stands on, or that of what it is missing from."""
    line: int = node.start_mark.line + 1
    for part in where:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == str(part)]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            break
    return line
