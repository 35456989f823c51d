"""`hnb tokens`, against the system as `hnb up` runs it."""

import json
import os
import subprocess
import sys

import httpx

from hnb_local.stack import Stack
from tests.cases import LEICESTER, issued, made

SEND = {"content-type": "application/cloudevents+json"}


def tokens(*arguments: str) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-c", "from hnb_local.cli import main; main()", "tokens", *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=60, env=os.environ | {"COLUMNS": "120"})


def test_a_token_made_by_command_is_held_to_its_scope_and_ends_by_command(stack: Stack) -> None:
    here = ["--data-dir", str(stack.folder.path)]
    new = tokens(*here, "new", "capita-one", "--authority", LEICESTER, "--source", "/capita-one/*", "--type", "ehcp")
    assert new.returncode == 0, new.stderr
    token = new.stdout.strip()
    with httpx.Client(base_url=stack.urls["placements"], trust_env=False) as door:
        headers = SEND | {"authorization": f"Bearer {token}"}
        assert door.post("/events", json=issued("P-1"), headers=headers).status_code == 202
        assert door.post("/events", json=made(), headers=headers).status_code == 403
        assert door.post("/events", json=made(), headers=SEND).status_code == 202, "nobody is asked for one here"
    (listed,) = json.loads(tokens(*here, "list", "--json").stdout)
    assert (listed["name"], listed["state"][:10]) == ("capita-one", "good until")
    assert tokens(*here, "revoke", listed["id"]).returncode == 0
    assert "revoked" in tokens(*here, "list").stdout
    assert token not in "".join(log.read_text() for log in (stack.folder.path / "logs").glob("*.log"))


def test_the_command_says_how_it_is_used_and_what_is_missing() -> None:
    helped = tokens("--help")
    assert (helped.returncode, "Example: hnb tokens new" in helped.stdout) == (0, True)
    assert tokens("new", "x").returncode == 2
    nowhere = tokens("--data-dir", "/nowhere", "list")
    assert (nowhere.returncode, "hnb up" in nowhere.stderr) == (1, True)
