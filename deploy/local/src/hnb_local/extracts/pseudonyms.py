"""The pseudonyms of children that an extract names: the one the register knows a child by, or a new one."""

from collections import defaultdict
from datetime import date

from hnb_local.asking import ask
from hnb_local.errors import WRONG_USE, CommandFailed
from hnb_local.sen2.pseudonym import PREFIX, Identity, Key, identity_in
from hnb_local.sen2.records import Person, Where

KINDS = ("request", "plan", "placement", "appeal", "mediation")  # of the records that name a child
PAGE = 5_000
_NOWHERE = Where("", 0)


class Children:
    """Children by the hashes of who they are, so that a SEN2 return and every extract give one child one pseudonym.

    Recognised by UPN where that was met before, else by name and birth date where only one child has them, as in a
    return. Without an address nobody is asked, and only the key decides.
    """

    def __init__(self, key: Key, url: str | None, authority: str) -> None:
        self._key = key
        self._by_upn: dict[str, str] = {}
        self._by_name: defaultdict[str, set[str]] = defaultdict(set)
        if url is not None:
            for kind in KINDS:
                self._learn(url, authority, kind)

    def make(self, upn: str, surname: str, forename: str, birth_date: date | None) -> str:
        """The pseudonym of a child, of whom the UPN or the other three are known."""
        person = Person(_NOWHERE, surname, forename, birth_date, upn or None, None, None, ())
        identity = self._key.identity(person)
        ref = self._known(identity) or self._key.child_ref(identity)
        self._keep(ref, identity)
        return ref

    def _known(self, identity: Identity) -> str | None:
        if identity.upn in self._by_upn:
            return self._by_upn[identity.upn]
        namesakes = self._by_name.get(identity.name, ()) if identity.name else ()
        # Two UPNs are two children, though they share a name and a birth date.
        fitting = [ref for ref in namesakes if not (identity.upn and _upn_in(ref))]
        return fitting[0] if len(fitting) == 1 == len(namesakes) else None

    def _keep(self, ref: str, identity: Identity) -> None:
        if identity.upn:
            self._by_upn[identity.upn] = min(ref, self._by_upn.get(identity.upn, ref))
        if identity.name:
            self._by_name[identity.name].add(ref)

    def _learn(self, url: str, authority: str, kind: str) -> None:
        after = ""
        while True:
            query: dict[str, str | int] = {"authority": authority, "kind": kind, "limit": PAGE, "after": after}
            page = ask("placements", url, "/register", query)
            for fact in page["facts"]:
                self._meet(str(fact["data"].get("child_ref", "")))
            if page["next"] is None:
                return
            after = page["next"]

    def _meet(self, ref: str) -> None:
        found = identity_in(ref)
        if found is not None and found[0] == self._key.mark:
            self._keep(ref, found[1])
        elif ref.startswith(PREFIX):
            message = "The register's children were named with another key: with this one every child would be new."
            raise CommandFailed(message, WRONG_USE)


def _upn_in(ref: str) -> str | None:
    found = identity_in(ref)
    return found[1].upn if found else None
