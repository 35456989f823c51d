"""The unprivileged account PostgreSQL runs as when we are root, and the least it needs to reach its files."""

import os
import pwd
import stat
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from hnb_local.errors import CommandFailed

# Existing accounts only: adding a user to somebody's machine is not for a demo to do.
_CANDIDATES = ("postgres", "nobody")


@dataclass(frozen=True, slots=True)
class Account:
    """A system user, by number."""

    name: str
    uid: int
    gid: int

    def may(self, path: Path, want: int) -> bool:
        """Whether every right of `want` (of 0o7) is granted to this account on `path`."""
        found = path.stat()
        return found.st_mode >> self._shift(found) & want == want

    def grant(self, path: Path, want: int) -> None:
        """Adds the rights of `want` for the class (owner, group, others) this account falls in on `path`."""
        found = path.stat()
        path.chmod(stat.S_IMODE(found.st_mode) | want << self._shift(found))

    def _shift(self, found: os.stat_result) -> int:
        if found.st_uid == self.uid:
            return 6
        return 3 if found.st_gid == self.gid else 0


def server_account() -> Account | None:
    """Whom PostgreSQL runs as: ourselves (None), or, since it refuses root, an unprivileged account."""
    if os.geteuid() != 0:
        return None
    for name in _CANDIDATES:
        try:
            found = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(found.pw_name, found.pw_uid, found.pw_gid)
    names = " or ".join(_CANDIDATES)
    raise CommandFailed(
        f"PostgreSQL refuses to run as root, and this machine has no user {names}: run as another user."
    )


def let_pass(account: Account, *targets: Path) -> list[Path]:
    """Lets `account` pass through (never list) the folders above the targets; the folders that were changed."""
    changed = []
    for folder in sorted({parent for target in targets for parent in target.parents}):
        if not account.may(folder, 0o1):
            account.grant(folder, 0o1)
            changed.append(folder)
    return changed


def let_read(account: Account, *roots: Path) -> bool:
    """Lets `account` read these trees, and run what their owner may run; whether anything had to change.

    An installation made under umask 077 is its owner's alone.
    """
    changed = False
    for path in (path for root in roots for path in _tree(root)):
        want = 0o5 if path.is_dir() or path.stat().st_mode & 0o100 else 0o4
        if not account.may(path, want):
            account.grant(path, want)
            changed = True
    return changed


def _tree(root: Path) -> Iterator[Path]:
    yield root
    for path in root.rglob("*"):
        if not path.is_symlink():
            yield path
