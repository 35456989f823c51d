"""deploy/env makes every secret of compose.yaml at random, once, for its owner's eyes only."""

import hashlib
import re
import stat
import subprocess
from pathlib import Path

from tests.deploy.files import DEPLOY, ROOT


def make(path: Path) -> dict[str, str]:
    subprocess.run(["sh", str(DEPLOY / "env"), str(path)], check=True, capture_output=True)
    return dict(line.split("=", 1) for line in path.read_text().splitlines())


def test_every_secret_the_stack_asks_for_is_made(tmp_path: Path) -> None:
    asked = set(re.findall(r"\$\{(\w+):\?", (ROOT / "compose.yaml").read_text()))
    made = make(tmp_path / ".env")
    assert asked
    assert set(made) == {*asked, "HNB_TOKEN"}
    assert all(re.fullmatch(r"[0-9a-f]{64}", secret) for secret in made.values())
    assert len(set(made.values())) == len(made)


def test_the_services_are_told_the_hash_of_the_token_only(tmp_path: Path) -> None:
    made = make(tmp_path / ".env")
    assert made["HNB_TOKENS"] == hashlib.sha256(made["HNB_TOKEN"].encode()).hexdigest()
    assert not re.search(r"\bHNB_TOKEN\b", (ROOT / "compose.yaml").read_text())


def test_only_the_owner_may_read_it(tmp_path: Path) -> None:
    make(tmp_path / ".env")
    assert stat.S_IMODE((tmp_path / ".env").stat().st_mode) == 0o600


def test_a_second_run_keeps_what_is_there_and_adds_what_is_missing(tmp_path: Path) -> None:
    path = tmp_path / ".env"
    first = make(path)
    kept = {name: value for name, value in first.items() if name != "VALKEY_PASSWORD"} | {"HNB_LOG_LEVEL": "debug"}
    path.write_text("".join(f"{name}={value}\n" for name, value in kept.items()))
    second = make(path)
    assert {name: second[name] for name in kept} == kept
    assert second["VALKEY_PASSWORD"] != first["VALKEY_PASSWORD"]
    assert make(path) == second


def test_two_installations_share_no_secret(tmp_path: Path) -> None:
    assert not set(make(tmp_path / "one").values()) & set(make(tmp_path / "two").values())


def test_it_is_never_committed() -> None:
    assert ".env" in (ROOT / ".gitignore").read_text().splitlines()
