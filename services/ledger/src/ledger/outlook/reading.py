"""Scenarios as people write them: YAML in which every key stands once, and what is wrong with it in sentences."""

from collections.abc import Sequence
from typing import Any

import yaml
from pydantic import ValidationError
from yaml.constructor import ConstructorError

from ledger.forecast.faults import MOST_SHOWN, BadInput

MAX_SCENARIOS_BYTES = 1 << 18
UNSAID = ("dict[", "function-", "float", "constrained-")  # where Pydantic tries several types: no field of the file
KINDS = ("growth", "uplift", "places", "early-intervention", "tribunals")
OTHERWISE = ("dict_type", "model_type", "float_type", "float_parsing")  # said of the type that was not meant


class _Loader(yaml.SafeLoader):
    """Of a key that stands twice YAML would take the last without a word, and of a date that is none it has no line."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key in (key for key, _ in node.value if isinstance(key, yaml.ScalarNode)):
            if key.value in seen:
                raise ConstructorError(None, None, f"{key.value} stands there twice", key.start_mark)
            seen.add(key.value)
        found: dict[Any, Any] = super().construct_mapping(node, deep)
        return found

    def day(self, node: Any) -> Any:
        try:
            return self.construct_yaml_timestamp(node)
        except ValueError:
            raise ConstructorError(None, None, f"{node.value} is no date", node.start_mark) from None


_Loader.add_constructor("tag:yaml.org,2002:timestamp", _Loader.day)


def value_of(name: str, raw: bytes) -> Any:
    """What a file holds. BadInput naming the file and the line."""
    if len(raw) > MAX_SCENARIOS_BYTES:
        raise BadInput([f"{name} has more than {MAX_SCENARIOS_BYTES >> 10} KiB: no scenarios need as much."])
    try:
        return yaml.load(raw, _Loader)  # noqa: S506 - a SafeLoader, and stricter
    except RecursionError:
        raise BadInput([f"{name}: this is nested too deeply."]) from None
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        told = error.problem if isinstance(error, ConstructorError) else "this is not YAML"
        raise BadInput([f"{name}{f', line {mark.line + 1}' if mark else ''}: {told}."]) from None


def faults_in(name: str, value: Any, error: ValidationError) -> BadInput:
    """Each fault with the scenario and the field it is in."""
    whole = error.errors(include_url=False, include_input=False)
    # A list whose scenarios are at fault is not short of them; and a number out of range is no table gone wrong.
    found = [one for one in whole if one["type"] != "too_short" or len(whole) == 1]
    places = [_place(one["loc"]) for one in found]
    meant = [
        one
        for at, one in enumerate(found)
        if one["type"] not in OTHERWISE
        or not any(other[: len(places[at])] == places[at] for n, other in enumerate(places) if n != at)
    ]
    told = list(dict.fromkeys(_fault(name, value, one) for one in meant))
    return BadInput(told[:MOST_SHOWN], max(len(told) - MOST_SHOWN, 0))


def _place(where: Sequence[int | str]) -> list[str]:
    return [str(part) for part in where if part not in KINDS and not str(part).startswith(UNSAID)]


def _fault(name: str, value: Any, error: Any) -> str:
    """A sentence, in which a scenario goes by its name."""
    place = _place(error["loc"])
    if len(place) > 1 and place[0] == "scenarios":
        place[:2] = [f"scenario {_called(value, int(place[1]))}"]
    message = {"missing": "is missing", "extra_forbidden": "is not a field here"}.get(
        error["type"], str(error["msg"]).removeprefix("Value error, ")
    )
    return f"{name}: {'.'.join(place)}: {message}." if place else f"{name}: {message}."


def _called(value: Any, at: int) -> str:
    try:
        return str(value["scenarios"][at]["name"])
    except (KeyError, TypeError, IndexError):
        return str(at + 1)
