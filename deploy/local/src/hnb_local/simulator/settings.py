"""The settings children go to: those the review visited, by name and size, and invented ones around them."""

from dataclasses import dataclass
from datetime import UTC, datetime
from random import Random

from hnb_local.simulator.pen import Pen

REGISTERED_AT = datetime(2025, 3, 3, 9, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Setting:
    """A setting, the provision it offers, and its places where they are counted."""

    id: str
    provision: str
    capacity: int | None
    in_area: bool


# Of the review: the sizes are its own; which children go there is invented.
RAINBOW_ROOM, SPINNEY_HILLS, TUDOR_GRANGE, CROWN_HILLS = "SET-RAINBOW", "SET-SPINNEY", "SET-TGSA", "SET-CROWN"
_VISITED = [
    (RAINBOW_ROOM, "Stokes Wood Primary School, Rainbow Room", "mainstream", "primary", 11),
    (SPINNEY_HILLS, "Spinney Hills Designated Special Provision", "resourced-provision", "primary", 10),
    ("SET-BABINGTON", "Babington Academy Designated Special Provision", "resourced-provision", "secondary", 10),
    (TUDOR_GRANGE, "Tudor Grange Samworth Academy", "mainstream", "all-through", None),
    (CROWN_HILLS, "Crown Hills Community College", "mainstream", "secondary", None),
]
# Who goes to these the review says, so nobody else is sent there.
_RESERVED = {RAINBOW_ROOM, SPINNEY_HILLS, TUDOR_GRANGE, CROWN_HILLS}
# Provision, how many, what they are called, their phase, places in each, of how many in ten lie in the city.
_INVENTED = [
    ("mainstream", 62, "Primary School", "primary", None, 10),
    ("mainstream", 20, "Academy", "secondary", None, 10),
    ("resourced-provision", 20, "Designated Special Provision", "primary", 22, 10),
    ("special", 9, "Special School", "all-through", 135, 10),
    ("independent", 24, "Independent School", "all-through", None, 2),
    ("alternative", 8, "Alternative Provision", "secondary", 45, 8),
    ("post-16", 7, "College", "post-16", None, 6),
    ("otherwise", 4, "Tuition Service", "all-through", None, 5),
    ("early-years", 26, "Nursery", "early-years", None, 10),
    ("hospital", 2, "Hospital School", "all-through", 60, 10),
]
_PLACES = [
    "Abbey", "Aylestone", "Beck", "Belgrave", "Braunstone", "Castle", "Clarendon", "Evington", "Fosse", "Frog Island",
    "Glenfield", "Highfields", "Humberstone", "Knighton", "Meadow", "Mowmacre", "Newfoundpool", "Northfields", "Rushey",
    "Saffron", "Soar", "Spinney", "Stoneygate", "Thurnby", "Westcotes", "Wharf", "Willow",
]  # fmt: skip


def register_settings(pen: Pen, random: Random) -> list[Setting]:
    """Says every setting and returns them all, the visited ones first."""
    settings = [_register(pen, *visited, in_area=True) for visited in _VISITED]
    for provision, count, kind, phase, capacity, tenths in _INVENTED:
        for number in range(count):
            place = _PLACES[number % len(_PLACES)]
            name = f"{place} {kind}" + (f" {number // len(_PLACES) + 1}" if number >= len(_PLACES) else "")
            size = None if capacity is None else capacity + random.randrange(capacity // 5)
            id = pen.reference("SET")
            settings.append(_register(pen, id, name, provision, phase, size, in_area=number % 10 < tenths))
    return settings


def _register(
    pen: Pen, id: str, name: str, provision: str, phase: str, capacity: int | None, *, in_area: bool
) -> Setting:
    data = {
        "setting_id": id, "name": name, "provision": provision, "phase": phase, "in_area": in_area,
        "capacity": capacity,
    }  # fmt: skip
    pen.say("setting-registered", REGISTERED_AT, data)
    return Setting(id, provision, capacity, in_area)


class Places:
    """Hands out settings by provision: never more children than places where places are counted."""

    def __init__(self, settings: list[Setting]) -> None:
        self._open = {
            provision: [s for s in settings if s.provision == provision and s.id not in _RESERVED]
            for provision in {s.provision for s in settings}
        }
        self._given: dict[str, int] = {}

    def give(self, random: Random, provision: str) -> str:
        """A setting with a place left; once all are full, any."""
        offered = self._open[provision]
        free = [s for s in offered if s.capacity is None or self._given.get(s.id, 0) < s.capacity]
        chosen = random.choice(free or offered)
        self._given[chosen.id] = self._given.get(chosen.id, 0) + 1
        return chosen.id
