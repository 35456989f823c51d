"""Scales a row's drafted prices until the year ends on the table's figure to the penny, skew and all."""

from collections import defaultdict
from collections.abc import Mapping

from hnb_local.simulator.leicester import ROWS
from hnb_local.simulator.pen import Event, Pen
from hnb_local.simulator.prices import charge

_EXACT = {"element-3", "empty-places"}  # a number of equal sums: exact as drafted
_WHOLE_POUND = 100
_IDS = ("placement_id", "grant_id", "contract_id")


def calibrate(pen: Pen, anchors: Mapping[str, list[Event]]) -> None:
    """Makes every row exact. `anchors` are, by row, commitments whose price is what the year costs."""
    drafted = _totals(pen)
    factors = {
        name: row.total_pounds * 100 / drafted[name]
        for name, row in ROWS.items()
        if row.total_pounds and name not in _EXACT
    }
    for event in pen.events:
        factor = factors.get(pen.rows.get(_commitment(event), ""))
        cost = event["data"].get("cost")
        if factor is not None and cost is not None:
            rounded = max(round(cost["amount_pence"] * factor / _WHOLE_POUND), 1) * _WHOLE_POUND
            event["data"] = event["data"] | {"cost": cost | {"amount_pence": rounded}}
    scaled = _totals(pen)
    for name in factors:
        _absorb(anchors[name], ROWS[name].total_pounds * 100 - scaled[name])


def _totals(pen: Pen) -> dict[str, int]:
    totals: dict[str, int] = defaultdict(int)
    for id, charged in charge(pen.events).items():
        totals[pen.rows[id]] += charged.pence
    return totals


def _absorb(anchors: list[Event], pence: int) -> None:
    """Spreads what rounding left over the anchors in whole pounds; the odd pence go to one of them."""
    pounds, odd = divmod(pence, _WHOLE_POUND)
    for number, anchor in enumerate(anchors):
        share = pounds // len(anchors) + (number < pounds % len(anchors))
        cost = anchor["data"]["cost"]
        amount = cost["amount_pence"] + share * _WHOLE_POUND + (odd if number == 0 else 0)
        if amount <= 0:
            raise ValueError(f"{anchor['data']} cannot absorb {pence} pence")
        anchor["data"] = anchor["data"] | {"cost": cost | {"amount_pence": amount}}


def _commitment(event: Event) -> str:
    return next((event["data"][name] for name in _IDS if name in event["data"]), "")
