"""Made-up prices for a made-up population: a tariff by provision and, where settings differ, by setting."""

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from hnb_local.sen2.whereabouts import NO_PLACEMENT, PLANS, MadeUpSetting
from hnb_local.simulator.leicester import ROWS

COLUMNS = ("setting_id", "provision", "band", "academic_year", "amount", "per")
BASE_YEAR = 2025  # the school year Leicester's unit costs are for
_UPLIFT = Decimal("1.03")  # a year
_OWN_PRICES = ("special", "independent")  # what each setting charges differs too much for one price
# How providers of each kind charge, and how many of it make a year.
_PERIODS = {"independent": ("academic-year", 1), "alternative": ("week", 39), "otherwise": ("week", 39),
            "post-16": ("term", 3), "early-years": ("term", 3)}  # fmt: skip
_USUAL_PERIOD = ("year", 1)


@dataclass(frozen=True, slots=True)
class Price:
    """What one place costs in a school year: for any setting of a provision, or for one."""

    setting_id: str | None
    provision: str
    academic_year: int
    amount_pence: int
    per: str

    @property
    def cost(self) -> dict[str, Any]:
        """As an event says it."""
        return {"amount_pence": self.amount_pence, "per": self.per}

    @property
    def row(self) -> dict[str, str]:
        """As a row of a tariff file: any setting and any band are blank, the amount is in pounds."""
        pounds, pence = divmod(self.amount_pence, 100)
        values = (self.setting_id or "", self.provision, "", str(self.academic_year), f"{pounds}.{pence:02d}", self.per)
        return dict(zip(COLUMNS, values, strict=True))


def made_up_prices(settings: dict[str, list[MadeUpSetting]], academic_years: range) -> list[Price]:
    """Every price of those school years."""
    prices: list[Price] = []
    for provision, row in ROWS.items():
        if not row.plans or provision == NO_PLACEMENT:
            continue
        for year in academic_years:
            prices.append(_price(None, provision, year, Decimal(1)))
            if provision in _OWN_PRICES:
                for index, setting in enumerate(settings[provision][:PLANS]):
                    skew = Decimal(80 + index * 7 % 41) / 100
                    prices.append(_price(setting.id, provision, year, skew))
    return prices


def _price(setting_id: str | None, provision: str, year: int, skew: Decimal) -> Price:
    per, times = _PERIODS.get(provision, _USUAL_PERIOD)
    annual = Decimal(ROWS[provision].unit_pounds) * 100 * skew * _UPLIFT ** (year - BASE_YEAR)
    pence = int((annual / times).quantize(Decimal(1), ROUND_HALF_UP))
    return Price(setting_id, provision, year, pence, per)
