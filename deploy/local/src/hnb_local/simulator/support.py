"""Money that follows no plan: grants, services, commissioned places, the budgets, the grant and the reserve."""

from datetime import UTC, date, datetime
from random import Random

from hnb_local.simulator.costs import yearly
from hnb_local.simulator.leicester import (
    BUDGETS_POUNDS,
    ELEMENT_3_CHILDREN,
    EMPTY_PLACES,
    FIRST_DAY,
    GRANT_POUNDS,
    LAST_DAY,
    RESERVE_OPENING_POUNDS,
    ROWS,
    SEPTEMBER,
    YEAR,
)
from hnb_local.simulator.pen import FINANCE, Cost, Event, Pen, day_between, moment
from hnb_local.simulator.settings import Setting

_BUDGETED_AT = datetime(2025, 3, 10, 10, tzinfo=UTC)
_REVISED_AT = datetime(2025, 10, 14, 10, tzinfo=UTC)  # the schools forum's October meeting
_REVISION_POUNDS = 600_000  # what it moves from contingency to independent placements

# What a service costs of its row's total, in pounds; the first of each row takes what calibration leaves over.
_SERVICES = {
    "sen-support": [2_150_000, 1_700_000, 1_450_000, 900_000, 450_000, 400_000, 350_000],
    "inclusion": [900_000, 600_000, 450_000, 350_000],
    "hospital": [1_150_000, 550_000],
    "therapies": [520_000, 380_000],
    "alternative-no-plan": [2_700_000],
    "contingency": [400_000],
}
_ONE_OFFS = {"inclusion-fund": (90, 6_000), "contingency": (22, 27_000)}  # how many, and about how many pounds each
_DFE_CONTRACTS = 6


class Funding:
    """Says what is funded other than by plan. `anchors` are, by row, the events calibration adjusts."""

    def __init__(self, pen: Pen, random: Random, settings: list[Setting]) -> None:
        self.anchors: dict[str, list[Event]] = {}
        self._pen = pen
        self._random = random
        self._settings = settings

    def open_books(self) -> None:
        """The grant, the reserve and each line's budget; one budget is moved to another line in October."""
        self._budget("grant", GRANT_POUNDS, _BUDGETED_AT)
        reserve = {"financial_year": YEAR, "balance_pence": RESERVE_OPENING_POUNDS * 100}
        self._pen.say("reserve-opened", _BUDGETED_AT, reserve, source=FINANCE)
        moved = {"contingency": _REVISION_POUNDS, "independent": -_REVISION_POUNDS}
        for line, amount in BUDGETS_POUNDS.items():
            self._budget(line, amount + moved.get(line, 0), _BUDGETED_AT)
        for line in moved:
            self._budget(line, BUDGETS_POUNDS[line], _REVISED_AT)

    def grant(self) -> None:
        """Element 3 for children without a plan, services by the year, and one-off sums as the year goes."""
        self._grant_element_3()
        for row, amounts in _SERVICES.items():
            for amount in amounts:
                said = self._grant(row, yearly(amount * 100), FIRST_DAY)
                self.anchors.setdefault(row, []).append(said)
        for row, (count, amount) in _ONE_OFFS.items():
            for number in range(count):
                pence = round(amount * 100 * self._random.lognormvariate(0, 0.4))
                cost = {"amount_pence": pence, "per": "once"}
                # The first few are for the whole year, so that the row can be made exact.
                start = FIRST_DAY if number < 10 else day_between(self._random, date(2025, 4, 22), date(2026, 3, 6))
                said = self._grant(row, cost, start, setting=self._some("mainstream"))
                if number < 10 and row not in _SERVICES:
                    self.anchors.setdefault(row, []).append(said)

    def commission(self) -> None:
        """Places nobody fills, which the authority pays for, and places the DfE pays for, which count nothing."""
        units = self._offering("resourced-provision")
        left = EMPTY_PLACES
        for setting in units:
            places = min(left, -(-EMPTY_PLACES // len(units)))
            left -= places
            if places:
                self._commission("resourced-provision", setting, places, "authority")
        for setting in self._offering("special")[:_DFE_CONTRACTS]:
            self._commission("special", setting, setting.capacity or 0, "dfe")

    def _grant_element_3(self) -> None:
        schools = self._offering("mainstream")
        left, unit = ELEMENT_3_CHILDREN, ROWS["element-3"].unit_pounds * 100
        while left:
            children = min(left, self._random.randrange(3, 18))
            left -= children
            # Some are agreed for a whole year, some in a round of September; each child is the same sum.
            if self._random.random() < 0.65:
                cost, start = yearly(children * unit), FIRST_DAY
            else:
                cost, start = {"amount_pence": children * unit, "per": "once"}, SEPTEMBER
            setting = self._random.choice(schools)
            self._grant("element-3", cost, start, setting=setting, children=children)

    def _grant(
        self, row: str, cost: Cost, start: date, *, setting: Setting | None = None, children: int | None = None
    ) -> Event:
        id = self._pen.reference("GR")
        self._pen.rows[id] = row
        early = date(2025, 3, 10) if start == FIRST_DAY else start
        data = {
            "grant_id": id, "provision": ROWS[row].line, "setting_id": setting.id if setting else None,
            "children": children, "start_date": start.isoformat(), "end_date": LAST_DAY.isoformat(), "cost": cost,
        }  # fmt: skip
        return self._pen.say("support-granted", moment(self._random, early), data)

    def _commission(self, row: str, setting: Setting, places: int, paid_by: str) -> None:
        id = self._pen.reference("CP")
        self._pen.rows[id] = "empty-places" if paid_by == "authority" else "dfe"
        data = {
            "contract_id": id, "setting_id": setting.id, "provision": row, "places": places,
            "start_date": FIRST_DAY.isoformat(), "end_date": LAST_DAY.isoformat(),
            "cost": yearly(ROWS["empty-places"].unit_pounds * 100), "paid_by": paid_by,
        }  # fmt: skip
        self._pen.say("places-commissioned", moment(self._random, date(2025, 3, 12)), data)

    def _budget(self, line: str, amount: int, at: datetime) -> None:
        data = {"financial_year": YEAR, "line": line, "amount_pence": amount * 100}
        self._pen.say("budget-set", at, data, source=FINANCE)

    def _offering(self, provision: str) -> list[Setting]:
        return [setting for setting in self._settings if setting.provision == provision]

    def _some(self, provision: str) -> Setting:
        return self._random.choice(self._offering(provision))
