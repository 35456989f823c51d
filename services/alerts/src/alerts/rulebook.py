"""The rules file: read once at start, and refused with one sentence where it is wrong."""

from importlib import resources
from pathlib import Path
from typing import Any

import yaml
from pydantic import ValidationError

from alerts.domain.pack import RulePack

MAX_RULES_BYTES = 1024 * 1024
KINDS = ("line-budget", "reserve-plan", "since-sign-off", "condition", "forecast-plan")


class BadRules(Exception):
    """The rules cannot be used; the text says which field of which file, and why."""


def read_rules(path: Path | None) -> RulePack:
    """The rules of a file, or those shipped; BadRules when it cannot be read or says what no rule can mean."""
    name = str(path) if path else "the rules shipped"
    try:
        file = path if path else resources.files("alerts").joinpath("rules.yaml")
        raw = file.read_bytes()
    except OSError as error:
        raise BadRules(f"{name} cannot be read: {error.strerror}") from None
    if len(raw) > MAX_RULES_BYTES:
        raise BadRules(f"{name} is larger than {MAX_RULES_BYTES} bytes")
    try:
        value = yaml.safe_load(raw)
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        mark = getattr(error, "problem_mark", None)
        place = f" at line {mark.line + 1}" if mark else ""
        raise BadRules(f"{name} is not YAML{place}") from None
    try:
        return RulePack.model_validate(value)
    except ValidationError as error:
        faults = [_fault(e) for e in error.errors(include_url=False, include_input=False)]
        raise BadRules(f"{name}: {'; '.join(faults)}") from None


def _fault(error: Any) -> str:
    place = [str(part) for part in error["loc"] if part not in KINDS]
    message = {"missing": "is missing", "extra_forbidden": "is not a field of this rule"}.get(
        error["type"], error["msg"].removeprefix("Value error, ")
    )
    return f"{'.'.join(place)}: {message}" if place else message
