"""The files of the production-like stack, as its tests read them."""

import json
import re
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"


def read_yaml(path: Path) -> Any:
    """One YAML document."""
    return yaml.safe_load(path.read_text())


def compose() -> dict[str, Any]:
    """compose.yaml, with its anchors merged as Compose merges them."""
    document: dict[str, Any] = read_yaml(ROOT / "compose.yaml")
    return document


def dashboard() -> dict[str, Any]:
    """The finance dashboard."""
    document: dict[str, Any] = json.loads((DEPLOY / "grafana/dashboards/hnb-position.json").read_text())
    return document


def locked() -> set[str]:
    """The names in requirements.lock."""
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
