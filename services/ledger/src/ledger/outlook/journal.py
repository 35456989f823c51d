"""What an outlook is made of, from the ledger's own journal: events folded, and the pence posted for them."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from hnb.calendar import ONE_DAY, year_label
from hnb.events import Event, SettingRegistered, TribunalConcluded, TribunalLodged
from hnb.prices import annual
from ledger.domain.commitments import order
from ledger.domain.schedules import Context
from ledger.forecast.faults import BadInput
from ledger.outlook.children import Register, Seen, moves_of, register_of
from ledger.outlook.inputs import Appeals, Capacity, Funding, Inputs
from ledger.outlook.lines import Gathering, Posted, price_on
from ledger.outlook.timeline import anniversary

LIVED = ("hnb.ehcp-issued.v1", "hnb.ehcp-ceased.v1", "hnb.placement-made.v1", "hnb.placement-ended.v1")
UPHELD = ("upheld", "part-upheld", "conceded", "mediated")


@dataclass(frozen=True)
class Journal:
    """One authority's, as known at a moment: events that nothing has taken back, and what stands posted.

    `posted` is committed and spent together, by commitment, line and financial year; `funding` is by financial year.
    """

    authority: str
    known_at: datetime
    today: date
    events: Sequence[Event]
    posted: Mapping[Posted, int]
    funding: Mapping[int, Funding]
    context: Context


def inputs_of(journal: Journal) -> Inputs:
    """The inputs of an outlook. BadInput where there is no whole year of history yet."""
    day = reference_day(journal)
    register = register_of(journal.events)
    seen = moves_of(register, day)
    if seen is None:
        raise BadInput([_too_young(register, day)])
    away = {id for id, setting in _settings(journal.events).items() if not setting.in_area}
    gathering = Gathering(seen.first_day, day, journal.context, away)
    return Inputs(
        authority=journal.authority,
        known_at=journal.known_at,
        reference_day=day,
        moves=seen.moves,
        lines=gathering.gather(register, journal.posted),
        funding={year: one for year, one in sorted(journal.funding.items()) if year >= gathering.first_year},
        capacities=_capacities(journal.events, register, day),
        appeals=_appeals(journal.events, register, journal.context, day),
        notes=tuple(_notes(seen, gathering, journal.today)),
    )


def reference_day(journal: Journal) -> date:
    """The day after the last that was lived: today, or the last on which anything was said to happen, if earlier."""
    last = max((event.time.date() for event in journal.events if event.type in LIVED), default=journal.today)
    return min(last, journal.today) + ONE_DAY


def _settings(events: Iterable[Event]) -> dict[str, SettingRegistered]:
    """Each as last said."""
    return {
        event.data.setting_id: event.data
        for event in sorted(events, key=order)
        if isinstance(event.data, SettingRegistered)
    }


def _capacities(events: Sequence[Event], register: Register, day: date) -> tuple[Capacity, ...]:
    filled: Counter[str] = Counter()
    for placements in register.placements.values():
        filled.update(one.agreed.setting_id or "" for one in placements if one.on(day))
    groups: dict[tuple[str, str, bool], list[tuple[int, int]]] = defaultdict(list)
    for id, setting in _settings(events).items():
        if setting.capacity is not None:
            key = str(setting.provision), setting.phase or "", setting.in_area
            groups[key].append((setting.capacity, filled[id]))
    return tuple(
        Capacity.model_validate({
            "provision": provision, "phase": phase or None, "in_area": in_area, "settings": len(known),
            "places": sum(places for places, _ in known), "filled": sum(taken for _, taken in known),
        })
        for (provision, phase, in_area), known in sorted(groups.items())
    )  # fmt: skip


def _appeals(events: Iterable[Event], register: Register, context: Context, day: date) -> Appeals:
    """Of the year before the reference day; and what those still open seek beyond what is paid."""
    lodged: dict[str, TribunalLodged] = {}
    concluded: dict[str, TribunalConcluded] = {}
    for event in sorted(events, key=order):
        match event.data:
            case TribunalLodged():
                lodged[event.data.appeal_id] = event.data
            case TribunalConcluded():
                concluded[event.data.appeal_id] = event.data
    first = anniversary(day, -1)
    ended = [one for one in concluded.values() if first <= one.concluded_on < day]
    sought = []
    for id, one in sorted(lodged.items()):
        pence = annual(one.sought.cost) if one.sought and id not in concluded else None
        if pence is not None:
            placements = [p for p in register.placements.get(one.child_ref, ()) if p.on(day)]
            paid = sum(price_on(p, day, context) or 0 for p in placements)
            sought += [pence - paid] if pence > paid else []
    return Appeals(
        lodged=sum(first <= one.lodged_on < day for one in lodged.values()),
        concluded=len(ended),
        upheld=sum(one.outcome in UPHELD for one in ended),
        sought_pence=tuple(sorted(sought)),
    )


def _too_young(register: Register, day: date) -> str:
    first = min((one.agreed.start for found in register.placements.values() for one in found), default=None)
    if not register.plans or first is None:
        return "No plan with a placement is known yet: a forecast needs a year of them."
    return (
        f"No whole year of history is known before {day}: placements are recorded from {first} on, and leavers with "
        f"them have to be too. A forecast can be made from {max(anniversary(first, 1), day)} on."
    )


def _notes(seen: Seen, gathering: Gathering, today: date) -> list[str]:
    day = gathering.reference_day
    years = "1 year" if seen.years == 1 else f"{seen.years} years"
    found = [f"Rates are of the {years} from {seen.first_day} to {day - ONE_DAY}."]
    if day <= today:
        found.append(
            f"Nothing was said to happen after {day - ONE_DAY}: the outlook starts there, and "
            f"{year_label(gathering.first_year)} is its first year."
        )
    if seen.unplaced:
        found.append(f"{seen.unplaced:,} children with a plan have no known academic year: others stand for them.")
    if seen.needless:
        found.append(f"{seen.needless:,} children's need is not known: it counts as a need of its own.")
    if number := gathering.left_out["without a price"]:
        found.append(f"{number:,} placements without a price stand at their line's mean.")
    if number := gathering.left_out["paid once"]:
        found.append(f"{number:,} placements are paid once: no price a year is read off them.")
    return found
