"""What stands in the register, asked of placements page by page."""

from collections.abc import Iterator, Sequence
from itertools import groupby
from typing import Any

from hnb_local.asking import ask
from hnb_local.sen2.pseudonym import PREFIX, identity_in
from hnb_local.sen2.staging import Staging

PAGE = 5_000
KINDS = ("request", "plan", "placement")


class Register:
    """The register of one authority."""

    def __init__(self, url: str, authority: str) -> None:
        self._url, self._authority = url, authority
        self.others = 0  # plans and placements that another source has said
        self.foreign_key = False  # whether some were imported with another key

    def settings(self) -> list[dict[str, Any]]:
        """Every setting, as last registered."""
        return [fact["data"] for fact in self._facts("setting")]

    def stage(self, staging: Staging, mark: str) -> None:
        """Sets aside what imports under the key of this mark have said, and counts the rest."""
        for kind in KINDS:
            for _, facts in groupby(self._facts(kind), key=lambda fact: fact["about"]):
                self._stage_record(staging, kind, mark, list(facts))

    def _stage_record(self, staging: Staging, kind: str, mark: str, facts: list[dict[str, Any]]) -> None:
        ref = next((str(fact["data"]["child_ref"]) for fact in facts if "child_ref" in fact["data"]), None)
        found = identity_in(ref) if ref else None
        of_a_return = facts[0]["about"].startswith(f"{kind}/{PREFIX}")
        if ref is not None and found is not None and found[0] == mark:
            staging.add_child(ref, found[1])  # from an extract too: one key is one pseudonym for each child
            if of_a_return:
                staging.add_standing(ref, facts)
        elif of_a_return and found is not None:
            self.foreign_key = True
        if ref is not None and not of_a_return and kind != "request":
            self.others += 1

    def _facts(self, kind: str) -> Iterator[dict[str, Any]]:
        after = ""
        while True:
            query: dict[str, str | int | Sequence[str] | None] = {
                "authority": self._authority,
                "kind": kind,
                "limit": PAGE,
                "after": after,
            }
            page = ask("placements", self._url, "/register", query)
            yield from page["facts"]
            if page["next"] is None:
                return
            after = page["next"]
