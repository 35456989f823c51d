"""Who sees what, as rules: people, their roles, which pages a role opens, and for which authorities."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum

MOST_GRANTS = 200  # of one person: England has 153 authorities, and they must fit into a cookie anyway
_GRANT = re.compile(r"(finance|officer|placements)(?::([EWSN][0-9]{8}))?")
_CLAIM_SEPARATORS = re.compile(r"[\s,]+")
_OWN_PATH = re.compile(r"/(?![/\\])[!-\[\]-~]{0,1999}")  # visible ASCII, as an address is sent, and no backslash


class Role(StrEnum):
    """What somebody works on; what a role opens is each service's table of pages."""

    FINANCE = "finance"
    OFFICER = "officer"
    PLACEMENTS = "placements"


EVERYBODY = frozenset(Role)
PageRoles = Mapping[str, frozenset[Role] | None]  # by the beginning of an address; None: open to all


@dataclass(frozen=True, slots=True)
class Person:
    """Who looks at a page. `authorities` are those whose figures this page may show them; None is every one."""

    subject: str
    name: str
    roles: frozenset[Role]
    authorities: frozenset[str] | None

    def may_see(self, authority: str) -> bool:
        """Whether this person may look at an authority's records here."""
        return self.authorities is None or authority in self.authorities


ON_LOOPBACK = Person("loopback", "Whoever uses this machine", EVERYBODY, None)


@dataclass(frozen=True, slots=True, order=True)
class Grant:
    """One role, for one authority or (empty) for every one."""

    role: Role
    authority: str = ""

    def __str__(self) -> str:
        return f"{self.role}:{self.authority}" if self.authority else self.role


def grants_of(claim: object) -> frozenset[Grant]:
    """The grants of a roles claim: a list of words, or one text of them. What means nothing here is no grant."""
    words: Iterable[object] = _CLAIM_SEPARATORS.split(claim) if isinstance(claim, str) else ()
    if isinstance(claim, list | tuple):
        words = claim
    read = (_GRANT.fullmatch(word) for word in words if isinstance(word, str))
    return frozenset(Grant(Role(found[1]), found[2] or "") for found in read if found)


def person_on(subject: str, name: str, grants: frozenset[Grant], roles: frozenset[Role]) -> Person | None:
    """The person on a page that these roles open: with the authorities those give; None where they have none of them.

    A grant opens nothing beyond its own role's pages: who sees every authority's places sees finance's of one.
    """
    opening = {grant for grant in grants if grant.role in roles}
    if not opening:
        return None
    named = frozenset(grant.authority for grant in opening)
    return Person(subject, name, frozenset(grant.role for grant in grants), None if "" in named else named)


def roles_for(pages: PageRoles, path: str) -> tuple[str, frozenset[Role] | None] | None:
    """The longest entry of the table a path is at or under, with the roles that open it; None where it is no page.

    `/` is the start page alone; an entry that ends in a slash is all that is under it, and not the path without it.
    """
    under = [start for start in pages if path == start or (start != "/" and path.startswith(f"{start.rstrip('/')}/"))]
    if not under:
        return None
    longest = max(under, key=len)
    return longest, pages[longest]


def own_path(asked: str | None) -> str:
    """Where to go on to after signing in: a path of this service, or the start page where it is none."""
    good = asked is not None and _OWN_PATH.fullmatch(asked) and not asked.startswith(("/sign-in", "/sign-out"))
    return asked if asked is not None and good else "/"
