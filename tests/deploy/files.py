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


def dashboards() -> list[dict[str, Any]]:
    """Every dashboard, as Grafana is given it."""
    return [json.loads(file.read_text()) for file in sorted((DEPLOY / "grafana/dashboards").glob("*.json"))]


def locked() -> set[str]:
    """The names in requirements.lock."""
    return set(re.findall(r"^([a-z0-9._-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE))
