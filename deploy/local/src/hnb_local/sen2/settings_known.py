"""Where a return places a child, as the register names it: a setting it knows, or one of the codes without a place."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from hnb.provisions import Provision
from hnb_local.sen2.records import Setting

# SENSetting, where there is no establishment. The authority arranges and pays for these two:
ARRANGED = {"OLA": Provision.OTHERWISE, "EYP": Provision.EARLY_YEARS}
# and for these it commits nothing: home educated, by the parents' own arrangement, not in education, or said in words.
PLACELESS = frozenset({"EHE", "OPA", "OTH", "NEET", "NIEC", "NIEO"})
# A unit or resourced provision is part of a mainstream school; what else is flagged so keeps its own line.
_HAVING_UNITS = {Provision.MAINSTREAM, Provision.RESOURCED_PROVISION}


@dataclass(frozen=True, slots=True)
class Place:
    """A setting of the register, the line its place is on, and the number or code by which returns name it."""

    setting_id: str
    provision: str
    number: str


@dataclass(frozen=True, slots=True)
class Unplaced:
    """Why no place follows from what a return says: a code without one, or a field that is wrong."""

    code: str | None = None
    field: str | None = None
    message: str | None = None


class KnownSettings:
    """The register's settings by what stands in their `urn`: a URN; without one a UKPRN or a SENSetting code."""

    def __init__(self, settings: Iterable[dict[str, Any]]) -> None:
        self._by_number: dict[str, list[tuple[str, str]]] = defaultdict(list)
        for data in settings:
            if data.get("urn"):
                self._by_number[str(data["urn"])].append((data["setting_id"], data["provision"]))
        for known in self._by_number.values():
            known.sort()
        self.unknown: Counter[str] = Counter()  # numbers asked for that no setting has, and how often

    def place(self, setting: Setting) -> Place | Unplaced:
        """Where a child is. Of settings that share a URN it is the unit where the return says so, else the school."""
        numbers = [number for number in (setting.urn, setting.ukprn) if number]
        if not numbers:
            return self._without_number(setting)
        number = next((one for one in numbers if one in self._by_number), None)
        if number is None:
            self.unknown[numbers[0]] += 1
            named = "urn" if setting.urn else "ukprn"
            message = f"is {numbers[0]}, and no setting is registered with it: register it and import again"
            return Unplaced(field=named, message=message)
        in_unit = setting.sen_unit or setting.resourced_provision
        unit = Provision.RESOURCED_PROVISION
        known = self._by_number[number]
        setting_id, provision = next((one for one in known if (one[1] == unit) == in_unit), known[0])
        if in_unit and provision in _HAVING_UNITS:
            provision = unit
        return Place(setting_id, str(provision), number)

    def _without_number(self, setting: Setting) -> Place | Unplaced:
        code = (setting.code or "").upper()
        if code in ARRANGED:
            setting_id, provision = next(iter(self._by_number.get(code, ())), (f"SEN2-{code}", str(ARRANGED[code])))
            return Place(setting_id, provision, code)
        if code in PLACELESS:
            return Unplaced(code=code)
        return Unplaced(field="sensetting", message="is missing, and so are urn and ukprn: where is the child?")
