"""What a case system would have said of a made-up population: just what its returns tell, but not by way of one."""

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from hnb_local.sen2.census import reference_date, school_year
from hnb_local.sen2.lives import Life, Stay
from hnb_local.sen2.prices import Price
from hnb_local.sen2.returned import has_active_plan, is_in_return, is_told
from hnb_local.sen2.whereabouts import NO_PLACEMENT, UNITS, MadeUpSetting

SOURCE = "/made-up/case-system"
REGISTERED_ON = date(2014, 9, 1)
_RECEPTION_AGE = 5  # in the school year somebody turns five they are in reception, year group 0

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Truth:
    """Tells lives as events, as known from the returns of `years`; `prices` where placements are to have them."""

    authority: str
    years: tuple[int, ...]
    prices: dict[tuple[str | None, str, int], Price] = field(default_factory=dict)

    def settings(self, settings: dict[str, list[MadeUpSetting]]) -> Iterator[Event]:
        """Each setting once. Where there is no URN its UKPRN, or its SENSetting code, stands in the place of one."""
        for row, made in settings.items():
            for setting in made if row != UNITS else ():
                data = {
                    "setting_id": setting.id, "name": setting.name, "provision": setting.provision,
                    "in_area": setting.in_area, "capacity": setting.capacity,
                    "urn": setting.urn or setting.ukprn or setting.code,
                }  # fmt: skip
                yield self._event("setting-registered", setting.id, REGISTERED_ON, data)

    def events(self, lives: Iterable[Life]) -> Iterator[Event]:
        """All that is known of each life, one after the other."""
        for life in lives:
            seen = [year for year in self.years if is_in_return(life, year)]
            if seen:
                known_on = reference_date(seen[-1])
                yield from self._request(life, known_on, seen)
                if life.issued and life.issued <= known_on:
                    yield from self._plan(life, known_on, seen)
                for number, stay in enumerate(life.stays):
                    if any(has_active_plan(life, year) and is_told(stay, year) for year in seen):
                        yield from self._placement(life, number, stay, known_on)

    def _request(self, life: Life, known_on: date, seen: list[int]) -> Iterator[Event]:
        if life.received is None:
            return
        id = f"REQ-{life.number}"
        data = {"request_id": id, "child_ref": _child_ref(life), "received_on": life.received.isoformat()}
        yield self._event("assessment-requested", id, life.received, data)
        # A return gives a decision's day only in the year it was taken in.
        dated = life.decided and any(life.decided.year >= year - 1 for year in seen)
        if life.decided and dated and life.decided <= known_on and life.outcome in ("Y", "N"):
            outcome = "assess" if life.outcome == "Y" else "refuse"
            data = {"request_id": id, "decided_on": life.decided.isoformat(), "outcome": outcome}
            yield self._event("assessment-decided", id, life.decided, data)

    def _plan(self, life: Life, known_on: date, seen: list[int]) -> Iterator[Event]:
        if life.issued is None:
            return
        id = _plan_id(life)
        need = life.needs[0] if life.needs and any(has_active_plan(life, year) for year in seen) else None
        data = {
            "plan_id": id, "child_ref": _child_ref(life), "issued_on": life.issued.isoformat(),
            "request_id": f"REQ-{life.number}" if life.received else None, "primary_need": need,
            "year_group": max(school_year(life.issued) - school_year(life.birth_date) - _RECEPTION_AGE, -4),
            "residential": life.residential,
        }  # fmt: skip
        yield self._event("ehcp-issued", id, life.issued, data)
        if life.ceased and life.ceased <= known_on:
            data = {"plan_id": id, "ceased_on": life.ceased.isoformat(), "reason": life.cease_reason}
            yield self._event("ehcp-ceased", id, life.ceased, data)

    def _placement(self, life: Life, number: int, stay: Stay, known_on: date) -> Iterator[Event]:
        if stay.row == NO_PLACEMENT or stay.setting is None:
            return
        id = f"PL-{life.number}-{number}"
        last = stay.last if stay.last and stay.last <= known_on else None
        data = {
            "placement_id": id, "plan_id": _plan_id(life), "child_ref": _child_ref(life),
            "setting_id": stay.setting.id, "provision": stay.row, "start_date": stay.first.isoformat(),
            "end_date": None, "cost": self._cost(stay, school_year(stay.first)),
        }  # fmt: skip
        yield self._event("placement-made", id, stay.first, data)
        yield from self._reprice(id, stay, last)
        if last:
            yield self._event("placement-ended", id, last, {"placement_id": id, "end_date": last.isoformat()})

    def _reprice(self, id: str, stay: Stay, last: date | None) -> Iterator[Event]:
        """The price of every later school year from its 1 September, as long as the placement lasts."""
        for year in sorted({year for _, _, year in self.prices}):
            september = date(year, 9, 1)
            if september > stay.first and (last is None or september <= last):
                data = {
                    "placement_id": id, "effective_on": september.isoformat(), "cost": self._cost(stay, year),
                    "reason": "correction",
                }  # fmt: skip
                yield self._event("placement-repriced", f"{id}-{year}", september, data)

    def _cost(self, stay: Stay, academic_year: int) -> dict[str, Any] | None:
        own = stay.setting.id if stay.setting else None
        price = self.prices.get((own, stay.row, academic_year)) or self.prices.get((None, stay.row, academic_year))
        return price.cost if price else None

    def _event(self, kind: str, about: str, day: date, data: dict[str, Any]) -> Event:
        """An event of that day. What is None stays unsaid, but for an end date and a cost."""
        return {
            "specversion": "1.0", "id": f"{kind}-{about}", "source": f"{SOURCE}/{self.authority}",
            "type": f"hnb.{kind}.v1", "time": f"{day.isoformat()}T12:00:00Z", "authority": self.authority,
            "data": {name: value for name, value in data.items() if value is not None or name in ("end_date", "cost")},
        }  # fmt: skip


def _child_ref(life: Life) -> str:
    return hashlib.sha256(f"made up {life.number}".encode()).hexdigest()[:32]


def _plan_id(life: Life) -> str:
    return f"EHCP-{life.number}"
