"""Who sees what: people signed in by the council's identity provider, and the trail of what they saw."""

from fastapi import HTTPException, Request

from hnb.signin.people import EVERYBODY, ON_LOOPBACK, PageRoles, Person, Role

__all__ = ["EVERYBODY", "ON_LOOPBACK", "PageRoles", "Person", "Role", "person_of", "within"]


def person_of(request: Request) -> Person:
    """Who looks at this page: the guard put them there. KeyError where the address is in no table of pages."""
    person: Person = request.scope["state"]["person"]
    return person


def within(request: Request, authority: str) -> Person:
    """Who looks at this page, where they may see this authority's records on it; 403 where they may not."""
    person = person_of(request)
    if not person.may_see(authority):
        raise HTTPException(403, f"your role here does not cover {authority}")
    return person
