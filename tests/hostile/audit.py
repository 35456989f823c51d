"""Whether a published advisory names a release of requirements.lock: `python -m tests.hostile.audit`.

Where the advisories cannot be reached pip-audit passes over every dependency and calls it well. That is said here, as
what it is: nothing was audited. It fails only where one is known to be vulnerable.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCK = ROOT / "requirements.lock"
TIMEOUT_SECONDS = 600
UNREACHED = "The advisories cannot be reached from here, so no dependency was audited. Run it where they can."


def verdict(dependencies: list[dict[str, Any]]) -> tuple[list[str], int]:
    """What pip-audit found, in sentences, and the status to end with: 1 where something is vulnerable."""
    looked_at = [one for one in dependencies if "skip_reason" not in one]
    if not looked_at:
        return [UNREACHED], 0
    found = [
        f"{one['name']} {one['version']}: {fault['id']}; mended in {', '.join(fault['fix_versions']) or 'none yet'}."
        for one in looked_at
        for fault in one["vulns"]
    ]
    left = len(dependencies) - len(looked_at)
    passed_over = [f"{left} of {len(dependencies)} dependencies are not known there, and were not audited."]
    well = [f"No advisory names one of the {len(looked_at)} releases looked at."]
    return [*(found or well), *(passed_over if left else [])], 1 if found else 0


def run(lock: Path = LOCK) -> tuple[list[str], int]:
    """Asks pip-audit about the lock as it stands: by name, release and hash, with nothing installed."""
    program = Path(sys.executable).with_name("pip-audit")
    command = [str(program), "--format", "json", "--progress-spinner", "off", "--disable-pip", "--require-hashes",
               "--requirement", str(lock)]  # fmt: skip
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_SECONDS, check=False)
        return verdict(json.loads(done.stdout)["dependencies"])
    except (subprocess.TimeoutExpired, ValueError, KeyError):  # a connection that fails ends it without a document
        return [UNREACHED], 0


if __name__ == "__main__":
    sentences, status = run()
    print("\n".join(sentences))
    raise SystemExit(status)
