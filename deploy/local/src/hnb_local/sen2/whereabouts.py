"""Where a made-up population goes: Leicester's mix of provision in any size, and settings that there are none of."""

from dataclasses import dataclass

from hnb_local.simulator.leicester import NO_PLACEMENT, ROWS

# Plans by where the child is: Leicester's of January 2026.
MIX = {name: row.plans for name, row in ROWS.items() if row.plans}
PLANS = sum(MIX.values())
UNITS = "resourced-provision"
NOWHERE_CODES = {"EHE": 40, "NEET": 25, "NIEC": 8, "NIEO": 8}  # of those in no setting that anybody pays for; invented

# For Leicester's 4,175: how many settings, what they are called, of ten how many are in the area, and the places in
# each where they are counted. Codes stand for those that have no number.
_KINDS = {
    "mainstream": (82, "Primary School", 10, None),
    "special": (9, "Special School", 10, 135),
    "independent": (24, "Independent School", 2, None),
    "alternative": (8, "Alternative Provision", 8, 45),
    "post-16": (7, "College", 6, None),
    "early-years": (26, "Nursery", 10, None),
}
_UNITS_ONE_IN = 4  # mainstream schools has a resourced provision
_CODED = {"otherwise": "OLA", "early-years": "EYP"}
_FIRST_URN, _FIRST_UKPRN = 900_001, 19_000_001  # above those that are given out
_URNS = 10**6 - _FIRST_URN


@dataclass(frozen=True, slots=True)
class MadeUpSetting:
    """A setting of the population: an establishment by URN or, a college, by UKPRN; or a SENSetting code.

    `provision` is what the setting itself is: a mainstream school with a resourced provision is mainstream.
    """

    id: str
    name: str
    provision: str
    in_area: bool
    capacity: int | None
    urn: str | None = None
    ukprn: str | None = None
    code: str | None = None


def made_up_settings(people: int) -> dict[str, list[MadeUpSetting]]:
    """Where children go, by row of the table; nobody in `no-placement` goes anywhere."""
    made: dict[str, list[MadeUpSetting]] = {}
    number = 0
    for provision, (count, kind, tenths, places) in _KINDS.items():
        made[provision] = []
        for index in range(max(round(count * people / PLANS), 2)):
            college = provision == "post-16"
            urn = None if college else str(_FIRST_URN + number % _URNS)
            ukprn = str(_FIRST_UKPRN + number) if college else None
            id, name = f"SET-{urn or ukprn}", f"Made-up {kind} {index + 1}"
            made[provision].append(MadeUpSetting(id, name, provision, index % 10 < tenths, places, urn, ukprn))
            number += 1
    for provision, code in _CODED.items():
        setting = MadeUpSetting(f"SET-{code}", f"Made-up {provision}", provision, True, None, code=code)
        made.setdefault(provision, []).append(setting)
    made[UNITS] = made["mainstream"][::_UNITS_ONE_IN]
    return made


def row_of(place: int, people: int) -> str:
    """The row of Leicester's table of a place among so many people: for each size, in the table's proportions."""
    at = place * PLANS // people
    for name, plans in MIX.items():
        at -= plans
        if at < 0:
            return name
    raise ValueError(f"{place} is no place among {people}")


__all__ = ["MIX", "NOWHERE_CODES", "NO_PLACEMENT", "PLANS", "UNITS", "MadeUpSetting", "made_up_settings", "row_of"]
